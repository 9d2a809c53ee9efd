"""The room that measures every model and file on the official test images: nothing is chosen by what it finds."""

import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from litesmith.files import read_json, write_json, write_text
from litesmith.params import DatasetParams, EvaluateParams
from tasks import catalog
from tasks.dag.step import Kept, Measured, Metric, Plot, step

if TYPE_CHECKING:
    from litesmith.evaluation import Variant
    from litesmith.splits import Split

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ins:
    """The test images, the models, and their files."""

    test: Path = catalog.TEST
    baseline: Path = catalog.BASELINE_MODEL
    tuned: Path = catalog.TUNED_MODEL
    pruned: Path = catalog.PRUNED_MODEL
    lite: Path = catalog.LITE
    converted: Path = catalog.results("convert")


@dataclass(frozen=True)
class Outs:
    """Scores, answers, and times."""

    predictions: Path = catalog.PREDICTIONS
    metrics: Annotated[Path, Metric()] = catalog.metrics("evaluate")
    results: Annotated[Path, Kept()] = catalog.results("evaluate")
    confusion: Annotated[
        Path, Plot(x="actual", y=("predicted",), panel="confusion of the final file", template="confusion")
    ] = catalog.plot("confusion")
    latency: Annotated[Path, Kept(), Measured()] = catalog.metrics("latency")


@step
def evaluate(params: EvaluateParams, ins: Ins, outs: Outs, *, dataset: DatasetParams) -> None:
    """Measure every model and every file on the official test images, and time the files on one thread.

    Raises:
        DataError: An input is not what it should be.
    """
    from litesmith.evaluation import confusion_rows, describe_variant, write_predictions
    from litesmith.splits import read_split

    test, converted = read_split(ins.test), read_json(ins.converted)
    write_json(outs.latency, _latency(params, ins, converted, test))
    variants = _keras_variants(params, ins, test) | _lite_variants(ins, converted, test)
    final = converted["final"]["name"]
    results = {
        "num_images": len(test.labels),
        "final": final,
        "variants": {
            name: describe_variant(one, test.labels, dataset.class_names, params.confidence)
            for name, one in variants.items()
        },
    }
    write_predictions(outs.predictions, variants, test, pictured=[final, "tuned-keras"])
    rows = confusion_rows(test.labels, variants[final].predicted, dataset.class_names)
    write_text(outs.confusion, rows.to_csv(index=False, lineterminator="\n"))
    write_json(outs.results, results)
    write_json(outs.metrics, _metrics(results))


def _latency(params: EvaluateParams, ins: Ins, converted: dict[str, Any], test: "Split") -> dict[str, Any]:
    """Time the files. Comes first: TensorFlow is not there yet to take part of the machine."""
    from litesmith.host import describe_host
    from litesmith.latency import measure_latency
    from litesmith.litert import RUNTIME

    measured = measure_latency(
        {name: ins.lite / f"{name}.tflite" for name in converted["files"]},
        test.images[: params.latency_runs],
        num_warmup=params.latency_warmup,
        num_rounds=params.latency_rounds,
        runs_per_round=params.latency_runs,
    )
    for name, one in measured.items():
        _LOG.info("%s: %.3f ms an image on one thread", name, one.median_ms)
    return {
        "host": describe_host(),
        "runtime": RUNTIME,
        "num_threads": 1,
        "num_warmup": params.latency_warmup,
        "num_rounds": params.latency_rounds,
        "runs_per_round": params.latency_runs,
        "variants": {name: asdict(one) for name, one in measured.items()},
    }


def _keras_variants(params: EvaluateParams, ins: Ins, test: "Split") -> "dict[str, Variant]":
    """Let the Keras models answer."""
    from litesmith import lite
    from litesmith.evaluation import Variant
    from litesmith.keras import load_h5, set_threads
    from litesmith.sizes import measure_size

    set_threads(params.num_threads)
    variants = {}
    for model, path in (("baseline", ins.baseline), ("tuned", ins.tuned), ("pruned", ins.pruned)):
        probabilities = lite.probabilities(load_h5(path), test.images)
        variants[f"{model}-keras"] = Variant(model, "keras", "float32", measure_size(path), probabilities)
        _LOG.info("%s-keras answered %d images", model, len(probabilities))
    return variants


def _lite_variants(ins: Ins, converted: dict[str, Any], test: "Split") -> "dict[str, Variant]":
    """Let the files answer, each run as a device runs it."""
    from litesmith import litert
    from litesmith.evaluation import Variant
    from litesmith.sizes import measure_size

    variants = {}
    for name, one in converted["files"].items():
        path = ins.lite / f"{name}.tflite"
        probabilities = litert.predict(path, test.images)
        variants[name] = Variant(one["model"], "tflite", one["precision"], measure_size(path), probabilities)
        _LOG.info("%s answered %d images", name, len(probabilities))
    return variants


def _metrics(results: dict[str, Any]) -> dict[str, Any]:
    """Pick the numbers that tell one run from another."""
    shown = ("accuracy", "loss", "bytes", "gzip_bytes")
    picked = {
        name: {key: one[key] for key in shown if one[key] is not None} for name, one in results["variants"].items()
    }
    return {"final": picked[results["final"]], **picked}
