"""Accuracy, size and latency from run to run, with their natural limits."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from litesmith.analysis.control import Limits, natural_limits
from litesmith.history.runs import Run
from litesmith.records.run import Conditions, RunResult
from litesmith.records.service.release import LogLine
from litesmith.wording import count, milliseconds, percent

_CLEAR = 0.1  # of the span between the extremes, left free above and below them
_NARROW = 0.005  # the same where all are equal, as a share of the value


@dataclass(frozen=True)
class Point:
    """One run in a figure.

    Attributes:
        id: Of the run.
        started: When it began.
        value: As measured.
        interval: Its 95 % interval; None where none is known.
        limits: What was usual before it; None where too little is known.
        repeats: Whether its file was measured in an earlier run.
    """

    id: str
    started: datetime
    value: float
    interval: tuple[float, float] | None
    limits: Limits | None
    repeats: bool

    @property
    def is_outside(self) -> bool:
        """Whether the value is outside of what was usual before."""
        return self.limits is not None and not self.limits.holds(self.value)

    @property
    def extremes(self) -> tuple[float, ...]:
        """All values that a figure shows of it."""
        limits = (self.limits.low, self.limits.high) if self.limits else ()
        return (self.value, *(self.interval or ()), *limits)


@dataclass(frozen=True)
class Event:
    """A promotion or a rollback, after the run at a place in the figure."""

    line: LogLine
    after: int


@dataclass(frozen=True)
class Trend:
    """A quantity from run to run.

    Attributes:
        name: Of the quantity.
        unit: Behind a value.
        write: Writes a value.
        points: One for each run that recorded it, in their order.
        events: What was put in service meanwhile.
        usual: What is usual by now, for the next run with the parameters of the last one.
        num_counted: Values with the parameters of the last run.
        host: That the times are of; None of what no host changes.
        num_elsewhere: Runs that were timed on other hosts and are not shown.
    """

    name: str
    unit: str
    write: Callable[[float], str]
    points: tuple[Point, ...]
    events: tuple[Event, ...]
    usual: Limits | None
    num_counted: int
    host: str | None = None
    num_elsewhere: int = 0

    @cached_property
    def _ends(self) -> tuple[float, float]:
        """The values at the lower and the upper end of the figure."""
        low, high = self.extremes
        margin = _CLEAR * (high - low) or _NARROW * abs(high) or _NARROW
        return low - margin, high + margin

    @property
    def extremes(self) -> tuple[float, float]:
        """The lowest and the highest value that the figure shows."""
        values = [value for point in self.points for value in point.extremes]
        return min(values), max(values)

    @property
    def outside(self) -> tuple[Point, ...]:
        """Runs that are outside of what was usual before them."""
        return tuple(point for point in self.points if point.is_outside)

    def across(self, at: float) -> float:
        """Return the place of a run in the figure, from 0 to 100."""
        return round(min(100 * at / max(len(self.points) - 1, 1), 100), 2)

    def down(self, value: float) -> float:
        """Return the place of a value in the figure, near 0 for the highest."""
        low, high = self._ends
        return round(100 * (high - value) / (high - low), 2)

    @property
    def bands(self) -> list[str]:
        """Outlines of what was usual, where neighbours know it."""
        bands: list[list[tuple[float, Limits]]] = []
        chain: list[tuple[float, Limits]] = []
        for at, point in enumerate(self.points):
            if point.limits:
                chain.append((self.across(at), point.limits))
            else:
                bands.append(chain)
                chain = []
        return [self._outline(chain) for chain in (*bands, chain) if len(chain) > 1]

    def _outline(self, chain: Sequence[tuple[float, Limits]]) -> str:
        above = [f"{x},{self.down(limits.high)}" for x, limits in chain]
        below = [f"{x},{self.down(limits.low)}" for x, limits in reversed(chain)]
        return " ".join([*above, *below])


@dataclass(frozen=True)
class _Quantity:
    """What is followed from run to run.

    Attributes:
        name: Of it.
        unit: Behind a value.
        write: Writes a value.
        read: Returns it from the result of a run.
        is_time: Whether it is another in each measurement of the same file.
    """

    name: str
    unit: str
    write: Callable[[float], str]
    read: Callable[[RunResult], float]
    is_time: bool = False


def _accuracy(result: RunResult) -> float:
    return result.accuracy


def _size(result: RunResult) -> float:
    return result.bytes


def _latency(result: RunResult) -> float:
    assert result.cost is not None
    return result.cost.latency_ms


_ACCURACY = _Quantity("Test accuracy", " %", percent, _accuracy)
_SIZE = _Quantity("Size of final.tflite", " bytes", count, _size)
_LATENCY = _Quantity("Latency", " ms", milliseconds, _latency, is_time=True)


def trends(runs: Sequence[Run], events: Sequence[LogLine] = ()) -> list[Trend]:
    """Return accuracy, size and latency from run to run.

    A run is compared with the runs before it whose deciding parameters were the same. Each file counts
    once, since a run that finds everything up to date shows the values of an earlier one. The data may
    have grown between two runs: what batches bring from night to night belongs to what is usual. Of
    latency only the runs on the host of the last one count, and of them those that measured it.

    Args:
        runs: In the order in which they began.
        events: Promotions and rollbacks.
    """
    known = [(run, run.record.result) for run in runs if run.record.result]
    if not known:
        return []
    deciding = _deciding(result.conditions for _, result in known)
    found = [_trend(quantity, known, deciding, events) for quantity in (_ACCURACY, _SIZE)]
    hosts = [result.cost.host for _, result in known if result.cost]
    if hosts:
        here = [(run, result) for run, result in known if result.cost and result.cost.host == hosts[-1]]
        elsewhere = len(hosts) - len(here)
        found.append(_trend(_LATENCY, here, deciding, events, hosts[-1], elsewhere))
    return found


def _trend(
    quantity: _Quantity,
    known: Sequence[tuple[Run, RunResult]],
    deciding: Mapping[str, str],
    events: Sequence[LogLine],
    host: str | None = None,
    num_elsewhere: int = 0,
) -> Trend:
    past: defaultdict[str, list[float]] = defaultdict(list)
    seen: set[str] = set()
    points, earlier = [], list[float]()
    for run, result in known:
        value = quantity.read(result)
        file = result.gate.file_sha256 if result.gate else run.id
        repeats = not run.has_evaluated if quantity.is_time else file in seen
        seen.add(file)
        every = result.conditions.parameters if result.conditions else None
        earlier = past[deciding[every]] if every else []
        interval = result.accuracy_interval if quantity is _ACCURACY else None
        limits = None if repeats else natural_limits(earlier)
        points.append(Point(run.id, run.record.started, value, interval, limits, repeats))
        if every and not repeats:
            earlier.append(value)
    return Trend(
        name=quantity.name,
        unit=quantity.unit,
        write=quantity.write,
        points=tuple(points),
        events=tuple(_placed(events, points)),
        usual=natural_limits(earlier),
        num_counted=len(earlier),
        host=host,
        num_elsewhere=num_elsewhere,
    )


def _deciding(conditions: Iterable[Conditions | None]) -> dict[str, str]:
    """Return a digest of the deciding parameters by that of all.

    A record up to version 6 has the second alone: its run counts with later ones of the same digest, or
    with its like.
    """
    known = [one for one in conditions if one]
    every = {one.parameters: one.parameters for one in known}
    return every | {one.parameters: one.deciding for one in known if one.deciding}


def _placed(events: Sequence[LogLine], points: Sequence[Point]) -> Iterator[Event]:
    """Place each event after the last run that began before it."""
    for line in events:
        before = sum(point.started <= line.when for point in points)
        if before:
            yield Event(line, before - 1)
