"""Words on what is chance, the same on the page and in the notes."""

from collections.abc import Sequence

from litesmith.analysis.spread import spread
from litesmith.records.sweep import PricedTrial
from litesmith.wording import number, percent


def span_words(points: Sequence[PricedTrial], standard_error: float) -> str:
    """Return whether trials differ by more than chance; empty for one."""
    if len(points) < 2 or standard_error <= 0:
        return ""
    seen = spread([point.accuracy for point in points], standard_error)
    cases = round(100 * seen.by_chance)
    told = "more than chance explains" if seen.is_beyond_chance else "no more than chance may explain"
    often = "fewer than 1" if cases < 1 else str(cases)
    errors = f"{number(seen.in_standard_errors, 1)} standard errors"
    return (
        f"They span {percent(seen.span)} points, {errors} of such an accuracy, {told}: "
        f"{seen.num_models} equally good networks would span as much in "
        f"{often} of 100 cases."
    )
