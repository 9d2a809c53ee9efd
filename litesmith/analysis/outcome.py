"""Which of two accuracies is better."""

from typing import Literal

Outcome = Literal["better", "worse", "even"]


def outcome(low: float, high: float) -> Outcome:
    """Judge by the interval of a difference; ``even`` when it holds zero."""
    return "better" if low > 0 else "worse" if high < 0 else "even"
