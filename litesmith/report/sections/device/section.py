"""The limits of the device, and what the files ask of devices."""

from dataclasses import dataclass

from litesmith.documents.formats import amount, milliseconds
from litesmith.records.device import Column, DeviceMeasurement, MeasuredFile
from litesmith.report.budget import BudgetLine, budget
from litesmith.report.inputs import ReportInputs
from litesmith.report.section import Section


@dataclass(frozen=True)
class MeasuredRow:
    """What a tool measured of a file.

    Attributes:
        file: Name of the file.
        values: By column, in words; empty if the tool refused it.
        refused: Why, None if it did not.
    """

    file: str
    values: tuple[str, ...]
    refused: str | None


@dataclass(frozen=True)
class MeasuredTable:
    """What one tool measured, as a table."""

    title: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[MeasuredRow, ...]


@dataclass(frozen=True)
class DeviceSection:
    """What the section shows.

    Attributes:
        final: Name of the file that goes to the device.
        budget: The limits.
        measured: What the tools measured.
        not_measured: Titles of the measurements that were not asked for.
    """

    final: str
    budget: list[BudgetLine]
    measured: tuple[MeasuredTable, ...]
    not_measured: tuple[str, ...]


def build(inputs: ReportInputs) -> DeviceSection:
    """Return what the section shows."""
    evaluated = inputs.results.evaluate
    tables = tuple(_table(measurement) for measurement in evaluated.device.values())
    return DeviceSection(inputs.final, budget(inputs), tables, evaluated.not_measured)


def _table(measured: DeviceMeasurement) -> MeasuredTable:
    heads = tuple(column.label for column in measured.columns)
    rows = tuple(
        MeasuredRow(name, _values(file, measured.columns), file.refused)
        for name, file in measured.files.items()
    )
    return MeasuredTable(measured.title, measured.caption, heads, rows)


def _values(file: MeasuredFile, columns: tuple[Column, ...]) -> tuple[str, ...]:
    if file.refused:
        return ()
    return tuple(_value(file.values[column.name], column.unit) for column in columns)


def _value(value: float, unit: str) -> str:
    return milliseconds(value) if unit == "ms" else amount(value)


SECTION = Section("device", "Device budget", build)
