"""The limits of the device, and what the files ask of devices."""

from dataclasses import dataclass

from litesmith.records.device import DeviceMeasurement, MeasuredFile
from litesmith.report.budget import BudgetLine, budget
from litesmith.report.inputs import ReportInputs
from litesmith.report.section import Section
from litesmith.wording import amount, milliseconds


@dataclass(frozen=True)
class MeasuredTable:
    """Values of one tool by file, none where it refused."""

    measured: DeviceMeasurement
    rows: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class DeviceSection:
    """What the section shows."""

    final: str
    budget: list[BudgetLine]
    tables: tuple[MeasuredTable, ...]
    not_measured: tuple[str, ...]


def build(inputs: ReportInputs) -> DeviceSection:
    """Return what the section shows."""
    evaluated = inputs.results.evaluate
    tables = tuple(
        MeasuredTable(tool, {name: _values(tool, file) for name, file in tool.files.items()})
        for tool in evaluated.device.values()
    )
    return DeviceSection(inputs.final, budget(inputs), tables, evaluated.not_measured)


def _values(tool: DeviceMeasurement, file: MeasuredFile) -> tuple[str, ...]:
    if file.refused:
        return ()
    return tuple(
        milliseconds(file.values[column.name])
        if column.unit == "ms"
        else amount(file.values[column.name])
        for column in tool.columns
    )


SECTION = Section("device", "Device budget", build)
