"""The step that measures models and files on the test images."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from litesmith.files import write_json, write_text
from litesmith.params.sections.device import DeviceParams
from litesmith.params.sections.evaluate import EvaluateParams
from litesmith.records.convert import ConvertResult
from litesmith.records.device import DeviceMeasurement, LatencyResult, LimitCheck
from litesmith.records.evaluate import EvaluateResult
from litesmith.records.final.network import Network
from litesmith.records.form import DataForm
from litesmith.records.provenance import Host
from litesmith.records.record import balance_figures, read_record, write_record
from tasks import catalog
from tasks.dag.step import Measured, Metric, Plot, step

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from litesmith.data.splits import Split
    from litesmith.evaluation import Answers
    from litesmith.training.types import KerasModel

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ins:
    """The test images, the models, and their files."""

    test: Path = catalog.TEST
    form: Path = catalog.FORM
    baseline: Path = catalog.BASELINE_MODEL
    tuned: Path = catalog.TUNED_MODEL
    pruned: Path = catalog.PRUNED_MODEL
    quantized: Path = catalog.QUANTIZED
    lite: Path = catalog.LITE
    converted: Path = catalog.results("convert")
    network: Path = catalog.results("network")


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
def evaluate(params: EvaluateParams, ins: Ins, outs: Outs, *, device: DeviceParams) -> None:
    """Measure every model and file on the test images, and files on devices.

    Raises:
        DataError: An input is not what it should be.
        MachineError: A requested tool is not installed.
        ConversionError: A file does not run on a requested device.
    """
    import numpy as np

    from litesmith.analysis.answers import calibrations, flip_counts, keras_variant, rejections
    from litesmith.analysis.balance import over_majority
    from litesmith.analysis.paired import paired
    from litesmith.data.splits import read_split
    from litesmith.device import registry
    from litesmith.evaluation import score_variant, write_predictions

    registry.require(params.measure)
    test, converted = read_split(ins.test), read_record(ins.converted, ConvertResult)
    form = read_record(ins.form, DataForm)
    # Times come first: TensorFlow is not there yet to take part of the machine.
    write_record(outs.latency, _latency(params, ins, converted, test, device))
    answers = _keras_answers(params, ins, test) | _file_answers(ins, converted, test)
    final, baseline = converted.final.name, keras_variant("baseline")
    parent = keras_variant(answers[final].model)
    predicted = {name: variant.predicted for name, variant in answers.items()}
    confidence = {name: variant.confidence for name, variant in answers.items()}
    measured = _measurements(params, ins, converted)
    variants = {
        name: score_variant(variant, test.labels, form.class_names) for name, variant in answers.items()
    }
    result = EvaluateResult(
        num_images=len(test.labels),
        final=final,
        variants=variants,
        gain=paired(predicted[final] == test.labels, predicted[baseline] == test.labels),
        majority=over_majority(np.array(variants[final].confusion)),
        calibration=calibrations(
            test.labels, predicted, confidence, (baseline, parent, final), params.calibration_bins
        ),
        rejection=rejections(
            test.labels, predicted, confidence, (baseline, final), params.rejected_shares
        ),
        flips=flip_counts(
            test.labels, predicted, {name: file.model for name, file in converted.files.items()}
        ),
        device=measured,
        not_measured=tuple(
            measurement.title
            for measurement in registry.MEASUREMENTS
            if measurement.name not in params.measure
        ),
        limits=_limits(ins, converted, measured, device),
    )
    write_predictions(outs.predictions, answers, test, pictured=[final, parent])
    _write_confusion(outs.confusion, test.labels, predicted[final], form)
    write_record(outs.results, result)
    write_json(outs.metrics, _metrics(result))


def _write_confusion(
    path: Path, labels: "NDArray[np.uint8]", predicted: "NDArray[np.uint8]", form: DataForm
) -> None:
    from litesmith.evaluation import confusion_rows

    rows = confusion_rows(labels, predicted, form.class_names)
    write_text(path, rows.to_csv(index=False, lineterminator="\n"))


def _latency(
    params: EvaluateParams, ins: Ins, converted: ConvertResult, test: "Split", device: DeviceParams
) -> LatencyResult:
    """Time the files on one thread."""
    from litesmith.device.limit_checks import check_latency
    from litesmith.host import describe_host
    from litesmith.tflite.latency import measure_latency
    from litesmith.tflite.runtime import RUNTIME

    measured = measure_latency(
        {name: ins.lite / f"{name}.tflite" for name in converted.files},
        test.images[: params.latency_runs],
        num_warmup=params.latency_warmup,
        num_rounds=params.latency_rounds,
        runs_per_round=params.latency_runs,
    )
    for name, latency in measured.items():
        _LOG.info("%s: %.3f ms an image on one thread", name, latency.median_ms)
    return LatencyResult(
        host=Host.model_validate(describe_host()),
        runtime=RUNTIME,
        num_threads=1,
        num_warmup=params.latency_warmup,
        num_rounds=params.latency_rounds,
        runs_per_round=params.latency_runs,
        variants=measured,
        limits=(check_latency(device, measured[converted.final.name].median_ms),),
    )


def _measurements(
    params: EvaluateParams, ins: Ins, converted: ConvertResult
) -> dict[str, DeviceMeasurement]:
    """Measure the integer files with each requested tool.

    Raises:
        ConversionError: A file does not run that must.
    """
    from litesmith.device.registry import MEASUREMENTS
    from litesmith.tflite.precisions.registry import precision

    weights = {name: precision(file.precision).weights for name, file in converted.files.items()}
    integer = [name for name, file in converted.files.items() if precision(file.precision).is_integer]
    results = {}
    for measurement in MEASUREMENTS:
        if measurement.name in params.measure:
            required = [name for name in integer if weights[name] in measurement.weights]
            optional = [name for name in integer if weights[name] in measurement.maybe_weights]
            paths = {name: ins.lite / f"{name}.tflite" for name in (*required, *optional)}
            results[measurement.name] = measurement.result(paths, params, may_refuse=optional)
    return results


def _limits(
    ins: Ins, converted: ConvertResult, measured: dict[str, DeviceMeasurement], device: DeviceParams
) -> tuple[LimitCheck, ...]:
    """Check the final file against the limits that need no clock.

    Its multiply-accumulates are counted in the file; activations are those of all passes together.
    """
    from litesmith.compression.variants.registry import passes
    from litesmith.device.limit_checks import check_cost, check_measured
    from litesmith.device.limits import Cost
    from litesmith.device.registry import MEASUREMENTS
    from litesmith.training.backend import load_h5
    from litesmith.training.cost import peak_activation_bytes

    final = converted.final
    runs, macs = passes(converted.files[final.name].model), read_record(ins.network, Network).macs
    cost = Cost(final.bytes, macs, runs * peak_activation_bytes(load_h5(ins.tuned)))
    tools = [
        check_measured(device, measurement.limit, measured.get(measurement.name), final.name)
        for measurement in MEASUREMENTS
        if measurement.limit is not None
    ]
    return *check_cost(device, cost), *tools


def _keras_answers(params: EvaluateParams, ins: Ins, test: "Split") -> "dict[str, Answers]":
    """Return the answers of the Keras models."""
    from litesmith.compression.variants.registry import variant
    from litesmith.evaluation import Answers
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
        variants[f"{model}-keras"] = Answers(
            model, "keras", "float32", measure_size(path), probabilities
        )
        _LOG.info("%s-keras answered %d images", model, len(probabilities))
    return variants


def _file_answers(ins: Ins, converted: ConvertResult, test: "Split") -> "dict[str, Answers]":
    """Return the answers of the files, each run as a device runs it."""
    from litesmith.evaluation import Answers
    from litesmith.tflite import runtime
    from litesmith.tflite.sizes import measure_size

    variants = {}
    for name, file in converted.files.items():
        path = ins.lite / f"{name}.tflite"
        probabilities = runtime.predict(path, test.images)
        variants[name] = Answers(file.model, "tflite", file.precision, measure_size(path), probabilities)
        _LOG.info("%s answered %d images", name, len(probabilities))
    return variants


def _metrics(result: EvaluateResult) -> dict[str, object]:
    """Return the numbers that tell one run from another."""
    shown = {"accuracy", "loss", "bytes", "gzip_bytes"}
    picked = {
        name: {
            **variant.model_dump(include=shown, exclude_none=True),
            **balance_figures(variant.balance),
        }
        for name, variant in result.variants.items()
    }
    return {"final": picked[result.final], **picked}
