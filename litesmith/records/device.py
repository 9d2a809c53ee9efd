"""What the tools for devices measured, and the limits of the device."""

from litesmith.records.record import Record


class Column(Record):
    """A quantity that a tool measures.

    Attributes:
        name: In the values.
        label: Head of its column, with the unit.
        unit: ``bytes``, ``ms`` or empty.
    """

    name: str
    label: str
    unit: str


class MeasuredFile(Record):
    """What a tool measured of a file, by column, or why it refused the file."""

    values: dict[str, int | float]
    refused: str | None


class DeviceMeasurement(Record):
    """What one tool measured.

    Attributes:
        tool: Name and version.
        caption: A sentence on what the numbers mean and do not mean.
    """

    title: str
    tool: str
    caption: str
    columns: tuple[Column, ...]
    files: dict[str, MeasuredFile]


class LimitCheck(Record):
    """One limit of the device and what the final file takes of it.

    Attributes:
        name: Of the limit in the device's file, such as ``max_arena_bytes``.
        unit: ``bytes``, ``ms`` or empty.
        measured: What the file takes; None if no tool measured it.
        met: Whether the limit is kept; None if not measured.
        reason: Why it was not measured; None if it was.
    """

    name: str
    label: str
    unit: str
    limit: float
    measured: float | None
    met: bool | None
    reason: str | None
