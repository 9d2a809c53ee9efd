"""What the final file takes of the limits of the device."""

from dataclasses import dataclass

from litesmith.records.device import LimitCheck
from litesmith.report.inputs import ReportInputs
from litesmith.wording import amount, percent


@dataclass(frozen=True)
class BudgetLine:
    """One limit of the device, with a note on the value.

    Attributes:
        is_of_host: Whether the value is this host's, so that it says nothing of the device.
    """

    check: LimitCheck
    note: str
    is_of_host: bool

    @property
    def label(self) -> str:
        """Quantity and unit."""
        return f"{self.check.label}, {self.check.unit}" if self.check.unit else self.check.label

    @property
    def state(self) -> str:
        """Whether the limit is kept, as far as that is known of the device."""
        if self.check.met is None:
            return "not measured"
        words = "kept" if self.check.met else "over the limit"
        return f"{words} on this host" if self.is_of_host else words

    @property
    def share(self) -> str:
        """Share of the limit in percent; empty if not measured."""
        measured = self.check.measured
        return "" if measured is None else percent(measured / self.check.limit, 0)

    @property
    def excess(self) -> str:
        """What is used and the limit, in words."""
        used = "" if self.check.measured is None else f" {amount(self.check.measured)}"
        return f"{self.check.label}{used} of {amount(self.check.limit)} {self.check.unit}".strip()


def budget(inputs: ReportInputs) -> list[BudgetLine]:
    """Return the limits in the order in which the steps recorded them."""
    timed = f"timed on {inputs.results.latency.host.words}, not on the device"
    return [
        BudgetLine(check, timed if of_host and check.met is not None else "", of_host)
        for check in inputs.limits
        for of_host in (check.name == _LATENCY,)
    ]


_LATENCY = "max_latency_ms"
