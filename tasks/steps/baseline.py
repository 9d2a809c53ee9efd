"""The room of the yardstick: the network everybody starts with, trained as everybody trains it."""

import io
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from litesmith.files import write_json, write_text
from litesmith.params.sections.baseline import BaselineParams
from litesmith.params.sections.dataset import DatasetParams
from tasks import catalog
from tasks.dag.step import Metric, Plot, step

if TYPE_CHECKING:
    from litesmith.training.loop import Score


@dataclass(frozen=True)
class Ins:
    """What is learned from, and what each epoch is judged on."""

    train: Path = catalog.TRAIN
    validation: Path = catalog.VALIDATION


@dataclass(frozen=True)
class Outs:
    """The model, what it is made of, and how it learned."""

    model: Path = catalog.BASELINE_MODEL
    summary: Path = catalog.BASELINE_SUMMARY
    metrics: Annotated[Path, Metric()] = catalog.metrics("baseline")
    results: Path = catalog.results("baseline")
    history: Annotated[
        Path,
        Plot(x="epoch", y=("accuracy", "val_accuracy"), panel="accuracy"),
        Plot(x="epoch", y=("loss", "val_loss"), panel="loss"),
    ] = catalog.plot("baseline-history")


@step
def baseline(params: BaselineParams, ins: Ins, outs: Outs, *, dataset: DatasetParams, seed: int) -> None:
    """Train the plain network that everything else is compared with."""
    from litesmith.data.splits import read_split
    from litesmith.training import backend, loop, networks

    backend.set_threads(params.num_threads)
    backend.seed_everything(backend.derived_seed(seed, "baseline"))
    first, second = params.conv_widths
    size = (dataset.height, dataset.width, dataset.num_classes)
    model = networks.build_baseline(*size, (first, second), params.dense_width, "baseline")
    train, validation = read_split(ins.train), read_split(ins.validation)
    history = loop.train_plain(
        model, train, validation, epochs=params.epochs, batch_size=params.batch_size,
        learning_rate=params.learning_rate, seed=seed,
    )  # fmt: skip
    backend.save_h5(model, outs.model)
    write_text(outs.summary, _summary(model))
    write_text(outs.history, loop.history_csv(history))
    scores = {"train": loop.evaluate(model, train), "validation": loop.evaluate(model, validation)}
    results = _results(model, params, scores, outs.model.stat().st_size)
    write_json(outs.results, results)
    write_json(
        outs.metrics, {"validation": results["validation"], "num_parameters": results["num_parameters"]}
    )


def _results(
    model: Any, params: BaselineParams, scores: dict[str, "Score"], keras_bytes: int
) -> dict[str, Any]:
    from litesmith.training.networks import count_macs

    return {
        **{split: score.to_plain() for split, score in scores.items()},
        "num_parameters": model.count_params(),
        "keras_bytes": keras_bytes,
        "macs": count_macs(model),
        "epochs": params.epochs,
        "recipe": {
            "optimizer": "adam",
            "learning_rate": params.learning_rate,
            "batch_size": params.batch_size,
        },
    }


def _summary(model: Any) -> str:
    """Return Keras's table of the layers."""
    text = io.StringIO()
    with redirect_stdout(text):
        model.summary(line_length=90)
    return text.getvalue()
