"""What is usual of a process, told from its own past."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

LEAST_VALUES = 6
"""With fewer earlier values no limits are given: their ranges say too little."""

_FACTOR = 2.66


@dataclass(frozen=True)
class Limits:
    """Natural limits of a process.

    Attributes:
        centre: Mean of the values.
        low: Lower limit.
        high: Upper limit.
        num_values: That they were worked out from.
    """

    centre: float
    low: float
    high: float
    num_values: int

    def holds(self, value: float) -> bool:
        """Tell whether a value is within the limits, which belong to them."""
        slack = 1e-9 * max(abs(self.low), abs(self.high))
        return self.low - slack <= value <= self.high + slack


def natural_limits(values: Sequence[float]) -> Limits | None:
    """Return the limits of a chart of individual values and moving ranges (XmR).

    They lie 2.66 mean moving ranges around the mean. A moving range is the distance of a value from the
    one before it: a slow change widens the limits less than the standard deviation would.

    Args:
        values: In the order in which they came about, (n,), in any unit.

    Returns:
        None for fewer than `LEAST_VALUES`.

    Source: Wheeler, "Understanding Variation: the Key to Managing Chaos", 1993, after Shewhart,
        "Economic Control of Quality of Manufactured Product", 1931. 2.66 is 3 / 1.128: three standard
        deviations, estimated from ranges of two.
    """
    if len(values) < LEAST_VALUES:
        return None
    ranges = [abs(after - before) for before, after in itertools.pairwise(values)]
    centre, reach = mean(values), _FACTOR * mean(ranges)
    return Limits(centre, centre - reach, centre + reach, len(values))
