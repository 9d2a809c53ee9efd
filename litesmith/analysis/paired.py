"""Differences of accuracies, with their intervals."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from litesmith.analysis.intervals import CONFIDENCE, quantile
from litesmith.analysis.outcome import Outcome, outcome

# What is added to the images of a comparison before its standard error is worked out, so that a few
# images on which all agree do not pass for certainty: one for each side.
_ADDED = 2


@dataclass(frozen=True)
class Difference:
    """Accuracy of one model minus another's, a fraction.

    Attributes:
        mean: As observed.
        standard_error: Never 0, as it is that of the images and one more for each side.
        low: Lower end of the 95 % interval.
        high: Its upper end. Its middle is a little nearer to 0 than the mean.
    """

    mean: float
    standard_error: float
    low: float
    high: float

    @property
    def outcome(self) -> Outcome:
        """Which model is better; ``even`` when the interval holds zero."""
        return outcome(self.low, self.high)


def paired(after: NDArray[np.bool_], before: NDArray[np.bool_]) -> Difference:
    """Compare two models on the same images.

    Images on which both are right, or both wrong, say nothing of the difference, which makes this far
    sharper than comparing two intervals. To the images two are added, one that the one model alone gets
    right and one that the other alone does.

    Args:
        after: Whether one model is right, bool (n,), or (k, n) of k pictures of each image: an image
            counts once, with the share of its pictures.
        before: Whether the other is right, of the same shape.

    Source: Bonett and Price, "Adjusted Wald confidence interval for a difference of binomial proportions
        based on paired data", Journal of Educational and Behavioral Statistics, 2012.
    """
    gains = (after.astype(float) - before).reshape(-1, after.shape[-1]).mean(axis=0)
    return _from_gains(float(gains.sum()), float(np.square(gains).sum()), len(gains))


def paired_counts(num_gained: int, num_lost: int, num_images: int) -> Difference:
    """Return what `paired` gives, from counts of images.

    Args:
        num_gained: Images that the one model alone got right.
        num_lost: Images that the other alone got right.
        num_images: Images that both answered, at least 1.
    """
    return _from_gains(num_gained - num_lost, num_gained + num_lost, num_images)


def unpaired(after: float, num_after: int, before: float, num_before: int) -> Difference:
    """Compare two accuracies as if measured on different images.

    To the images of each two are added, one right and one wrong.

    Source: Agresti and Caffo, "Simple and effective confidence intervals for proportions and differences
        of proportions result from adding two successes and two failures", The American Statistician,
        2000.
    """
    sides = ((after, num_after), (before, num_before))
    shares = [(share * num + 1) / (num + _ADDED) for share, num in sides]
    variances = (
        share * (1 - share) / (num + _ADDED) for share, (_, num) in zip(shares, sides, strict=True)
    )
    return _difference(after - before, shares[0] - shares[1], sqrt(sum(variances)))


def _from_gains(total: float, squares: float, num_images: int) -> Difference:
    """Return a difference from sums of gains and of their squares."""
    num = num_images + _ADDED
    middle, mean_square = total / num, (squares + _ADDED) / num
    return _difference(total / num_images, middle, sqrt((mean_square - middle**2) / num))


def _difference(mean: float, middle: float, standard_error: float) -> Difference:
    half = quantile(CONFIDENCE) * standard_error
    return Difference(mean, standard_error, middle - half, middle + half)
