"""Limits of the device that changed since the file in service was judged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from litesmith.records.device import LimitCheck
from litesmith.wording import amount, listed


@dataclass(frozen=True)
class MovedLimits:
    """Limits of the device that were others before.

    Attributes:
        how: ``raised``, or ``changed`` if one is tighter now.
        which: Each with its former and its present value.
        then: Whether the file keeps to the former ones, in a sentence without its stop.
    """

    how: str
    which: str
    then: str

    @property
    def words(self) -> str:
        """All of it in two sentences."""
        return f"{self.how.capitalize()}: {self.which}. {self.then.capitalize()}."


def moved_limits(now: Sequence[LimitCheck], before: Mapping[str, float]) -> MovedLimits | None:
    """Return which limits changed, and whether the former would fit.

    Args:
        now: What the candidate takes of today's limits.
        before: The former limits by name, as far as known.
    """
    moved = [check for check in now if before.get(check.name, check.limit) != check.limit]
    if not moved:
        return None
    raised = all(check.limit > before[check.name] for check in moved)
    broken = any(check.measured is not None and check.measured > before[check.name] for check in moved)
    return MovedLimits(
        how="raised" if raised else "changed",
        which=listed(_moved(check, before[check.name]) for check in moved),
        then=_UNFIT if broken else _FIT,
    )


_FIT = "this file fits the old ones too"
_UNFIT = "under the old ones this file would not fit"


def _moved(check: LimitCheck, before: float) -> str:
    return f"{check.label} from {amount(before)} to {amount(check.limit)} {check.unit}".strip()


def limits_of(checks: Sequence[LimitCheck]) -> dict[str, float]:
    """Return limits by name."""
    return {check.name: check.limit for check in checks}
