"""Differences of accuracies, with their standard errors."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from litesmith.analysis.outcome import Outcome, outcome

_Z_95 = 1.959964  # the normal distribution's 97.5 % quantile


@dataclass(frozen=True)
class Difference:
    """Accuracy of one model minus another's, a fraction."""

    mean: float
    standard_error: float

    @property
    def low(self) -> float:
        """Lower end of the 95 % interval."""
        return self.mean - _Z_95 * self.standard_error

    @property
    def high(self) -> float:
        """Upper end of the 95 % interval."""
        return self.mean + _Z_95 * self.standard_error

    @property
    def outcome(self) -> Outcome:
        """Which model is better; ``even`` when the interval holds zero."""
        return outcome(self.low, self.high)


def paired(after: NDArray[np.bool_], before: NDArray[np.bool_]) -> Difference:
    """Compare two models on the same images.

    Images on which both are right, or both wrong, say nothing of the difference, which makes this far
    sharper than comparing two intervals.

    Args:
        after: Whether one model is right, bool (n,), or (k, n) of k pictures of each image: an image
            counts once, with the share of its pictures.
        before: Whether the other is right, of the same shape.

    Source: Agresti, "Categorical Data Analysis", 3rd ed., section 11.1.1 (difference of dependent
        proportions).
    """
    gains = (after.astype(float) - before).reshape(-1, after.shape[-1]).mean(axis=0)
    return Difference(float(gains.mean()), float(gains.std()) / sqrt(len(gains)))


def unpaired(after: float, num_after: int, before: float, num_before: int) -> Difference:
    """Compare two accuracies as if measured on different images."""
    shares = ((after, num_after), (before, num_before))
    variances = (share * (1 - share) / max(num, 1) for share, num in shares)
    return Difference(after - before, sqrt(sum(variances)))


def paired_counts(num_gained: int, num_lost: int, num_images: int) -> Difference:
    """Return what `paired` gives, from counts of images.

    Args:
        num_gained: Images that the one model alone got right.
        num_lost: Images that the other alone got right.
        num_images: Images that both answered, at least 1.
    """
    mean = (num_gained - num_lost) / num_images
    variance = (num_gained + num_lost) / num_images - mean**2
    return Difference(mean, sqrt(variance / num_images))
