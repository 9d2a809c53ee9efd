"""The room that measures every model and file on the official test images: nothing is chosen by what it finds."""

import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from litesmith.errors import ConversionError
from litesmith.files import read_json, write_json, write_text
from litesmith.params.sections.dataset import DatasetParams
from litesmith.params.sections.device import DeviceParams
from litesmith.params.sections.evaluate import EvaluateParams
from tasks import catalog
from tasks.dag.step import Measured, Metric, Plot, step

if TYPE_CHECKING:
    from litesmith.data.splits import Split
    from litesmith.evaluation import Variant

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
def evaluate(
    params: EvaluateParams, ins: Ins, outs: Outs, *, dataset: DatasetParams, device: DeviceParams
) -> None:
    """Measure every model and every file on the official test images, and what the files ask of a device.

    Raises:
        DataError: An input is not what it should be.
        MachineError: A tool that is asked for is not installed.
        ConversionError: A file does not run on a device that is asked for.
    """
    from litesmith.data.splits import read_split
    from litesmith.device.measurements import require
    from litesmith.evaluation import confusion_rows, describe_variant, write_predictions

    require(params.measure)
    test, converted = read_split(ins.test), read_json(ins.converted)
    write_json(outs.latency, _latency(params, ins, converted, test, device))
    variants = _keras_variants(params, ins, test) | _lite_variants(ins, converted, test)
    final = converted["final"]["name"]
    results = {
        "num_images": len(test.labels),
        "final": final,
        "variants": {
            name: describe_variant(one, test.labels, dataset.class_names)
            for name, one in variants.items()
        },
        "device": _device(params, ins, converted, device),
    }
    write_predictions(
        outs.predictions, variants, test, pictured=[final, f"{variants[final].model}-keras"]
    )
    rows = confusion_rows(test.labels, variants[final].predicted, dataset.class_names)
    write_text(outs.confusion, rows.to_csv(index=False, lineterminator="\n"))
    write_json(outs.results, results)
    write_json(outs.metrics, _metrics(results))


def _latency(
    params: EvaluateParams, ins: Ins, converted: dict[str, Any], test: "Split", device: DeviceParams
) -> dict[str, Any]:
    """Time the files. Comes first: TensorFlow is not there yet to take part of the machine."""
    from litesmith.device.measurements import judge
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
        "limits": {
            "max_latency_ms": asdict(
                judge(device.max_latency_ms, measured[converted["final"]["name"]].median_ms)
            )
        },
    }


def _device(
    params: EvaluateParams, ins: Ins, converted: dict[str, Any], device: DeviceParams
) -> dict[str, Any]:
    """Measure what the integer files need of the devices that are asked for, and judge the final one."""
    from litesmith.device.measurements import (
        describe_tool,
        estimate_npu,
        judge,
        measure_arena,
    )

    def paths(*precisions: str) -> dict[str, Path]:
        names = [name for name, one in converted["files"].items() if one["precision"] in precisions]
        return {name: ins.lite / f"{name}.tflite" for name in names}

    found: dict[str, Any] = {"mcu": None, "npu": None}
    if "mcu" in params.measure:
        arenas = {name: asdict(measure_arena(path)) for name, path in paths("int8").items()}
        arenas |= {name: _arena_if_any(path) for name, path in paths("int4").items()}
        found["mcu"] = {"tool": describe_tool("mcu"), "files": arenas}
    if "npu" in params.measure:
        # weights of four bits are beyond the processor, and the compiler ends without a word
        costs = {name: asdict(estimate_npu(path, params.npu)) for name, path in paths("int8").items()}
        found["npu"] = {"tool": describe_tool("npu"), **dict(params.npu), "files": costs}
    arena = found["mcu"] and found["mcu"]["files"][converted["final"]["name"]].get("arena_bytes")
    return {**found, "limits": {"max_arena_bytes": asdict(judge(device.max_arena_bytes, arena))}}


def _arena_if_any(path: Path) -> dict[str, Any]:
    """Measure a file with int4 weights, or say that it was refused: not every kernel of the runtime takes them."""
    from litesmith.device.measurements import measure_arena

    try:
        return asdict(measure_arena(path))
    except ConversionError as error:
        _LOG.info("%s", error)
        return {"refused": str(error)}


def _keras_variants(params: EvaluateParams, ins: Ins, test: "Split") -> "dict[str, Variant]":
    """Let the Keras models answer."""
    from litesmith.compression.loading import load_aware
    from litesmith.evaluation import Variant
    from litesmith.tflite import converter
    from litesmith.tflite.sizes import measure_size
    from litesmith.training.backend import set_threads

    set_threads(params.num_threads)
    paths = {"baseline": ins.baseline, "tuned": ins.tuned, "pruned": ins.pruned}
    paths |= {path.stem: path for path in sorted(ins.quantized.iterdir())}
    variants = {}
    for model, path in paths.items():
        probabilities = converter.probabilities(load_aware(path), test.images)
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
    for name, one in converted["files"].items():
        path = ins.lite / f"{name}.tflite"
        probabilities = runtime.predict(path, test.images)
        variants[name] = Variant(
            one["model"], "tflite", one["precision"], measure_size(path), probabilities
        )
        _LOG.info("%s answered %d images", name, len(probabilities))
    return variants


def _metrics(results: dict[str, Any]) -> dict[str, Any]:
    """Pick the numbers that tell one run from another."""
    shown = ("accuracy", "loss", "bytes", "gzip_bytes")
    picked = {
        name: {key: one[key] for key in shown if one[key] is not None}
        for name, one in results["variants"].items()
    }
    return {"final": picked[results["final"]], **picked}
