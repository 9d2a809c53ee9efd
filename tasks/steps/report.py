"""The step ``report``: the results of the run as one page."""

import csv
import hashlib
import logging
from dataclasses import dataclass, fields
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_type_hints

from litesmith.files import write_text
from litesmith.params.sections.convert import Relevance
from litesmith.params.sections.dataset import KeyedDescription
from litesmith.params.sections.device import DeviceName
from litesmith.params.sections.report import ReportParams
from tasks import catalog
from tasks.dag.project import place_in_project
from tasks.dag.step import InGit, Measured, step

if TYPE_CHECKING:
    from litesmith.records.summary import Reference, Results
    from litesmith.report.inputs import History, Predictions

_LOG = logging.getLogger(__name__)
# The run that made a package, and the decision on it, in the package.
_REFERENCE, _DECISION = "reference.json", "decision.json"


@dataclass(frozen=True)
class Ins:
    """The results of the steps, how they made them, and what was decided."""

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
    decision: Path = catalog.DECISION
    network: Path = catalog.results("network")
    tradeoff: Path = catalog.results("tradeoff")
    changed: Path = catalog.results("judge-changed")
    final: Path = catalog.FINAL_LITE
    form: Path = catalog.FORM
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
    provenance_judge: Path = catalog.provenance("judge")
    in_service: Path = catalog.IN_SERVICE
    before_releases: Path = catalog.BEFORE_RELEASES


@dataclass(frozen=True)
class Outs:
    """The page, its numbers for machines, and the model card; all hold times."""

    report: Annotated[Path, Measured()] = catalog.REPORT
    summary: Annotated[Path, InGit(), Measured()] = catalog.SUMMARY
    card: Annotated[Path, InGit(), Measured()] = catalog.MODEL_CARD


@step
def report(
    params: ReportParams,
    ins: Ins,
    outs: Outs,
    *,
    dataset: KeyedDescription,
    device: DeviceName,
    convert: Relevance,
) -> None:
    """Render the report: a self-contained page that shows nothing but its inputs.

    What is in service is an input: the pointer holds the hashes of its package.
    """
    from litesmith.records.final.network import Network
    from litesmith.records.final.tradeoff import Tradeoff
    from litesmith.records.form import DataForm
    from litesmith.records.provenance import Provenance
    from litesmith.records.record import read_record, write_record
    from litesmith.records.service.changed import ChangedImages
    from litesmith.records.service.judge import Decision
    from litesmith.report.inputs import ReportInputs
    from litesmith.report.page import make_report

    paths, results = {field.name: getattr(ins, field.name) for field in fields(ins)}, _results(ins)
    records = [
        read_record(path, Provenance) for name, path in paths.items() if name.startswith("provenance_")
    ]
    released, version_before, reference = _reference(ins, dataset.key, device.name)
    written = make_report(
        ReportInputs(
            dataset=dataset,
            form=read_record(ins.form, DataForm),
            results=results,
            histories=_histories(ins, results.teach.num_teachers),
            predictions=_predictions(ins.predictions),
            decision=read_record(ins.decision, Decision),
            network=read_record(ins.network, Network),
            tradeoff=read_record(ins.tradeoff, Tradeoff),
            changed=read_record(ins.changed, ChangedImages),
            baseline_summary=ins.summary.read_text(encoding="utf-8"),
            provenance={record.step: record for record in records},
            sha256={
                path.as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths.values()
            },
            reference=reference,
            released=released,
            version_before=version_before,
            reference_files=(ins.in_service.as_posix(), ins.before_releases.as_posix()),
            final_file=ins.final.as_posix(),
            folder=place_in_project(Path.cwd()),
            params=params,
            relevant_loss=convert.relevant_loss,
        )
    )
    write_text(outs.report, written.page)
    write_record(outs.summary, written.summary)
    write_text(outs.card, written.card)
    _LOG.info("%s: %.0f KB", outs.report, len(written.page.encode()) / 1000)


def _histories(ins: Ins, num_teachers: int) -> "dict[str, History]":
    """Return the histories of the trained models."""
    paths = {
        "baseline": ins.baseline_history,
        "tuned": ins.tuned_history,
        "pruned": ins.pruned_history,
    }
    if num_teachers:
        paths |= {"teacher": ins.teacher_history}
    return {model: _history(path) for model, path in paths.items()}


def _reference(ins: Ins, dataset: str, device: str) -> "tuple[str | None, str | None, Reference | None]":
    """Return the version in service, the one before, and the reference run."""
    from litesmith.records.figures import DecisionFigures
    from litesmith.records.record import parse_record
    from litesmith.release.pointers import Key
    from litesmith.release.released import find_released
    from litesmith.report.older import parse_reference, read_reference

    package = find_released(ins.in_service, catalog.RELEASED_PACKAGES, Key(dataset, device))
    if package is None:
        return None, None, read_reference(ins.before_releases)
    reference, decided = ((package.folder / name).as_posix() for name in (_REFERENCE, _DECISION))
    before = parse_record(package.read(_DECISION), DecisionFigures, decided).released
    run = parse_reference(package.read(_REFERENCE), reference)
    return package.version, before.version if before else None, run


def _results(ins: Ins) -> "Results":
    """Read the result of each step from the input of its name."""
    from litesmith.records.record import read_record
    from litesmith.records.summary import Results

    kinds = {name: kind for name, kind in get_type_hints(Results).items() if not name.startswith("_")}
    return Results(**{name: read_record(getattr(ins, name), kind) for name, kind in kinds.items()})


def _history(path: Path) -> "History":
    """Return the columns of a training history, NaN where a value is missing."""
    with path.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.reader(lines))
    columns = zip(*rows, strict=True) if rows else ()
    return {name: tuple(float(value or "nan") for value in values) for name, *values in columns}


def _predictions(path: Path) -> "Predictions":
    """Read the answers of the variants."""
    import numpy as np

    from litesmith.report.inputs import Predictions

    with np.load(path) as arrays:
        variants, labels, predicted, confidence, rows, images = itemgetter(
            "variants", "labels", "predicted", "confidence", "wrong_rows", "wrong_images"
        )(arrays)
        names = [str(name) for name in variants]
        return Predictions(
            labels=labels,
            predicted=dict(zip(names, predicted, strict=True)),
            confidence=dict(zip(names, confidence, strict=True)),
            error_rows=rows,
            error_images=images,
        )
