"""One run of the flow: what it did, took and reached."""

import json
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, JsonValue

from litesmith.analysis.balance import Balance
from litesmith.files import read_json
from litesmith.params.section import about
from litesmith.records.figures import AccuracyChange, ReportVerdict
from litesmith.records.record import Count, Interval, Record, Share, parse_record
from litesmith.records.service.judge import DecisionOutcome

VERSION: Literal[7] = 7
"""Goes up when `RunRecord` changes; 1 to 3 were written without it and differ in what they hold."""


_VERSION, _RESULT, _CONDITIONS = "version", "result", "conditions"
_SINCE_5, _SINCE_6 = ("balance", "worst_class"), ("gate", "cost", _CONDITIONS)
_SINCE_7 = ("deciding",)


class Outcome(StrEnum):
    """How a stage ended."""

    UP_TO_DATE = "UpToDate"
    RESTORED = "Restored"
    COMPLETED = "Completed"
    FAILED = "Failed"


class StageRun(Record):
    """One stage of a run."""

    outcome: Annotated[Outcome, about("How it ended.")]
    wall_s: Annotated[float, about("Seconds of the run that it took.")]
    step_wall_s: Annotated[float | None, about("Of its step's process; None if that did not end.")]
    step_cpu_s: Annotated[float | None, about("Workers included; None in the same case.")]


class GitState(Record):
    """The state of the project's sources."""

    revision: Annotated[str | None, about("The commit that is checked out, None if git does not tell.")]
    dirty: Annotated[bool | None, about("Whether files differ from it, None if git does not tell.")]
    unknown: Annotated[str | None, about("Why one of them is None, None if neither is.")]


class GateResult(Record):
    """What the decision found on the gate images."""

    dataset: Annotated[str, about("Key of the data set, such as ``fashion-mnist``.")]
    device: Annotated[str, about("Key of the device, such as ``wearable``.")]
    outcome: DecisionOutcome
    file_sha256: Annotated[str, about("Of the final file.")]
    accuracy: Annotated[Share, about("Of the final file on the gate images.")]
    num_images: Count
    images_sha256: Annotated[str, about("Over the digests of the gate images, in order.")]


class Cost(Record):
    """What one answer of the final file costs."""

    macs: Annotated[Count, about("Multiply-accumulates.")]
    latency_ms: Annotated[float, about("Median time for one image on one thread.")]
    host: Annotated[str, about("The host that was timed, in words.")]


class Conditions(Record):
    """What a result rests on, as digests that tell whether two runs share it."""

    test: Annotated[str, about("Of the test images and their labels.")]
    data: Annotated[str, about("Of all splits.")]
    parameters: Annotated[str, about("Of all parameters of the steps but the sources of the data.")]
    deciding: Annotated[str | None, about("Of those that decide results; None up to version 6.")]


class RunResult(Record):
    """What a run reached."""

    final: str
    accuracy: Share
    accuracy_interval: Interval
    balance: Annotated[Balance | None, about("By class; None up to version 4.")]
    worst_class: Annotated[str | None, about("The class recognized least often; None in the same case.")]
    bytes: Count
    gzip_bytes: Count
    verdict: Annotated[ReportVerdict | None, about("Of the report, None if it left none.")]
    since_reference: Annotated[AccuracyChange | None, about("None if there is no reference run.")]
    gate: Annotated[GateResult | None, about("None up to version 5, or if there is no decision.")]
    cost: Annotated[Cost | None, about("None up to version 5, or if there is no summary.")]
    conditions: Annotated[Conditions | None, about("None in the same cases.")]


def _in_utc(moment: datetime) -> datetime:
    """Return a moment with its zone, UTC if it lost it."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class RunRecord(Record):
    """What one run of the flow did in one workspace."""

    version: Literal[7]
    flow_run: str
    name: str
    profile: Annotated[str | None, about("Such as ``quick+synthetic``; None for the project itself.")]
    command: str
    git: GitState
    started: Annotated[
        datetime, AfterValidator(_in_utc), about("Local time and its distance from UTC, 0 up to 5.")
    ]
    startup_s: Annotated[float | None, about("Before the flow began; None in version 1.")]
    wall_s: float
    steps_wall_s: Annotated[float, about("Seconds of these in the steps' own processes.")]
    overhead_s: Annotated[float, about("The other seconds.")]
    steps_cpu_s: Annotated[float | None, about("CPU-seconds of the steps; None in version 1.")]
    cpu_s: Annotated[float, about("Of flow, DVC and steps, without Prefect's server.")]
    server_cpu_s: Annotated[float | None, about("None if the run did not start it, and in version 1.")]
    stages: dict[str, StageRun]
    error: Annotated[str | None, about("Why the run failed or was stopped, None if it came to its end.")]
    refused: Annotated[bool, about("Whether the step that failed left a page that shows why.")]
    synthetic: Annotated[bool | None, about("None if unknown, as in versions 1 and 2.")]
    result: Annotated[RunResult | None, about("None if it left none, and in version 1.")]


def read_run(path: Path) -> RunRecord:
    """Return the record of a run, converted if an older version wrote it.

    Raises:
        DataError: The file is not JSON or not such a record, or a newer version wrote it.
        FileNotFoundError: There is no such file.
    """
    content: JsonValue = read_json(path)
    if isinstance(content, dict) and "version" not in content:
        content = _converted(content)
    if isinstance(content, dict) and content.get(_VERSION) in (4, 5, 6):
        result = _filled(content.get(_RESULT), *_SINCE_5, *_SINCE_6)
        if isinstance(result, dict):
            result[_CONDITIONS] = _filled(result[_CONDITIONS], *_SINCE_7)
        content = {**content, _VERSION: VERSION, _RESULT: result}
    return parse_record(json.dumps(content), RunRecord, path.as_posix())


def _converted(content: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Return a record of version 1 to 3 in the shape of version 4.

    Version 1 knew neither the server nor a result, version 2 not whether the images are synthetic. Some
    in between say that beside the result.
    """
    result, stages = content.get(_RESULT), content.get("stages")
    beside = content.pop("drawn", None)
    synthetic = result.pop("drawn", beside) if isinstance(result, dict) else beside
    added: dict[str, JsonValue] = dict.fromkeys(("startup_s", "steps_cpu_s", "server_cpu_s", "result"))
    if isinstance(stages, dict):
        stages = {name: _filled(stage, "step_wall_s", "step_cpu_s") for name, stage in stages.items()}
    git = _filled(content.get("git"), "unknown")
    converted = {**content, "git": git, "stages": stages}
    return {"version": 4, "refused": False, "synthetic": synthetic, **added, **converted}


def _filled(part: JsonValue, *names: str) -> JsonValue:
    """Return a part of a record with null for what it does not hold."""
    return {**dict.fromkeys(names), **part} if isinstance(part, dict) else part
