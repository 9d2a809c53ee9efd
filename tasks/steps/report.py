"""The step that lays the run before a person as one page."""

import logging
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from litesmith.files import write_text
from litesmith.params.sections.dataset import DatasetParams
from litesmith.params.sections.report import ReportParams
from tasks import catalog
from tasks.dag.step import InGit, Measured, step

if TYPE_CHECKING:
    from litesmith.records.summary import Results
    from litesmith.report.inputs import History, Predictions

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ins:
    """The results of the steps, and how they made them."""

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
    provenance_fetch: Path = catalog.provenance("fetch")
    provenance_validate: Path = catalog.provenance("validate")
    provenance_prepare: Path = catalog.provenance("prepare")
    provenance_baseline: Path = catalog.provenance("baseline")
    provenance_teach: Path = catalog.provenance("teach")
    provenance_sweep: Path = catalog.provenance("sweep")
    provenance_prune: Path = catalog.provenance("prune")
    provenance_quantize: Path = catalog.provenance("quantize")
    provenance_convert: Path = catalog.provenance("convert")
    provenance_evaluate: Path = catalog.provenance("evaluate")
    reference: Path = catalog.REFERENCE


@dataclass(frozen=True)
class Outs:
    """The page, its numbers for machines, the model card, which all hold times."""

    report: Annotated[Path, Measured()] = catalog.REPORT
    summary: Annotated[Path, InGit(), Measured()] = catalog.SUMMARY
    card: Annotated[Path, InGit(), Measured()] = catalog.MODEL_CARD


@step
def report(params: ReportParams, ins: Ins, outs: Outs, *, dataset: DatasetParams) -> None:
    """Render the report: one page that needs nothing from elsewhere and shows nothing but its inputs."""
    from litesmith.records.provenance import Provenance
    from litesmith.records.record import read_record, write_record
    from litesmith.report.inputs import ReportInputs
    from litesmith.report.older import read_reference
    from litesmith.report.page import make_report

    made = (path for name, path in _paths(ins).items() if name.startswith("provenance_"))
    results = _results(ins)
    histories = {
        "baseline": ins.baseline_history,
        "tuned": ins.tuned_history,
        "pruned": ins.pruned_history,
    }
    if results.teach.num_teachers:
        histories["teacher"] = ins.teacher_history
    written = make_report(
        ReportInputs(
            class_names=tuple(dataset.class_names),
            results=results,
            histories={model: _history(path) for model, path in histories.items()},
            predictions=_predictions(ins.predictions),
            baseline_summary=ins.summary.read_text(encoding="utf-8"),
            provenance={
                record.step: record for record in (read_record(path, Provenance) for path in made)
            },
            sha256=_hashes(ins),
            reference=read_reference(ins.reference),
            reference_file=ins.reference.as_posix(),
            params=params,
        )
    )
    write_text(outs.report, written.page)
    write_record(outs.summary, written.summary)
    write_text(outs.card, written.card)
    _LOG.info("%s: %.0f KB", outs.report, len(written.page.encode()) / 1000)


def _results(ins: Ins) -> "Results":
    """Read the result of each step."""
    from litesmith.records.baseline import BaselineResult
    from litesmith.records.convert import ConvertResult
    from litesmith.records.evaluate import EvaluateResult
    from litesmith.records.latency import LatencyResult
    from litesmith.records.prepare import PrepareResult
    from litesmith.records.prune import PruneResult
    from litesmith.records.quantize import QuantizeResult
    from litesmith.records.record import read_record
    from litesmith.records.summary import Results
    from litesmith.records.sweep import SweepResult, SweepTiming
    from litesmith.records.teach import TeachResult
    from litesmith.records.validate import ValidateResult

    return Results(
        validate=read_record(ins.validate, ValidateResult),
        prepare=read_record(ins.prepare, PrepareResult),
        baseline=read_record(ins.baseline, BaselineResult),
        teach=read_record(ins.teach, TeachResult),
        sweep=read_record(ins.sweep, SweepResult),
        sweep_timing=read_record(ins.sweep_timing, SweepTiming),
        prune=read_record(ins.prune, PruneResult),
        quantize=read_record(ins.quantize, QuantizeResult),
        convert=read_record(ins.convert, ConvertResult),
        evaluate=read_record(ins.evaluate, EvaluateResult),
        latency=read_record(ins.latency, LatencyResult),
    )


def _history(path: Path) -> "History":
    """Return the columns of a training history, NaN where a value is missing."""
    import csv

    with path.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.reader(lines))
    columns = zip(*rows, strict=True) if rows else ()
    return {name: tuple(float(value or "nan") for value in values) for name, *values in columns}


def _predictions(path: Path) -> "Predictions":
    """Return the answers of the variants."""
    import numpy as np

    from litesmith.report.inputs import Predictions

    with np.load(path) as arrays:
        names = [str(name) for name in arrays["variants"]]
        return Predictions(
            labels=arrays["labels"],
            predicted=dict(zip(names, arrays["predicted"], strict=True)),
            confidence=dict(zip(names, arrays["confidence"], strict=True)),
            error_rows=arrays["wrong_rows"],
            error_images=arrays["wrong_images"],
        )


def _paths(ins: Ins) -> dict[str, Path]:
    """Return each input by its name."""
    return {field.name: getattr(ins, field.name) for field in fields(ins)}


def _hashes(ins: Ins) -> dict[str, str]:
    """Return the SHA-256 of each input, by its path."""
    import hashlib

    return {
        path.as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in _paths(ins).values()
    }
