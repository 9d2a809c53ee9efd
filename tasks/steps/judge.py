"""The step that compares the final file with the version in service."""

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from litesmith.errors import DataError, InvalidError
from litesmith.files import write_json, write_text
from litesmith.params.sections.dataset import KeyedOrigin
from litesmith.params.sections.device import Device
from litesmith.params.sections.judge import JudgeParams
from litesmith.params.sections.report import JudgePages
from litesmith.records.convert import ConvertResult
from litesmith.records.evaluate import EvaluateResult
from litesmith.records.form import DataForm
from litesmith.records.provenance import Host
from litesmith.records.record import read_record, write_record
from litesmith.records.service.judge import Decision, JudgedFile, JudgeLatency, TimedFile
from litesmith.records.validate import DatasetName, RuleResult, ValidateResult
from tasks import catalog
from tasks.dag.refusing import occasion
from tasks.dag.step import Measured, Metric, step

if TYPE_CHECKING:
    from litesmith.judging.decide import Subject
    from litesmith.judging.evidence import Candidate, GateSplit, Seen
    from litesmith.judging.timing import Timing

_LOG = logging.getLogger(__name__)
_PAGE = catalog.REFUSALS / "judge.html"


@dataclass(frozen=True)
class Ins:
    """The final file, the images that decide, and the registry's pointer.

    The pointer holds the hashes of the package that it leads to, which is read with it.
    """

    gate: Path = catalog.GATE
    intake: Path = catalog.INTAKE
    form: Path = catalog.FORM
    final: Path = catalog.FINAL_LITE
    metadata: Path = catalog.FINAL_METADATA
    keras: Path = catalog.GATE_ANSWERS
    validated: Path = catalog.results("validate")
    converted: Path = catalog.results("convert")
    evaluated: Path = catalog.results("evaluate")
    in_service: Path = catalog.IN_SERVICE
    regressions: Path = catalog.REGRESSIONS


@dataclass(frozen=True)
class Outs:
    """The decision, which can be replayed, its times, and pictures of what changed."""

    decision: Path = catalog.DECISION
    metrics: Annotated[Path, Metric()] = catalog.metrics("judge")
    latency: Annotated[Path, Measured()] = catalog.results("judge-latency")
    changed: Path = catalog.results("judge-changed")


@step
def judge(
    params: JudgeParams,
    ins: Ins,
    outs: Outs,
    *,
    dataset: KeyedOrigin,
    device: Device,
    report: JudgePages,
) -> None:
    """Judge the final file against the version in service, on gate images alone.

    Raises:
        InvalidError: Nothing can be judged: the data were refused, the version in service or the
            regression set cannot be read, too few images are left, or the host is too loaded to time. A
            refusal page says why; no decision is left.
    """
    from litesmith.documents.chapters import render_invalid
    from litesmith.judging.decide import decide

    _PAGE.unlink(missing_ok=True)
    try:
        seen = _see(params, ins, dataset, device, report.max_changed)
        decision = decide(seen.subject, params)
    except DataError as error:
        name = DatasetName(name=dataset.name, synthetic=dataset.synthetic)
        rules = _rules(ins.validated)
        write_text(_PAGE, render_invalid(name, str(error), occasion(), rules, report.data))
        raise InvalidError(f"this run cannot be judged: {error}\nSee {_PAGE.resolve()}.") from error
    for reason in decision.reasons:
        level = logging.INFO if reason.passed else logging.WARNING
        _LOG.log(level, "%s: %s", reason.name, reason.text)
    _LOG.info("%s", decision.headline)
    write_record(outs.latency, _latency(seen.subject, seen.timing, device))
    write_record(outs.changed, seen.changed)
    write_json(outs.metrics, _metrics(decision))
    write_record(outs.decision, decision)


def _rules(path: Path) -> tuple[RuleResult, ...]:
    """Return what validation found; nothing if that cannot be read either."""
    try:
        return read_record(path, ValidateResult).rules
    except (DataError, OSError):
        return ()


def _see(
    params: JudgeParams, ins: Ins, dataset: KeyedOrigin, device: Device, max_changed: int
) -> "Seen":
    """Let the files answer."""
    from litesmith.judging.evidence import Night, read_gate, see
    from litesmith.judging.regressions import read_regressions
    from litesmith.judging.released import read_released
    from litesmith.release.pointers import Key

    validated, form = read_record(ins.validated, ValidateResult), read_record(ins.form, DataForm)
    if not validated.passed:
        raise InvalidError("the data did not pass their validation. Run validate again.")
    gate = read_gate(ins.gate, ins.intake / "rows.csv")
    return see(
        Night(
            dataset=dataset.key,
            device=device.name,
            max_latency_ms=device.max_latency_ms,
            validated=validated.passed,
            synthetic=dataset.synthetic,
        ),
        _candidate(ins, gate),
        read_released(ins.in_service, catalog.RELEASED_PACKAGES, Key(dataset.key, device.name)),
        gate,
        read_regressions(ins.regressions / dataset.key, dataset, form.class_names),
        params,
        max_changed,
    )


def _candidate(ins: Ins, gate: "GateSplit") -> "Candidate":
    """Return the final file with all that is known of it."""
    from litesmith.judging.evidence import Candidate, read_keras_answers
    from litesmith.tflite.metadata import read_metadata

    converted = read_record(ins.converted, ConvertResult)
    evaluated = read_record(ins.evaluated, EvaluateResult)
    name, content = converted.final.name, ins.final.read_bytes()
    if evaluated.final != name:
        raise DataError(f"{name} was converted, and {evaluated.final} evaluated. Run evaluate again.")
    sha256 = hashlib.sha256(content).hexdigest()
    return Candidate(
        file=JudgedFile(name=name, sha256=sha256, bytes=len(content), version=None),
        path=ins.final,
        metadata=read_metadata(ins.final),
        keras=read_keras_answers(ins.keras, gate.split, converted.files[name].model),
        limits=evaluated.limits,
    )


def _latency(subject: "Subject", timing: "Timing | None", device: Device) -> JudgeLatency:
    from litesmith.host import describe_host

    files = []
    if timing:
        files.append(TimedFile(name=subject.candidate.name, median_ms=round(timing.candidate_ms, 4)))
    if timing and timing.released_ms is not None and subject.released and subject.released.version:
        files.append(TimedFile(name=subject.released.version, median_ms=round(timing.released_ms, 4)))
    return JudgeLatency(
        host=Host.model_validate(describe_host()),
        files=tuple(files),
        limit_ms=device.max_latency_ms,
        ratio=timing.ratio if timing else None,
        ratio_interval=timing.interval if timing else None,
        waiting=timing.waiting if timing else 0.0,
    )


# DVC shows no value that is null.
_WORDS = {True: "passed", False: "held", None: "cannot tell"}


def _metrics(decision: Decision) -> dict[str, object]:
    """Return the numbers that tell one run from another."""
    metrics: dict[str, object] = {
        "outcome": decision.outcome,
        "num_images": decision.gate.num_images,
        "gates": {reason.name: _WORDS[reason.passed] for reason in decision.reasons},
    }
    if decision.changes:
        seen = decision.changes.comparison
        metrics |= {
            "accuracy": seen.candidate.value,
            "difference": seen.difference.mean,
            "negative_flips": decision.changes.flips.value,
        }
    return metrics
