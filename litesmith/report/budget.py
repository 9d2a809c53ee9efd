"""What the final file takes of the limits of the device."""

from dataclasses import dataclass

from litesmith.documents.formats import amount, percent
from litesmith.records.device import LimitCheck
from litesmith.report.inputs import ReportInputs

_WORDS = {
    "max_tflite_bytes": ("int8 file", "bytes"),
    "max_macs": ("multiply-accumulates of one prediction", ""),
    "max_activation_bytes": ("peak of live activations", "bytes"),
    "max_arena_bytes": ("arena under TensorFlow Lite Micro", "bytes"),
    "max_latency_ms": ("median latency of one image on this host", "ms"),
}
_TIMED = "max_latency_ms"


@dataclass(frozen=True)
class BudgetLine:
    """One limit of the device.

    Attributes:
        check: What the final file takes of it.
        name: Of the quantity.
        unit: Empty where it is a mere number.
        note: What the value does not say of the device, empty where it says all.
    """

    check: LimitCheck
    name: str
    unit: str
    note: str = ""

    @property
    def label(self) -> str:
        """Name and unit."""
        return f"{self.name}, {self.unit}" if self.unit else self.name

    @property
    def share(self) -> str:
        """Share of the limit in percent; empty if not measured."""
        measured = self.check.measured
        return "" if measured is None else percent(measured / self.check.limit, 0)

    @property
    def excess(self) -> str:
        """What is taken and the limit, in words."""
        taken = "" if self.check.measured is None else f" {amount(self.check.measured)}"
        return f"{self.name}{taken} of {amount(self.check.limit)} {self.unit}".strip()


def budget(inputs: ReportInputs) -> list[BudgetLine]:
    """Return the limits in the order in which the steps recorded them."""
    timed = f"timed on {inputs.results.latency.host.words}, not on the device"
    lines = []
    for check in inputs.limits:
        name, unit = _words(check.name)
        is_timed = check.name == _TIMED and check.met is not None
        lines.append(BudgetLine(check, name, unit, timed if is_timed else ""))
    return lines


def _words(name: str) -> tuple[str, str]:
    """Return name and unit of a limit, by default taken from its key."""
    words = name.removeprefix("max_").split("_")
    unit = words.pop() if words[-1] in ("bytes", "ms") else ""
    return _WORDS.get(name, (" ".join(words), unit))
