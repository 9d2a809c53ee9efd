"""The room that fine-tunes the models for what conversion does to them: eight-bit arithmetic, few distinct weights."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from litesmith.files import write_json
from litesmith.params import QuantizeParams
from tasks import catalog
from tasks.dag.step import Kept, Metric, step

if TYPE_CHECKING:
    from litesmith.quantization import Tuning


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

    models: Path = catalog.QUANTIZED
    metrics: Annotated[Path, Metric()] = catalog.metrics("quantize")
    results: Annotated[Path, Kept()] = catalog.results("quantize")


@step
def quantize(params: QuantizeParams, ins: Ins, outs: Outs, *, seed: int, work: Path) -> None:
    """Fine-tune the models for conversion in each way that is asked for; none if none is.

    Raises:
        ParamsError: The winner cannot learn to round, since it runs a layer more than once.
        ContractError: Zeros were to be kept and were lost, or a kernel has more values than asked for.
    """
    from litesmith import keras

    keras.set_threads(params.num_threads)
    outs.models.mkdir(parents=True)
    tuning = _tuning(params, ins, seed, work)
    variants = {name: _variant(name, tuning, ins, outs) for name in params.variants}
    asked = {"clustering": params.clustering.model_dump(), "recipe": params.recipe.model_dump()}
    write_json(outs.results, {"variants": variants, **asked})
    write_json(outs.metrics, {"validation": {name: one["validation"] for name, one in variants.items()}})


def _tuning(params: QuantizeParams, ins: Ins, seed: int, work: Path) -> "Tuning":
    import numpy as np

    from litesmith.quantization import Clustering, Tuning
    from litesmith.splits import read_split
    from litesmith.teaching import Share, read_lesson
    from litesmith.training import Recipe

    train = read_split(ins.train)
    return Tuning(
        training=train,
        validation=read_split(ins.validation),
        recipe=params.recipe.into(Recipe),
        clustering=params.clustering.into(Clustering),
        lesson=read_lesson(ins.lesson, params.lesson.into(Share), np.arange(len(train.labels))),
        seed=seed,
        work=work,
    )


def _variant(name: str, tuning: "Tuning", ins: Ins, outs: Outs) -> dict[str, Any]:
    """Fine-tune in one way, keep the model, and return what became of it."""
    from litesmith import keras, quantization
    from litesmith.training import evaluate

    kind = quantization.KINDS[name]
    parent = keras.load_h5(getattr(ins, kind.parent))
    model, history = quantization.fine_tune(name, parent, tuning)
    keras.save_h5(model, outs.models / f"{name}.h5")
    values = quantization.layer_values(model) if name == "clustered" else []
    return {
        **asdict(kind),
        "validation": evaluate(model, tuning.validation).to_plain(),
        "parent_validation": evaluate(parent, tuning.validation).to_plain(),
        "distinct_values": {one.name: one.num_values for one in values},
        "history": history,
    }
