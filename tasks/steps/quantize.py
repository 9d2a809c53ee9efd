"""The step that fine-tunes models for conversion."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from litesmith.files import write_json
from litesmith.params.sections.quantize import QuantizeParams
from tasks import catalog
from tasks.dag.step import MaybeEmpty, Metric, step

if TYPE_CHECKING:
    from litesmith.compression.quantization import Tuning
    from litesmith.training.types import KerasModel


@dataclass(frozen=True)
class Ins:
    """The models to fine-tune, and what they learn from."""

    train: Path = catalog.TRAIN
    validation: Path = catalog.VALIDATION
    tuned: Path = catalog.TUNED_MODEL
    pruned: Path = catalog.PRUNED_MODEL
    lesson: Path = catalog.LESSON


@dataclass(frozen=True)
class Outs:
    """The fine-tuned models, maybe none, and what became of each."""

    models: Annotated[Path, MaybeEmpty()] = catalog.QUANTIZED
    metrics: Annotated[Path, Metric()] = catalog.metrics("quantize")
    results: Path = catalog.results("quantize")


@step
def quantize(params: QuantizeParams, ins: Ins, outs: Outs, *, seed: int, work: Path) -> None:
    """Make each variant that is asked for.

    Raises:
        ParamsError: A variant needs quantization-aware training, and its parent runs a layer more than
            once.
        ContractError: Zeros were to be kept and were lost, or a kernel has more values than asked for.
    """
    from litesmith.training import backend
    from litesmith.training.evaluation import evaluate

    backend.set_threads(params.num_threads)
    outs.models.mkdir(parents=True)
    tuning, parents = _tuning(params, ins, seed, work), _parents(params, ins)
    scores = {
        name: evaluate(parent, tuning.job.validation).to_plain() for name, parent in parents.items()
    }
    variants = {name: _variant(name, params, parents, tuning, outs) for name in params.variants}
    for variant in variants.values():
        variant["parent_validation"] = scores[variant["parent"]]
    asked = {"clustering": params.clustering.model_dump(), "recipe": tuning.job.recipe.model_dump()}
    write_json(outs.results, {"variants": variants, **asked})
    write_json(
        outs.metrics, {"validation": {name: variant["validation"] for name, variant in variants.items()}}
    )


def _tuning(params: QuantizeParams, ins: Ins, seed: int, work: Path) -> "Tuning":
    from litesmith.compression.quantization import Tuning
    from litesmith.data.splits import read_split
    from litesmith.training.distillation import read_targets
    from litesmith.training.job import TrainingJob

    targets = read_targets(ins.lesson, params.lesson)
    splits = read_split(ins.train), read_split(ins.validation)
    return Tuning(TrainingJob(*splits, params.recipe, seed, targets, work), params.clustering)


def _parents(params: QuantizeParams, ins: Ins) -> "dict[str, KerasModel]":
    """Return each network that a variant begins with, by its name."""
    from litesmith.compression.variants.registry import variant
    from litesmith.training import backend

    names = {variant(name).parent for name in params.variants}
    return {name: backend.load_h5(getattr(ins, name)) for name in sorted(names)}


def _variant(
    name: str, params: QuantizeParams, parents: "dict[str, KerasModel]", tuning: "Tuning", outs: Outs
) -> dict[str, Any]:
    """Make one variant, write the model, and return what became of it."""
    from litesmith.compression.variants.registry import variant
    from litesmith.training import backend
    from litesmith.training.evaluation import evaluate

    made_by = variant(name)
    tuned = made_by.make(parents[made_by.parent], tuning)
    backend.save_h5(tuned.model, outs.models / f"{name}.h5")
    return {
        "label": made_by.label,
        "parent": made_by.parent,
        "passes": made_by.passes,
        "description": made_by.description(params),
        "validation": evaluate(tuned.model, tuning.job.validation).to_plain(),
        "distinct_values": tuned.distinct_values,
        "history": [asdict(row) for row in tuned.history],
    }
