"""The headline table: baseline against optimized, and against the reference run."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from litesmith.documents.formats import count, milliseconds, percent, points, signed, times
from litesmith.report.difference import BASELINE, Difference
from litesmith.report.inputs import Records
from litesmith.report.records import Absent, first_absent
from litesmith.report.reference import Since

BASELINE_LITE = "baseline-float32"


@dataclass(frozen=True)
class Cell:
    """A cell of the headline table: what is read first, and what stands small below it."""

    value: Any
    detail: str = ""


@dataclass(frozen=True)
class HeadlineRow:
    """One quantity: baseline, optimized, the change from the one to the other, and that since the reference run."""

    name: str
    unit: str
    baseline: Cell
    optimized: Cell
    change: Cell
    since: Cell | None


def headline(
    records: Records, difference: Difference | Absent, since: Since | Absent
) -> list[HeadlineRow]:
    """Set the baseline against the optimized model: accuracy, bytes of the Keras and TFLite files, latency."""
    variants = records["evaluate"]["variants"]
    final, keras = variants[records.final], variants[f"{records.optimized}-keras"]
    first, first_lite = variants[BASELINE], variants[BASELINE_LITE]
    timed = records.latency["variants"]
    speed = timed[BASELINE_LITE]["median_ms"], timed[records.final]["median_ms"]
    before = None if isinstance(since, Absent) else records.reference["headline"]["optimized"]
    right = None if isinstance(since, Absent) else _gain(since.accuracy)

    def row(name: str, unit: str, key: str, first: Any, now: Any) -> HeadlineRow:
        return _fewer(name, unit, first, now, None if before is None else before[key])

    return [
        HeadlineRow(
            "Test accuracy", "%", accuracy_cell(first), accuracy_cell(final), _gain(difference), right
        ),
        row("Keras model", "bytes", "keras_bytes", first["bytes"], keras["bytes"]),
        row("TFLite model", "bytes", "tflite_bytes", first_lite["bytes"], final["bytes"]),
        row("TFLite model, gzip", "bytes", "gzip_bytes", first_lite["gzip_bytes"], final["gzip_bytes"]),
        _latency_row(row("Median latency", "ms", "median_latency_ms", *speed), records),
    ]


def _latency_row(told: HeadlineRow, records: Records) -> HeadlineRow:
    """Tell a change since the reference run that is below the spread of single runs as within it."""
    if told.since is None or not told.since.detail or told.since.value == "the same":
        return told
    now = records.latency["variants"][records.final]
    before = records.reference["latency"]["variants"][records.reference["final"]]
    times: list[Any] = [side[quantile] for side in (now, before) for quantile in ("median_ms", "p90_ms")]
    if first_absent(*times) is not None:
        return replace(told, since=Cell(told.since.value, f"{told.since.detail}, spread not recorded"))
    spread = max(times[1] - times[0], times[3] - times[2])
    if abs(times[0] - times[2]) >= spread:
        return told
    return replace(told, since=Cell("within spread", f"{told.since.value} {told.since.detail}"))


def accuracy_cell(variant: Any) -> Cell:
    """Return a variant's accuracy in percent, its 95 % interval small below."""
    value, (low, high) = variant["accuracy"], (variant["accuracy_interval"][end] for end in (0, 1))
    detail = "" if first_absent(value, low, high) is not None else f"{percent(low)} to {percent(high)}"
    return Cell(value if isinstance(value, Absent) else percent(value), detail)


def _gain(difference: Difference | Absent) -> Cell:
    if isinstance(difference, Absent):
        return Cell(difference)
    return Cell(
        f"{points(difference.mean)} points", f"{points(difference.low)} to {points(difference.high)}"
    )


def _fewer(name: str, unit: str, first: Any, now: Any, before: Any) -> HeadlineRow:
    """Return the row of a quantity of which less is better; ``before`` is None without a reference run."""
    write, word = (count, "smaller") if unit == "bytes" else (milliseconds, "faster")
    baseline, optimized = (
        Cell(value if isinstance(value, Absent) else write(value)) for value in (first, now)
    )
    missing = first_absent(first, now)
    change = Cell(missing if missing is not None else times(first / now, word))
    return HeadlineRow(
        name, unit, baseline, optimized, change, None if before is None else _since(now, before, write)
    )


def _since(now: Any, before: Any, write: Callable[[float], str]) -> Cell:
    missing = first_absent(now, before)
    if missing is not None:
        return Cell(missing)
    return Cell(
        "the same" if now == before else f"{signed(100 * (now / before - 1), 1)}\u00a0%",
        f"from {write(before)}",
    )
