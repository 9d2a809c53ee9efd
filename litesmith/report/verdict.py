"""The verdict: is the optimized model better than the baseline, does it fit the device, can the run be trusted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from litesmith.report.formats import count, percent, points
from litesmith.report.inputs import Predictions, Records
from litesmith.report.records import Absent, first_absent, plain
from litesmith.scores import compare

BASELINE = "baseline-keras"

_Z_95 = 1.959964  # the normal distribution's 97.5 % quantile


@dataclass(frozen=True)
class Difference:
    """Accuracy of one model minus another's on the same images, with its 95\u00a0% interval; all fractions."""

    mean: float
    low: float
    high: float

    @property
    def outcome(self) -> str:
        """``better``, ``worse``, or ``even`` when the interval holds zero."""
        return "better" if self.low > 0 else "worse" if self.high < 0 else "even"


@dataclass(frozen=True)
class BudgetLine:
    """One limit of the device and what the optimized model takes of it."""

    name: str
    unit: str
    value: Any
    limit: float

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
        sentence: The verdict.
        reasons: What it rests on: accuracy, the device's budget, the converted files, the data.
    """

    outcome: str
    sentence: str
    reasons: tuple[Reason, ...]


def compared(predictions: Predictions, final: str) -> Difference | Absent:
    """Compare the final variant with the baseline on the test images, if both predicted them."""
    before, after = predictions.predicted.get(BASELINE), predictions.predicted.get(final)
    if before is None or after is None or not len(predictions.labels):
        return Absent(f"the predictions hold no {BASELINE if before is None else final or 'final variant'}")
    paired = compare(predictions.labels, after, before)
    half = _Z_95 * paired.standard_error
    return Difference(paired.difference, paired.difference - half, paired.difference + half)


def budget(records: Records, limits: Mapping[str, float]) -> list[BudgetLine]:
    """Set what the final model takes against each limit of the device."""
    winner = records["sweep"]["winner"]
    known = {
        "max_tflite_bytes": ("int8 file", "bytes", records["evaluate"]["variants"][records.final]["bytes"]),
        "max_macs": ("multiply-accumulates of one prediction", "", winner["macs"]),
        "max_activation_bytes": ("peak of live activations", "bytes", winner["activation_bytes"]),
    }
    unknown = Absent("no step measures it")
    return [
        BudgetLine(*known.get(key, (key.removeprefix("max_").replace("_", " "), "", unknown)), limit)
        for key, limit in limits.items()
    ]


def judge(records: Records, difference: Difference | Absent, lines: list[BudgetLine]) -> Verdict:
    """Say in one sentence whether the optimized model is better, fits and can be trusted, and why."""
    reasons = (
        _accuracy_reason(records, difference),
        _budget_reason(lines),
        _files_reason(records),
        _data_reason(records),
    )
    facts = [reason.good for reason in reasons]
    outcome = "bad" if False in facts else "unclear" if None in facts else "good"
    return Verdict(outcome, _sentence(difference, reasons), reasons)


def _sentence(difference: Difference | Absent, reasons: Sequence[Reason]) -> str:
    """Return the verdict in one sentence."""
    if isinstance(difference, Absent):
        return "The optimized model could not be compared with the baseline."
    broken = [reason.topic for reason in reasons[2:] if reason.good is False]
    if broken:
        return f"Do not ship this model: {' and '.join(_BROKEN[topic] for topic in broken)}."
    return f"{_WORDS[difference.outcome]}{_FITS[reasons[1].good]}"


_BROKEN = {"Files": "its converted files failed their checks", "Data": "the data failed validation"}
_WORDS = {
    "better": "The optimized model is better than the baseline",
    "even": "The optimized model is as accurate as the baseline",
    "worse": "The optimized model is less accurate than the baseline",
}
_FITS = {
    True: " and fits the device.",
    False: " but breaks the device's budget.",
    None: "; whether it fits the device is not recorded.",
}


def _accuracy_reason(records: Records, difference: Difference | Absent) -> Reason:
    if isinstance(difference, Absent):
        return Reason("Accuracy", None, f"was not compared: {difference.reason}.")
    variants, num_images = records["evaluate"]["variants"], records["evaluate"]["num_images"]
    after, before = variants[records.final]["accuracy"], variants[BASELINE]["accuracy"]
    spread = (
        f"{points(difference.mean)} points, 95\u00a0% interval {points(difference.low)} to {points(difference.high)}"
    )
    if first_absent(after, before, num_images) is not None:
        return Reason("Accuracy", difference.outcome != "worse", f"{spread}.")
    right = f"{percent(after)}\u00a0% of {count(num_images)} test images right, the baseline {percent(before)}\u00a0%"
    return Reason("Accuracy", difference.outcome != "worse", f"{right}: {spread}.")


def _budget_reason(lines: list[BudgetLine]) -> Reason:
    broken = [f"{line.name} {count(line.value)} of {count(line.limit)}" for line in lines if line.met is False]
    unknown = [line.name for line in lines if line.met is None]
    if broken:
        return Reason("Budget", False, f"over the device's limit: {'; '.join(broken)}.")
    if unknown or not lines:
        return Reason("Budget", None, f"not known: {', '.join(unknown) or 'no limit of the device is recorded'}.")
    shares = ", ".join(f"{line.name} at {percent(line.value / line.limit, 0)}\u00a0%" for line in lines)
    return Reason("Budget", True, f"every limit of the device is kept: {shares}.")


def _files_reason(records: Records) -> Reason:
    checks = [(name, check) for name, file in records["convert"]["files"].items() for check in file["checks"]]
    failed = [f"{name}: {check['name']}" for name, check in checks if not check["passed"]]
    if failed:
        return Reason("Files", False, f"{len(failed)} of {len(checks)} checks failed: {', '.join(failed)}.")
    if not checks:
        return Reason("Files", None, "no check of a converted file is recorded.")
    return Reason("Files", True, f"all {len(checks)} checks of the converted files passed, run without TensorFlow.")


def _data_reason(records: Records) -> Reason:
    passed, rules = records["validate"]["passed"], records["validate"]["rules"]
    if isinstance(passed, Absent):
        return Reason("Data", None, "the result of validation is not recorded.")
    failed = [str(rule["name"]) for rule in rules if not plain(rule["success"], True)]
    if not passed:
        return Reason("Data", False, f"validation failed: {', '.join(failed)}.")
    warned = f", {len(failed)} of them with a warning: {', '.join(failed)}" if failed else ""
    return Reason("Data", True, f"validation passed on {len(rules)} rules{warned}.")
