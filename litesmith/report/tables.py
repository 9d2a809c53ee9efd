"""The headline table: baseline against optimized."""

from dataclasses import dataclass
from typing import Any

from litesmith.report.formats import count, milliseconds, percent, points, times
from litesmith.report.inputs import Records
from litesmith.report.records import Absent, first_absent
from litesmith.report.verdict import BASELINE, Difference

BASELINE_LITE = "baseline-float32"


@dataclass(frozen=True)
class Cell:
    """A cell of the headline table: what is read first, and what stands small below it."""

    value: Any
    detail: str = ""


@dataclass(frozen=True)
class HeadlineRow:
    """One quantity of the headline table: baseline, optimized, and the change from one to the other."""

    name: str
    unit: str
    baseline: Cell
    optimized: Cell
    change: Cell


def headline(records: Records, difference: Difference | Absent) -> list[HeadlineRow]:
    """Set the baseline against the optimized model: accuracy, bytes of the Keras and TFLite files, latency."""
    variants = records["evaluate"]["variants"]
    final, keras = variants[records.final], variants[f"{records.optimized}-keras"]
    first, first_lite = variants[BASELINE], variants[BASELINE_LITE]
    timed = records.latency["variants"]
    speed = timed[BASELINE_LITE]["median_ms"], timed[records.final]["median_ms"]
    return [
        HeadlineRow("Test accuracy", "%", accuracy_cell(first), accuracy_cell(final), _gain(difference)),
        _fewer("Keras model", "bytes", first["bytes"], keras["bytes"], "smaller"),
        _fewer("TFLite model", "bytes", first_lite["bytes"], final["bytes"], "smaller"),
        _fewer("TFLite model, gzip", "bytes", first_lite["gzip_bytes"], final["gzip_bytes"], "smaller"),
        _fewer("Median latency", "ms", *speed, "faster"),
    ]


def accuracy_cell(variant: Any) -> Cell:
    """Return a variant's accuracy in percent, its 95 % interval small below."""
    value, (low, high) = variant["accuracy"], (variant["accuracy_interval"][end] for end in (0, 1))
    detail = "" if first_absent(value, low, high) is not None else f"{percent(low)} to {percent(high)}"
    return Cell(value if isinstance(value, Absent) else percent(value), detail)


def _gain(difference: Difference | Absent) -> Cell:
    if isinstance(difference, Absent):
        return Cell(difference)
    return Cell(f"{points(difference.mean)} points", f"{points(difference.low)} to {points(difference.high)}")


def _fewer(name: str, unit: str, before: Any, after: Any, word: str) -> HeadlineRow:
    missing, write = first_absent(before, after), count if unit == "bytes" else milliseconds
    first, second = (Cell(value if isinstance(value, Absent) else write(value)) for value in (before, after))
    change = Cell(missing if missing is not None else times(before / after, word))
    return HeadlineRow(name, unit, first, second, change)
