"""Spans of several accuracies, and what chance brings of them.

Source: Tukey, "The problem of multiple comparisons", 1953, for the distribution of the range.
"""

from dataclasses import dataclass
from math import erf, exp, pi, sqrt

_LEVEL = 0.05
_STEPS = 2000
_WIDTH = 8.0


@dataclass(frozen=True)
class Spread:
    """A span of accuracies of several models, against what equal models would show.

    Attributes:
        span: From the worst to the best, a fraction.
        num_models: How many.
        in_standard_errors: The span as so many standard errors of one accuracy.
        by_chance: Probability of such a span or a wider one if all models were equally good, 0 to 1.
    """

    span: float
    num_models: int
    in_standard_errors: float
    by_chance: float

    @property
    def is_beyond_chance(self) -> bool:
        """Whether equal models would show it in fewer than 5 of 100 cases."""
        return self.by_chance < _LEVEL


def spread(accuracies: list[float], standard_error: float) -> Spread:
    """Judge the span of accuracies of models that were measured on equally many images.

    The errors are taken as independent. Models that saw the same images err alike, which makes the span
    by chance smaller: what is called chance here may be more.

    Args:
        accuracies: Two or more fractions.
        standard_error: Of one of them, above 0.

    Raises:
        ValueError: There are fewer than two accuracies, or the standard error is not above 0.
    """
    if len(accuracies) < 2 or standard_error <= 0:
        raise ValueError(
            f"{len(accuracies)} accuracies with a standard error of {standard_error:g} have no span to "
            "judge: give two or more, and an error above 0"
        )
    span = max(accuracies) - min(accuracies)
    wide = span / standard_error
    return Spread(span, len(accuracies), wide, range_probability(wide, len(accuracies)))


def range_probability(width: float, num: int) -> float:
    """Return the probability that ``num`` standard normal values span so much."""
    step = (2 * _WIDTH + width) / _STEPS
    inside = 0.0
    for number in range(_STEPS):
        lowest = -_WIDTH - width + (number + 0.5) * step
        between = _cumulative(lowest + width) - _cumulative(lowest)
        inside += exp(-(lowest**2) / 2) / sqrt(2 * pi) * between ** (num - 1) * step
    return min(1.0, max(0.0, 1 - num * inside))


def _cumulative(value: float) -> float:
    return (1 + erf(value / sqrt(2))) / 2
