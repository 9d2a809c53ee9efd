"""The room that fine-tunes the models for what conversion does to them: eight-bit arithmetic, few distinct weights."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from litesmith.files import write_json
from litesmith.params.sections.quantize import QuantizeParams
from tasks import catalog
from tasks.dag.step import MaybeEmpty, Metric, step

if TYPE_CHECKING:
    from litesmith.compression.quantization import Tuning


@dataclass(frozen=True)
class Ins:
    """The winner and the pruned model, what they go on learning from, and what the teachers say."""

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
    """Fine-tune the models for conversion in each way that is asked for; none if none is.

    Raises:
        ParamsError: The winner cannot learn to round, since it runs a layer more than once.
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
    variants = {name: _variant(name, parents, scores, tuning, outs) for name in params.variants}
    asked = {"clustering": params.clustering.model_dump(), "recipe": tuning.job.recipe.model_dump()}
    write_json(outs.results, {"variants": variants, **asked})
    write_json(outs.metrics, {"validation": {name: one["validation"] for name, one in variants.items()}})


def _tuning(params: QuantizeParams, ins: Ins, seed: int, work: Path) -> "Tuning":
    from litesmith.compression.quantization import Tuning
    from litesmith.data.splits import read_split
    from litesmith.training.distillation import read_targets
    from litesmith.training.job import TrainingJob

    targets = read_targets(ins.lesson, params.lesson)
    splits = read_split(ins.train), read_split(ins.validation)
    return Tuning(TrainingJob(*splits, params.recipe, seed, targets, work), params.clustering)


def _parents(params: QuantizeParams, ins: Ins) -> dict[str, Any]:
    """Return each network that a way asked for begins with, by its name."""
    from litesmith.compression.quantization import KINDS
    from litesmith.training import backend

    names = {KINDS[name].parent for name in params.variants}
    return {name: backend.load_h5(getattr(ins, name)) for name in sorted(names)}


def _variant(
    name: str, parents: dict[str, Any], scores: dict[str, Any], tuning: "Tuning", outs: Outs
) -> dict[str, Any]:
    """Fine-tune in one way, keep the model, and return what became of it."""
    from litesmith.compression import quantization
    from litesmith.training import backend
    from litesmith.training.evaluation import evaluate

    kind = quantization.KINDS[name]
    model, history = quantization.fine_tune(name, parents[kind.parent], tuning)
    backend.save_h5(model, outs.models / f"{name}.h5")
    values = quantization.layer_values(model) if name == "clustered" else []
    return {
        **asdict(kind),
        "validation": evaluate(model, tuning.job.validation).to_plain(),
        "parent_validation": scores[kind.parent],
        "distinct_values": {one.name: one.num_values for one in values},
        "history": [asdict(row) for row in history],
    }
