"""What files take on devices and of time, and the limits of the device."""

from typing import Annotated

from litesmith.params.section import about
from litesmith.records.provenance import Host
from litesmith.records.record import Count, Record


class Column(Record):
    """A quantity that a tool measures."""

    name: Annotated[str, about("In the values.")]
    label: Annotated[str, about("Head of its column, with the unit.")]
    unit: Annotated[str, about("``bytes``, ``ms`` or empty.")]


class MeasuredFile(Record):
    """Measured values of a file by column, or why it was refused."""

    values: dict[str, int | float]
    refused: str | None


class DeviceMeasurement(Record):
    """What one tool measured."""

    title: str
    tool: Annotated[str, about("Name and version.")]
    caption: Annotated[str, about("A sentence on what the numbers mean and do not mean.")]
    columns: tuple[Column, ...]
    files: dict[str, MeasuredFile]


class LimitCheck(Record):
    """One limit of the device and what the final file takes of it."""

    name: Annotated[str, about("Of the limit in the device's file, such as ``max_arena_bytes``.")]
    label: str
    unit: Annotated[str, about("``bytes``, ``ms`` or empty.")]
    limit: float
    measured: Annotated[float | None, about("What the file takes; None if no tool measured it.")]
    met: Annotated[bool | None, about("Whether the limit is kept; None if not measured.")]
    reason: Annotated[str | None, about("Why it was not measured; None if it was.")]


class FileLatency(Record):
    """Milliseconds for one image on one thread: median and two percentiles of single runs."""

    median_ms: float
    p90_ms: float
    p99_ms: float


class LatencyResult(Record):
    """Timings of the files, taken in turns."""

    host: Host
    runtime: str
    num_threads: Count
    num_warmup: Count
    num_rounds: Annotated[Count, about("Rounds in which the files took turns.")]
    runs_per_round: Count
    variants: dict[str, FileLatency]
    limits: Annotated[tuple[LimitCheck, ...], about("What the final file takes of the limit on time.")]
