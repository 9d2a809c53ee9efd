"""Step of the baseline, a plain network in plain training."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from litesmith.files import write_json, write_text
from litesmith.params.sections.baseline import BaselineParams
from litesmith.records.baseline import BaselineRecipe, BaselineResult
from litesmith.records.form import DataForm
from litesmith.records.record import read_record, write_record
from tasks import catalog
from tasks.dag.step import Metric, TrainingHistory, step

if TYPE_CHECKING:
    from litesmith.training.types import KerasModel


@dataclass(frozen=True)
class Ins:
    """Training and validation split, and the form of the images."""

    train: Path = catalog.TRAIN
    validation: Path = catalog.VALIDATION
    form: Path = catalog.FORM


@dataclass(frozen=True)
class Outs:
    """Model, its layers, scores and history."""

    model: Path = catalog.BASELINE_MODEL
    summary: Path = catalog.BASELINE_SUMMARY
    metrics: Annotated[Path, Metric()] = catalog.metrics("baseline")
    results: Path = catalog.results("baseline")
    history: TrainingHistory = catalog.plot("baseline-history")


@step
def baseline(params: BaselineParams, ins: Ins, outs: Outs, *, seed: int) -> None:
    """Train the network that everything else is compared with."""
    from litesmith.data.splits import read_split
    from litesmith.training import backend, loop, networks
    from litesmith.training.cost import count_macs
    from litesmith.training.evaluation import evaluate
    from litesmith.training.history import history_csv

    backend.set_threads(params.num_threads)
    backend.seed_everything(backend.derived_seed(seed, "baseline"))
    model = networks.build_baseline(
        networks.image_shape(read_record(ins.form, DataForm)), params, "baseline"
    )
    train, validation = read_split(ins.train), read_split(ins.validation)
    history = loop.train_plain(model, train, validation, params, seed=seed)
    backend.save_h5(model, outs.model)
    write_text(outs.summary, _summary(model))
    write_text(outs.history, history_csv(history))
    adam = params.model_dump(include={"learning_rate", "batch_size"})
    result = BaselineResult(
        train=evaluate(model, train),
        validation=evaluate(model, validation),
        num_parameters=model.count_params(),
        keras_bytes=outs.model.stat().st_size,
        macs=count_macs(model),
        epochs=params.epochs,
        recipe=BaselineRecipe(optimizer="adam", **adam),
    )
    write_record(outs.results, result)
    metrics = {"validation": result.validation.figures, "num_parameters": result.num_parameters}
    write_json(outs.metrics, metrics)


def _summary(model: "KerasModel") -> str:
    """Return Keras's table of the layers."""
    lines: list[str] = []
    model.summary(line_length=90, print_fn=lines.append)
    return "".join(f"{line}\n" for line in lines)
