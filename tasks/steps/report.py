"""The room that lays the run before a person as one page."""

import logging
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from litesmith.errors import DataError
from litesmith.files import read_json, write_json, write_text
from litesmith.params.sections.dataset import DatasetParams
from litesmith.params.sections.device import DeviceParams
from litesmith.params.sections.report import ReportParams
from tasks import catalog
from tasks.dag.step import Kept, Measured, step

if TYPE_CHECKING:
    from litesmith.report.inputs import Predictions

_LOG = logging.getLogger(__name__)

_MODELS = ("baseline", "teacher", "tuned", "pruned")
_RESULTS = (
    "validate",
    "prepare",
    "baseline",
    "teach",
    "sweep",
    "sweep-timing",
    "prune",
    "quantize",
    "convert",
    "evaluate",
)
_STEPS = (
    "fetch",
    "validate",
    "prepare",
    "baseline",
    "teach",
    "sweep",
    "prune",
    "quantize",
    "convert",
    "evaluate",
)


@dataclass(frozen=True)
class Ins:
    """What the steps found, and how they made it."""

    validate: Path = catalog.results("validate")
    prepare: Path = catalog.results("prepare")
    baseline: Path = catalog.results("baseline")
    teach: Path = catalog.results("teach")
    sweep: Path = catalog.results("sweep")
    sweep_timing: Path = catalog.results("sweep-timing")
    prune: Path = catalog.results("prune")
    quantize: Path = catalog.results("quantize")
    convert: Path = catalog.results("convert")
    evaluate: Path = catalog.results("evaluate")
    baseline_history: Path = catalog.plot("baseline-history")
    teacher_history: Path = catalog.plot("teacher-history")
    tuned_history: Path = catalog.plot("tuned-history")
    pruned_history: Path = catalog.plot("pruned-history")
    latency: Path = catalog.metrics("latency")
    predictions: Path = catalog.PREDICTIONS
    summary: Path = catalog.BASELINE_SUMMARY
    final: Path = catalog.FINAL_LITE
    made_fetch: Path = catalog.made("fetch")
    made_validate: Path = catalog.made("validate")
    made_prepare: Path = catalog.made("prepare")
    made_baseline: Path = catalog.made("baseline")
    made_teach: Path = catalog.made("teach")
    made_sweep: Path = catalog.made("sweep")
    made_prune: Path = catalog.made("prune")
    made_quantize: Path = catalog.made("quantize")
    made_convert: Path = catalog.made("convert")
    made_evaluate: Path = catalog.made("evaluate")
    reference: Path = catalog.REFERENCE


@dataclass(frozen=True)
class Outs:
    """The page, its numbers for machines, the model card: all hold times, and so differ from run to run."""

    report: Annotated[Path, Measured()] = catalog.REPORT
    summary: Annotated[Path, Kept(), Measured()] = catalog.SUMMARY
    card: Annotated[Path, Kept(), Measured()] = catalog.MODEL_CARD


@step
def report(
    params: ReportParams, ins: Ins, outs: Outs, *, dataset: DatasetParams, device: DeviceParams
) -> None:
    """Render the report: one page that needs nothing from elsewhere and shows nothing but its inputs."""
    from litesmith.report.inputs import ReportInputs
    from litesmith.report.page import make_report

    made = make_report(
        ReportInputs(
            class_names=dataset.class_names,
            results={name: read_json(getattr(ins, name.replace("-", "_"))) for name in _RESULTS},
            latency=read_json(ins.latency),
            histories={model: _history(getattr(ins, f"{model}_history")) for model in _MODELS},
            predictions=_predictions(ins.predictions),
            summary=ins.summary.read_text(encoding="utf-8"),
            made={name: read_json(getattr(ins, f"made_{name}")) for name in _STEPS},
            limits=device.model_dump(),
            sha256=_hashes(ins),
            reference=_reference(ins.reference),
            reference_file=ins.reference.as_posix(),
            max_thumbnails=params.max_thumbnails,
            max_pairs=params.max_pairs,
            pair_pictures=params.pair_pictures,
            calibration_bins=params.calibration_bins,
            importance_shuffles=params.importance_shuffles,
            profile=params.profile,
        )
    )
    write_text(outs.report, made.page)
    write_json(outs.summary, made.summary)
    write_text(outs.card, made.card)
    _LOG.info("%s: %.0f KB", outs.report, len(made.page.encode()) / 1000)


def _reference(path: Path) -> Any:
    """Return the summary of the reference run, None if there is none yet.

    Raises:
        DataError: The file is not JSON.
    """
    try:
        return read_json(path)
    except DataError as error:
        raise DataError(
            f"{error} It holds the summary of the reference run, or null. "
            f"`git checkout -- {path}` brings back what was committed."
        ) from error


def _history(path: Path) -> dict[str, list[float]]:
    """Return the columns of a training history, NaN where a value is missing."""
    import csv

    with path.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.reader(lines))
    columns = zip(*rows, strict=True) if rows else ()
    return {name: [float(value or "nan") for value in values] for name, *values in columns}


def _predictions(path: Path) -> "Predictions":
    """Return what the variants answered."""
    import numpy as np

    from litesmith.report.inputs import Predictions

    with np.load(path) as kept:
        names = [str(name) for name in kept["variants"]]
        return Predictions(
            labels=kept["labels"],
            predicted=dict(zip(names, kept["predicted"], strict=True)),
            confidence=dict(zip(names, kept["confidence"], strict=True)),
            error_rows=kept["wrong_rows"],
            error_images=kept["wrong_images"],
        )


def _hashes(ins: Ins) -> dict[str, str]:
    """Return the SHA-256 of each input, by its path."""
    import hashlib

    paths: list[Any] = [getattr(ins, field.name) for field in fields(ins)]
    return {path.as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
