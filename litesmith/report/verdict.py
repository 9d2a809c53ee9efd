"""The verdict: is the optimized model better, does it fit the device, can the run be trusted, and what to do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from litesmith.documents.formats import amount, count, number, percent, points, shell
from litesmith.report.difference import BASELINE, Difference
from litesmith.report.inputs import Records
from litesmith.report.records import Absent, Incomparable, first_absent, plain
from litesmith.report.reference import Since
from litesmith.report.sections.provenance.section import host_words


@dataclass(frozen=True)
class BudgetLine:
    """One limit of the device and what the optimized model takes of it.

    Attributes:
        limit_name: Name of the parameter.
        name: Of the quantity.
        unit: Of the value and the limit, empty where it is a mere number.
        value: What the model takes, absent where it is not known.
        limit: The most that the device has.
        note: What the value does not say of the device, empty where it says all.
    """

    limit_name: str
    name: str
    unit: str
    value: Any
    limit: float
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the limit is kept; None where the value is absent."""
        return None if isinstance(self.value, Absent) else self.value <= self.limit


@dataclass(frozen=True)
class Reason:
    """One thing that the verdict rests on: whether it speaks for the model (None: unknown), and the facts."""

    topic: str
    good: bool | None
    text: str


@dataclass(frozen=True)
class Verdict:
    """One sentence and the reasons for it.

    Args:
        outcome: ``good``, ``bad`` or ``unclear``.
        sentence: The verdict, with what decided it.
        advice: What to do next.
        reasons: What it rests on: accuracy, the reference run, the device's budget, the final file's checks, the data.
    """

    outcome: str
    sentence: str
    advice: str
    reasons: tuple[Reason, ...]


def budget(records: Records, limits: Mapping[str, float | None]) -> list[BudgetLine]:
    """Set what the final model takes against each limit of the device; one that is null is none."""
    winner, final = records["sweep"]["winner"], records["evaluate"]["variants"][records.final]
    macs, activation_bytes = (
        _times(winner[name], records.passes) for name in ("macs", "activation_bytes")
    )
    median_ms = records.latency["variants"][records.final]["median_ms"]
    known = {
        "max_tflite_bytes": ("int8 file", "bytes", final["bytes"]),
        "max_macs": ("multiply-accumulates of one prediction", "", macs),
        "max_activation_bytes": ("peak of live activations", "bytes", activation_bytes),
        "max_latency_ms": ("median latency of one image on this host", "ms", median_ms),
        **_measured_limits(records),
    }
    host = records.latency["host"]
    words = "a host that is not recorded" if isinstance(host, Absent) else host_words(host)
    notes = {"max_latency_ms": f"timed on {words}, not on the device"}
    asked = {key: limit for key, limit in limits.items() if limit is not None}
    return [
        BudgetLine(key, *known.get(key, _unmeasured(key)), limit, notes.get(key, ""))
        for key, limit in asked.items()
    ]


def _times(figure: Any, passes: int) -> Any:
    return figure if isinstance(figure, Absent) else figure * passes


def _measured_limits(records: Records) -> dict[str, tuple[str, str, Any]]:
    """Return label, unit and value of what device measurements say of limits, by the limit's name."""
    limits = [
        (device["limit"], measured_files(device))
        for _, device in records["evaluate"]["device"].items()
        if device.optional("limit")
    ]
    return {
        limit["name"]: (limit["label"], limit["unit"], _taken(files, records.final, limit["field"]))
        for limit, files in limits
    }


def _taken(files: Any, final: str, field: str) -> Any:
    """Return what the final file was measured to need, absent with the reason where it rightly was not."""
    cost = files[final]
    return Absent(str(cost["refused"])) if cost.optional("refused") else cost[field]


def measured_files(device: Any) -> Any:
    """Return the costs that a measurement found, by file, or why there are none."""
    if device.optional("files") is None:
        return Absent("evaluate.measure in params.yaml does not ask for it")
    return device["files"]


def _unmeasured(key: str) -> tuple[str, str, Absent]:
    words = key.removeprefix("max_").split("_")
    unit = words.pop() if words[-1] in ("bytes", "ms") else ""
    return " ".join(words) or key, unit, Absent("no step measures it")


def judge(
    records: Records, difference: Difference | Absent, lines: Sequence[BudgetLine], since: Since | Absent
) -> Verdict:
    """Say in one sentence whether the optimized model is better, fits and can be trusted, and why."""
    reasons = (
        _accuracy_reason(records, difference),
        *_reference_reasons(since, records),
        _budget_reason(lines),
        _files_reason(records),
        _data_reason(records),
    )
    if plain(records["validate"]["dataset"]["drawn"], False):
        return Verdict("unclear", _DRAWN, _DRAWN_ADVICE, reasons)
    facts = [reason.good for reason in reasons]
    outcome = "bad" if False in facts else "unclear" if None in facts else "good"
    fits = (
        "within every limit of the device"
        if all(line.met for line in lines)
        else "within every limit measured"
    )
    sentence, advice = _said(records, difference, since, reasons, fits)
    return Verdict(outcome, sentence, advice, reasons)


def _said(
    records: Records,
    difference: Difference | Absent,
    since: Since | Absent,
    reasons: Sequence[Reason],
    fits: str,
) -> tuple[str, str]:
    """Return the verdict's sentence and its advice."""
    name = records.final or "The optimized model"
    if isinstance(difference, Absent):
        return (
            f"{name} could not be compared with the baseline.",
            "The end of the page lists what is not recorded.",
        )
    if broken := _broken(reasons, difference):
        return f"Do not ship {name}: {_listed(broken)}.", "The reasons say what has to change first."
    merits = [_apart(difference, "the baseline")]
    if unknown := [_doubt(reason, since) for reason in reasons if reason.good is None]:
        return (
            f"Look before you ship {name}: {_listed([*merits, *unknown])}.",
            "The reasons say what to look at.",
        )
    if isinstance(since, Since) and since.same_run:
        return f"{name} is the reference run itself: {_listed([*merits, fits])}.", _ITSELF
    against = since.accuracy if isinstance(since, Since) and since.paired else None
    if not isinstance(against, Difference):
        return f"Ship {name}: {_listed([*merits, fits])}.", _keep_it(records)
    if against.outcome == "worse":
        return f"Keep the reference run: {name} is {_apart(against, 'it')}.", _CHANGED
    if against.outcome == "even":
        sentence = (
            f"{name} does as well as the reference run{_resized(since)}: {_listed([*merits, fits])}."
        )
        worth = (
            "It may be shipped for its size."
            if "smaller" in _resized(since)
            else "Nothing has to be done."
        )
        return sentence, f"{worth} {_CHANGED}"
    return f"Ship {name}: {_listed([*merits, _apart(against, 'the reference run'), fits])}.", _keep_it(
        records
    )


def _keep_it(records: Records) -> str:
    """Say how this run becomes the reference; one with a profile lies in a workspace of its own."""
    return (
        f"Once it is shipped, `{reference_command(records)}` makes it what later runs are compared with."
    )


def reference_command(records: Records) -> str:
    """Return the command that makes this very run the reference."""
    return (
        f"python -m tasks reference{f' --profile {shell(records.profile)}' if records.profile else ''}"
    )


def _resized(since: Since | Absent) -> str:
    """Say how the file's bytes stand to the reference run's, of raw ones first; nothing if they are about the same."""
    shares = (
        [] if isinstance(since, Absent) else [(since.raw_share, ""), (since.gzip_share, " after gzip")]
    )
    for share, when in shares:
        if not isinstance(share, Absent) and abs(share - 1) >= _ABOUT:
            return f" with a file {percent(abs(share - 1), 0)}\u00a0% {'smaller' if share < 1 else 'larger'}{when}"
    return ""


_ABOUT = 0.01  # below it two sizes are told as the same


def _doubt(reason: Reason, since: Since | Absent) -> str:
    """Say in words what keeps a reason from speaking for the model."""
    if (
        reason.topic == "Reference"
        and isinstance(since, Since)
        and isinstance(since.accuracy, Difference)
    ):
        return f"it is {_apart(since.accuracy, 'the reference run')}, on other test images"
    return _UNKNOWN[reason.topic]


_DRAWN = "Drawn images: this run says that the pipeline works, and nothing about a model."
_DRAWN_ADVICE = (
    "Run it on the real data: `make run` takes the first source in params.yaml that can be reached."
)
_ITSELF = "Nothing has to be done: later runs are compared with this one."
_CHANGED = "What changed since the reference run stands below."
_UNKNOWN = {
    "Accuracy": "its accuracy is not known",
    "Reference": "it could not be compared with the reference run",
    "Budget": "whether it fits the device is not known",
    "Files": "not every check of its file is recorded",
    "Data": "the result of validation is not recorded",
}


def _broken(reasons: Sequence[Reason], difference: Difference) -> list[str]:
    """Return in words what forbids to ship the model whatever the reference run was."""
    bad = {reason.topic for reason in reasons if reason.good is False}
    words = {
        "Files": "it failed its checks",
        "Data": "the data failed validation",
        "Budget": "it breaks the device's budget",
        "Accuracy": f"it is {_apart(difference, 'the baseline')}",
    }
    return [text for topic, text in words.items() if topic in bad]


def _apart(difference: Difference, other: str) -> str:
    """Say how a model's accuracy stands to another's: ``2.10 points more accurate than the baseline``."""
    if difference.outcome == "even":
        return f"as accurate as {other} within noise"
    more = "more" if difference.outcome == "better" else "less"
    return f"{number(100 * abs(difference.mean), 2)} points {more} accurate than {other}"


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _accuracy_reason(records: Records, difference: Difference | Absent) -> Reason:
    if isinstance(difference, Absent):
        return Reason("Accuracy", None, f"was not compared: {difference.reason}.")
    variants, num_images = records["evaluate"]["variants"], records["evaluate"]["num_images"]
    after, before = variants[records.final]["accuracy"], variants[BASELINE]["accuracy"]
    good = difference.outcome != "worse"
    if first_absent(after, before, num_images) is not None:
        return Reason("Accuracy", good, f"{_spread(difference)}.")
    right = f"{percent(after)}\u00a0% of {count(num_images)} test images right, the baseline {percent(before)}\u00a0%"
    return Reason("Accuracy", good, f"{right}: {_spread(difference)}.")


def _spread(difference: Difference) -> str:
    return f"{points(difference.mean)} points, 95\u00a0% interval {points(difference.low)} to {points(difference.high)}"


def _reference_reasons(since: Since | Absent, records: Records) -> list[Reason]:
    """Return the reason that a reference run gives; none if there is none, or if it is of another data set."""
    if isinstance(since, Incomparable):
        renewal = (
            f"`{reference_command(records)}` makes this run the reference, in the version that is read"
        )
        return [Reason("Reference", None, f"was not compared: {since.reason}. {renewal}.")]
    if isinstance(since, Absent):
        return []
    if since.same_run:
        return [
            Reason(
                "Reference",
                True,
                "this run is the reference run itself: all its inputs have the same hashes.",
            )
        ]
    if isinstance(since.accuracy, Absent):
        return [Reason("Reference", None, f"was not compared: {since.accuracy.reason}.")]
    how = "on the same test images" if since.paired else "not on the same test images, so it tells less"
    # Other test images may be harder: worse on them is a reason to look, not to refuse.
    good = True if since.accuracy.outcome != "worse" else False if since.paired else None
    return [
        Reason(
            "Reference",
            good,
            f"{_spread(since.accuracy)} against {since.final} of the reference run, {how}.",
        )
    ]


def _budget_reason(lines: Sequence[BudgetLine]) -> Reason:
    broken = [_excess(line) for line in lines if line.met is False]
    unknown = [line.name for line in lines if line.met is None]
    timed = any(line.note and line.met is not None for line in lines)
    hosts = " Latency is this host's, not the device's." if timed else ""
    if broken:
        return Reason("Budget", False, f"over the device's limit: {'; '.join(broken)}.{hosts}")
    if len(unknown) == len(lines):
        return Reason(
            "Budget", None, f"not known: {', '.join(unknown) or 'no limit of the device is recorded'}."
        )
    known = [line for line in lines if line.met is not None]
    shares = ", ".join(f"{line.name} at {percent(line.value / line.limit, 0)}\u00a0%" for line in known)
    if unknown:
        kept = f"every limit that was measured is kept: {shares}. Not measured: {', '.join(unknown)}."
        return Reason("Budget", True, f"{kept}{hosts}")
    return Reason("Budget", True, f"every limit of the device is kept: {shares}.{hosts}")


def _excess(line: BudgetLine) -> str:
    return (
        f"{line.name} {amount(line.value)} of {amount(line.limit)}{' ' if line.unit else ''}{line.unit}"
    )


def _files_reason(records: Records) -> Reason:
    """Judge by the checks of the final file; those of files that are not shipped are told and decide nothing."""
    told = [
        (name == records.final, f"{name}: {check['name']}", plain(check["passed"], None))
        for name, file in records["convert"]["files"].items()
        for check in file["checks"]
    ]
    own, others = (
        [(check, passed) for is_final, check, passed in told if is_final is kind]
        for kind in (True, False)
    )
    failed = [check for check, passed in own if passed is False]
    note = f"{_other_files(others)}{_refused(records)}"
    if failed:
        return Reason(
            "Files", False, f"{len(failed)} of its {len(own)} checks failed: {', '.join(failed)}.{note}"
        )
    if not own or None in [passed for _, passed in own]:
        return Reason(
            "Files", None, f"not every check of {records.final or 'the final file'} is recorded.{note}"
        )
    if not note:
        return Reason(
            "Files",
            True,
            f"all {len(told)} checks of the converted files passed, run without TensorFlow.",
        )
    return Reason(
        "Files", True, f"all {len(own)} checks of {records.final} passed, run without TensorFlow.{note}"
    )


def _other_files(checks: Sequence[tuple[str, bool | None]]) -> str:
    """Say which checks of files that are not the final one failed or are not recorded; nothing if all passed."""
    failed = [check for check, passed in checks if passed is False]
    num_unknown = sum(passed is None for _, passed in checks)
    note = (
        f" Of other files {len(failed)} of {len(checks)} checks failed: {', '.join(failed)}."
        if failed
        else ""
    )
    return (
        f"{note} Of other files {num_unknown} of {len(checks)} checks are not recorded."
        if num_unknown
        else note
    )


def _refused(records: Records) -> str:
    """Say which files are not there because they failed a check; nothing if none is missing."""
    names = plain(records["convert"].optional("refused"), {})
    return f" Refused, as they failed a check: {', '.join(names)}." if names else ""


def _data_reason(records: Records) -> Reason:
    passed, rules = records["validate"]["passed"], records["validate"]["rules"]
    if isinstance(passed, Absent):
        return Reason("Data", None, "the result of validation is not recorded.")
    failed = [str(rule["name"]) for rule in rules if not plain(rule["success"], True)]
    if not passed:
        return Reason("Data", False, f"validation failed: {', '.join(failed)}.")
    warned = f", {len(failed)} of them with a warning: {', '.join(failed)}" if failed else ""
    return Reason("Data", True, f"validation passed on {len(rules)} rules{warned}.")
