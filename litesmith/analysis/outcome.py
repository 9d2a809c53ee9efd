"""What the interval of a difference of two accuracies says."""

from math import ceil
from typing import Literal

Outcome = Literal["better", "worse", "even"]


def outcome(low: float, high: float) -> Outcome:
    """Judge by the interval of a difference; ``even`` when it holds zero."""
    return "better" if low > 0 else "worse" if high < 0 else "even"


def no_worse(low: float, high: float, relevant_loss: float) -> bool | None:
    """Tell whether a model is no worse, or None where the images cannot tell.

    A loss that is shown counts however small it is. One that is not shown but may be there, and would
    matter, leaves the question open.

    Args:
        low: Lower end of the interval of its accuracy minus the other's.
        high: Upper end.
        relevant_loss: The smallest loss that matters, a fraction.

    Source: for the margin, Food and Drug Administration, "Non-inferiority clinical trials", 2016.
    """
    if high < 0:
        return False
    return True if low > -relevant_loss else None


def smallest_visible(low: float, high: float) -> float:
    """Return the smallest difference that these images could show.

    A smaller one has an interval that holds zero, as these images disagree as often as they do.
    """
    return (high - low) / 2


def images_needed(low: float, high: float, num_images: int, relevant_loss: float) -> int:
    """Return about how many images would show a difference of ``relevant_loss``.

    An interval narrows with the square root of the number of images.
    """
    return ceil(num_images * (smallest_visible(low, high) / relevant_loss) ** 2)
