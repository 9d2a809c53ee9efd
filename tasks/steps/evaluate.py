"""The step that measures models and files on the test images."""

import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from litesmith.errors import ConversionError
from litesmith.files import read_json, write_json, write_text
from litesmith.params.sections.dataset import DatasetParams
from litesmith.params.sections.evaluate import EvaluateParams
from tasks import catalog
from tasks.dag.step import Measured, Metric, Plot, step

if TYPE_CHECKING:
    from collections.abc import Callable

    from litesmith.data.splits import Split
    from litesmith.device.measurement import Measurement
    from litesmith.evaluation import Variant
    from litesmith.training.types import KerasModel

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ins:
    """The test images, the models, and their files."""

    test: Path = catalog.TEST
    baseline: Path = catalog.BASELINE_MODEL
    tuned: Path = catalog.TUNED_MODEL
    pruned: Path = catalog.PRUNED_MODEL
    quantized: Path = catalog.QUANTIZED
    lite: Path = catalog.LITE
    converted: Path = catalog.results("convert")


@dataclass(frozen=True)
class Outs:
    """Scores, answers, and times."""

    predictions: Path = catalog.PREDICTIONS
    metrics: Annotated[Path, Metric()] = catalog.metrics("evaluate")
    results: Path = catalog.results("evaluate")
    confusion: Annotated[
        Path,
        Plot(x="actual", y=("predicted",), panel="confusion of the final file", template="confusion"),
    ] = catalog.plot("confusion")
    latency: Annotated[Path, Measured()] = catalog.metrics("latency")


@step
def evaluate(params: EvaluateParams, ins: Ins, outs: Outs, *, dataset: DatasetParams) -> None:
    """Measure every model and file on the test images, and files on devices.

    Raises:
        DataError: An input is not what it should be.
        MachineError: A tool that is asked for is not installed.
        ConversionError: A file does not run on a device that is asked for.
    """
    from litesmith.data.splits import read_split
    from litesmith.device import registry
    from litesmith.evaluation import confusion_rows, describe_variant, write_predictions

    registry.require(params.measure)
    test, converted = read_split(ins.test), read_json(ins.converted)
    write_json(outs.latency, _latency(params, ins, converted, test))
    variants = _keras_variants(params, ins, test) | _lite_variants(ins, converted, test)
    final = converted["final"]["name"]
    results = {
        "num_images": len(test.labels),
        "final": final,
        "variants": {
            name: describe_variant(variant, test.labels, dataset.class_names)
            for name, variant in variants.items()
        },
        "device": {
            measurement.name: _device(measurement, params, ins, converted)
            for measurement in registry.MEASUREMENTS
        },
    }
    write_predictions(
        outs.predictions, variants, test, pictured=[final, f"{variants[final].model}-keras"]
    )
    rows = confusion_rows(test.labels, variants[final].predicted, dataset.class_names)
    write_text(outs.confusion, rows.to_csv(index=False, lineterminator="\n"))
    write_json(outs.results, results)
    write_json(outs.metrics, _metrics(results))


def _latency(
    params: EvaluateParams, ins: Ins, converted: dict[str, Any], test: "Split"
) -> dict[str, Any]:
    """Time the files.

    It comes first: TensorFlow is not there yet to take part of the machine.
    """
    from litesmith.host import describe_host
    from litesmith.tflite.latency import measure_latency
    from litesmith.tflite.runtime import RUNTIME

    measured = measure_latency(
        {name: ins.lite / f"{name}.tflite" for name in converted["files"]},
        test.images[: params.latency_runs],
        num_warmup=params.latency_warmup,
        num_rounds=params.latency_rounds,
        runs_per_round=params.latency_runs,
    )
    for name, latency in measured.items():
        _LOG.info("%s: %.3f ms an image on one thread", name, latency.median_ms)
    return {
        "host": describe_host(),
        "runtime": RUNTIME,
        "num_threads": 1,
        "num_warmup": params.latency_warmup,
        "num_rounds": params.latency_rounds,
        "runs_per_round": params.latency_runs,
        "variants": {name: asdict(latency) for name, latency in measured.items()},
    }


def _device(
    measurement: "Measurement", params: EvaluateParams, ins: Ins, converted: dict[str, Any]
) -> dict[str, Any]:
    """Measure integer files on a device; ``files`` is None if not asked for."""
    shown = {
        "title": measurement.title,
        "columns": [asdict(column) for column in measurement.columns],
        "limit": measurement.limit and asdict(measurement.limit),
    }
    if measurement.name not in params.measure:
        return {**shown, "tool": None, "files": None}
    tool, settings = measurement.describe_tool(), measurement.settings(params)
    return {
        **shown,
        "caption": measurement.caption.format(tool=tool, **settings),
        "tool": tool,
        **settings,
        "files": _costs(measurement, params, ins, converted),
    }


def _costs(
    measurement: "Measurement", params: EvaluateParams, ins: Ins, converted: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    """Measure every file that the tool takes, or say why it refuses.

    Raises:
        ConversionError: A file does not run that must.
    """
    from litesmith.tflite.precisions.registry import precision

    files = {name: precision(file["precision"]) for name, file in converted["files"].items()}
    paths = {name: ins.lite / f"{name}.tflite" for name, kind in files.items() if kind.is_integer}
    costs = {
        name: asdict(measurement.measure(path, params))
        for name, path in paths.items()
        if files[name].weights in measurement.weights
    }
    for name, path in paths.items():
        if files[name].weights in measurement.maybe_weights:
            try:
                costs[name] = asdict(measurement.measure(path, params))
            except ConversionError as error:
                _LOG.info("%s", error)
                costs[name] = {"refused": str(error)}
    return costs


def _keras_variants(params: EvaluateParams, ins: Ins, test: "Split") -> "dict[str, Variant]":
    """Let the Keras models answer."""
    from litesmith.compression.variants.registry import variant
    from litesmith.evaluation import Variant
    from litesmith.tflite import converter
    from litesmith.tflite.sizes import measure_size
    from litesmith.training.backend import load_h5, set_threads

    set_threads(params.num_threads)
    readers: dict[Path, Callable[[Path], KerasModel]]
    readers = dict.fromkeys((ins.baseline, ins.tuned, ins.pruned), load_h5)
    readers |= {path: variant(path.stem).load for path in sorted(ins.quantized.iterdir())}
    variants = {}
    for path, load in readers.items():
        model, probabilities = path.stem, converter.probabilities(load(path), test.images)
        variants[f"{model}-keras"] = Variant(
            model, "keras", "float32", measure_size(path), probabilities
        )
        _LOG.info("%s-keras answered %d images", model, len(probabilities))
    return variants


def _lite_variants(ins: Ins, converted: dict[str, Any], test: "Split") -> "dict[str, Variant]":
    """Let the files answer, each run as a device runs it."""
    from litesmith.evaluation import Variant
    from litesmith.tflite import runtime
    from litesmith.tflite.sizes import measure_size

    variants = {}
    for name, file in converted["files"].items():
        path = ins.lite / f"{name}.tflite"
        probabilities = runtime.predict(path, test.images)
        variants[name] = Variant(
            file["model"], "tflite", file["precision"], measure_size(path), probabilities
        )
        _LOG.info("%s answered %d images", name, len(probabilities))
    return variants


def _metrics(results: dict[str, Any]) -> dict[str, Any]:
    """Pick the numbers that tell one run from another."""
    shown = ("accuracy", "loss", "bytes", "gzip_bytes")
    picked = {
        name: {key: variant[key] for key in shown if variant[key] is not None}
        for name, variant in results["variants"].items()
    }
    return {"final": picked[results["final"]], **picked}
