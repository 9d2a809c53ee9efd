"""The headline table: baseline against optimized, and against the reference run."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from operator import attrgetter

from litesmith.analysis.balance import Balance
from litesmith.analysis.intervals import Estimate
from litesmith.records.provenance import Host
from litesmith.records.summary import HeadlineSide, Reference
from litesmith.report.inputs import ReportInputs
from litesmith.report.reference import Change, baseline_side, since_reference, this_run
from litesmith.report.section import Section
from litesmith.wording import NONE, count, milliseconds, percent, points, signed, times


@dataclass(frozen=True)
class Cell:
    """A cell of the table, with a detail in small print."""

    value: str
    detail: str = ""


@dataclass(frozen=True)
class Row:
    """A quantity of both models, and its change since the reference."""

    name: str
    unit: str
    baseline: Cell
    optimized: Cell
    change: Cell
    since: Cell | None


@dataclass(frozen=True)
class HeadlineSection:
    """What the section shows; compared means with the reference run."""

    final: str
    rows: tuple[Row, ...]
    is_compared: bool
    is_paired: bool

    @property
    def has_spread(self) -> bool:
        """Whether a change is within what single runs differ by."""
        return any(row.since is not None and row.since.value == _WITHIN for row in self.rows)


def build(inputs: ReportInputs) -> HeadlineSection:
    """Set the baseline against the optimized model."""
    since = since_reference(inputs)
    reference = inputs.reference if since and not since.same_run else None
    baseline = baseline_side(inputs.results)
    run = this_run(inputs)
    optimized, before = run.optimized, reference.optimized if reference else None
    gain = _difference(inputs.results.evaluate.gain)
    change = _difference(since.accuracy) if since and reference else None
    rows = [
        Row("Test accuracy", "%", _accuracy(baseline), _accuracy(optimized), gain, change),
        *_class_rows(baseline, optimized, before),
    ]
    for name, size in (
        ("Keras model", attrgetter("keras_bytes")),
        ("TFLite model", attrgetter("tflite_bytes")),
        ("TFLite model, gzip", attrgetter("gzip_bytes")),
    ):
        rows.append(
            _row(name, "bytes", size(baseline), size(optimized), size(before) if before else None)
        )
    rows.append(_latency(baseline, run, reference))
    is_paired = since is not None and since.paired
    return HeadlineSection(inputs.final, tuple(rows), reference is not None, is_paired)


def _accuracy(side: HeadlineSide) -> Cell:
    low, high = side.accuracy_interval
    return Cell(percent(side.accuracy), f"{percent(low)} to {percent(high)}")


def _class_rows(baseline: HeadlineSide, now: HeadlineSide, before: HeadlineSide | None) -> Iterator[Row]:
    """Yield the rows of balanced accuracy and worst class."""
    for name, unit, cell, value in (
        ("Balanced accuracy", "%", _balanced, attrgetter("accuracy.value")),
        ("Worst class", "recall, %", _worst, attrgetter("worst.recall.value")),
    ):
        change = _apart(now, baseline, value)
        since = None if before is None else _apart(now, before, value)
        yield Row(name, unit, cell(baseline), cell(now), change, since)


def _balanced(side: HeadlineSide) -> Cell:
    return _share(side.balance.accuracy) if side.balance else Cell(NONE)


def _worst(side: HeadlineSide) -> Cell:
    if side.balance is None:
        return Cell(NONE)
    worst = side.balance.worst
    share = _share(worst.recall)
    name = f"{side.worst_class} ({count(worst.num_images)} images)"
    return replace(share, detail=f"{name}, {share.detail}")


def _share(share: Estimate) -> Cell:
    return Cell(percent(share.value), f"{percent(share.low)} to {percent(share.high)}")


def _apart(now: HeadlineSide, before: HeadlineSide, value: Callable[[Balance], float]) -> Cell:
    if now.balance is None or before.balance is None:
        return Cell(NONE)
    return Cell(f"{points(value(now.balance) - value(before.balance))} points")


def _difference(difference: Change) -> Cell:
    interval = f"{points(difference.low)} to {points(difference.high)}"
    return Cell(f"{points(difference.mean)} points", interval)


def _row(name: str, unit: str, baseline: float, optimized: float, before: float | None) -> Row:
    """Return the row of a quantity of which less is better."""
    write, word = (count, "smaller") if unit == "bytes" else (milliseconds, "faster")
    change = Cell(times(baseline / optimized, word))
    since = None if before is None else _since(optimized, before, write)
    return Row(name, unit, Cell(write(baseline)), Cell(write(optimized)), change, since)


def _since(now: float, before: float, write: Callable[[float], str]) -> Cell:
    change = "the same" if now == before else f"{signed(100 * (now / before - 1), 1)}\u00a0%"
    return Cell(change, f"from {write(before)}")


def _latency(baseline: HeadlineSide, run: Reference, reference: Reference | None) -> Row:
    """Return the row of the latency, whose change may be within spread."""
    now, before = run.latency, reference.latency if reference else None
    former = before.median_ms if before else None
    row = _row("Median latency", "ms", baseline.median_latency_ms, now.median_ms, former)
    if before is None or row.since is None or reference is None:
        return row
    if _timed_on(run) != _timed_on(reference):
        # The same network took 0.203 ms on one host and 0.036 on another.
        return replace(row, since=Cell("not compared", "another host"))
    if now.median_ms == before.median_ms:
        return row
    spread = max(now.p90_ms - now.median_ms, before.p90_ms - before.median_ms)
    if abs(now.median_ms - before.median_ms) >= spread:
        return row
    return replace(row, since=Cell(_WITHIN, f"{row.since.value} {row.since.detail}"))


def _timed_on(run: Reference) -> Host | None:
    step = run.provenance.get(_TIMES)
    return step.host if step else None


# The step that times the files.
_TIMES = "evaluate"
_WITHIN = "within spread"

SECTION = Section("headline", "Headline", build)
