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
    from litesmith.training.backend import KerasModel


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
    from litesmith.training import backend, loop

    backend.set_threads(params.num_threads)
    outs.models.mkdir(parents=True)
    tuning, parents = _tuning(params, ins, seed, work), _parents(params, ins)
    scores = {
        name: loop.evaluate(parent, tuning.validation).to_plain() for name, parent in parents.items()
    }
    variants = {name: _variant(name, params, parents, tuning, outs) for name in params.variants}
    for variant in variants.values():
        variant["parent_validation"] = scores[variant["parent"]]
    asked = {"clustering": params.clustering.model_dump(), "recipe": asdict(tuning.recipe)}
    write_json(outs.results, {"variants": variants, **asked})
    write_json(
        outs.metrics, {"validation": {name: variant["validation"] for name, variant in variants.items()}}
    )


def _tuning(params: QuantizeParams, ins: Ins, seed: int, work: Path) -> "Tuning":
    from litesmith.compression.quantization import Clustering, Tuning
    from litesmith.data.splits import read_split
    from litesmith.training.distillation import Share, read_lesson
    from litesmith.training.loop import Recipe, as_taught

    lesson = read_lesson(ins.lesson, params.lesson.into(Share))
    return Tuning(
        training=read_split(ins.train),
        validation=read_split(ins.validation),
        recipe=as_taught(params.recipe.into(Recipe), lesson),
        clustering=params.clustering.into(Clustering),
        lesson=lesson,
        seed=seed,
        work=work,
    )


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
    from litesmith.training.loop import evaluate

    made_by = variant(name)
    tuned = made_by.make(parents[made_by.parent], tuning)
    backend.save_h5(tuned.model, outs.models / f"{name}.h5")
    return {
        "label": made_by.label,
        "parent": made_by.parent,
        "passes": made_by.passes,
        "description": made_by.description(params),
        "validation": evaluate(tuned.model, tuning.validation).to_plain(),
        "distinct_values": tuned.distinct_values,
        "history": tuned.history,
    }
