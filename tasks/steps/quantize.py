"""The step that fine-tunes models for conversion."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from litesmith.files import write_json
from litesmith.params.sections.quantize import QuantizeParams
from litesmith.records.form import DataForm
from litesmith.records.quantize import QuantizeResult, TunedVariant
from litesmith.records.record import Score, read_record, write_record
from tasks import catalog
from tasks.dag.step import MaybeEmpty, Metric, step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from litesmith.compression.quantization import Tuning
    from litesmith.compression.variants.variant import Variant
    from litesmith.training.types import KerasModel

_LOG = logging.getLogger(__name__)

_NO_MIRRORS = "a mirror image may be of another class"


@dataclass(frozen=True)
class Ins:
    """The models to fine-tune, the images with their form, and the distillation targets."""

    train: Path = catalog.TRAIN
    validation: Path = catalog.VALIDATION
    form: Path = catalog.FORM
    tuned: Path = catalog.TUNED_MODEL
    pruned: Path = catalog.PRUNED_MODEL
    targets: Path = catalog.TARGETS


@dataclass(frozen=True)
class Outs:
    """The fine-tuned models, maybe none, and their scores."""

    models: Annotated[Path, MaybeEmpty()] = catalog.QUANTIZED
    metrics: Annotated[Path, Metric()] = catalog.metrics("quantize")
    results: Path = catalog.results("quantize")


@step
def quantize(params: QuantizeParams, ins: Ins, outs: Outs, *, seed: int, work: Path) -> None:
    """Fine-tune the models to each requested variant.

    Where a mirror image may be of another class, no image is flipped, and the variants that answer for
    mirror images are left out.

    Raises:
        ParamsError: A variant needs quantization-aware training, and its parent runs a layer more than
            once.
        ContractError: Zeros were to be kept and were lost, or a kernel has more values than allowed.
    """
    from litesmith.compression.variants.registry import mirroring, variant
    from litesmith.training import backend
    from litesmith.training.evaluation import evaluate

    backend.set_threads(params.num_threads)
    outs.models.mkdir(parents=True)
    tuning = _tuning(params, ins, seed, work)
    left_out = () if tuning.job.form.mirror_safe else mirroring(params.variants)
    if left_out:
        _LOG.info("left out %s: %s", " and ".join(left_out), _NO_MIRRORS)
    names = [name for name in params.variants if name not in left_out]
    parents = _parents(names, ins)
    scores = {name: evaluate(parent, tuning.job.validation) for name, parent in parents.items()}
    result = QuantizeResult(
        variants={
            name: _variant(variant(name), params, parents, scores, tuning, outs) for name in names
        },
        left_out=dict.fromkeys(left_out, _NO_MIRRORS),
        clustering=params.clustering,
        recipe=tuning.job.recipe,
    )
    write_record(outs.results, result)
    validation = {name: tuned.validation.figures for name, tuned in result.variants.items()}
    write_json(outs.metrics, {"validation": validation})


def _tuning(params: QuantizeParams, ins: Ins, seed: int, work: Path) -> "Tuning":
    from litesmith.compression.quantization import Tuning
    from litesmith.data.splits import read_split
    from litesmith.training.distillation import read_targets
    from litesmith.training.job import TrainingJob

    targets = read_targets(ins.targets, params.distillation)
    splits = read_split(ins.train), read_split(ins.validation)
    form = read_record(ins.form, DataForm)
    return Tuning(TrainingJob(*splits, form, params.recipe, seed, targets, work), params.clustering)


def _parents(variants: "Sequence[str]", ins: Ins) -> "dict[str, KerasModel]":
    """Return each network that a variant starts from, by its name."""
    from litesmith.compression.variants.registry import variant
    from litesmith.training import backend

    names = {variant(name).parent for name in variants}
    return {name: backend.load_h5(getattr(ins, name)) for name in sorted(names)}


def _variant(
    variant: "Variant", params: QuantizeParams, parents: "dict[str, KerasModel]",
    scores: dict[str, Score], tuning: "Tuning", outs: Outs,
) -> TunedVariant:  # fmt: skip
    """Fine-tune to one variant, write the model, and return its record."""
    from litesmith.training import backend
    from litesmith.training.evaluation import evaluate

    tuned = variant.make(parents[variant.parent], tuning)
    backend.save_h5(tuned.model, outs.models / f"{variant.name}.h5")
    return TunedVariant(
        label=variant.label,
        description=variant.description(params),
        parent=variant.parent,
        passes=variant.passes,
        validation=evaluate(tuned.model, tuning.job.validation),
        parent_validation=scores[variant.parent],
        distinct_values=tuned.distinct_values,
        history=tuple(tuned.history),
    )
