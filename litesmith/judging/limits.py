"""Limits of the device that changed since the file in service was judged."""

from collections.abc import Sequence

from litesmith.records.device import LimitCheck
from litesmith.wording import count


def limits_moved(now: Sequence[LimitCheck], before: Sequence[LimitCheck]) -> str:
    """Return which limits changed, and whether the former would fit.

    Args:
        now: What the candidate takes of today's limits.
        before: What the file in service took of the limits that it was judged by; empty without one.
    """
    former = {check.name: check.limit for check in before}
    moved = [check for check in now if former.get(check.name, check.limit) != check.limit]
    if not moved:
        return ""
    told = ", ".join(
        f"{check.label} {count(former[check.name])} to {count(check.limit)}" for check in moved
    )
    raised = all(check.limit > former[check.name] for check in moved)
    word = "raised" if raised else "changed"
    broken = [
        check.name
        for check in moved
        if check.measured is not None and check.measured > former[check.name]
    ]
    fits = "under the old ones it would not fit" if broken else "it fits the old ones too"
    return f"The limits were {word} ({told}); {fits}."
