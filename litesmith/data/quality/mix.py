"""Whether a batch has the classes in the shares of the accepted images.

Source: K. Pearson's chi-square test, 1900, with a shift of the shares that is allowed.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom, chi2

# A class that comes half as often as among the accepted is still there.
_LEAST_OF_SHARE = 0.5


@dataclass(frozen=True)
class Mix:
    """How far the shares of the classes are from the accepted ones.

    Attributes:
        distance: Total variation distance, 0 to 1: the share of images that had to change class.
        distance_p: Probability of that distance or more if the shares had moved by what is allowed.
        rarest: The class that is missing most clearly.
        rarest_p: Probability of so few of it, or fewer, of any class, if its share had halved.
    """

    distance: float
    distance_p: float
    rarest: int
    rarest_p: float


def compare_mix(counts: NDArray[np.int64], accepted: NDArray[np.int64], max_shift: float) -> Mix:
    """Compare counts of classes, int64 (classes,), of a batch and of the accepted images.

    Args:
        counts: Of the batch.
        accepted: Of all accepted images.
        max_shift: Total variation distance that is allowed.
    """
    num, shares = int(counts.sum()), accepted / max(accepted.sum(), 1)
    if not num or not accepted.sum():
        return Mix(0.0, 1.0, 0, 1.0)
    distance = float(np.abs(counts / num - shares).sum() / 2)
    # By Cauchy-Schwarz twice the distance is at most the root of chi-square over n.
    beyond = max(distance - max_shift, 0.0)
    both = 1 / (1 / num + 1 / int(accepted.sum()))
    distance_p = float(chi2.sf(both * (2 * beyond) ** 2, max(len(counts) - 1, 1)))
    tails = binom.cdf(counts, num, _LEAST_OF_SHARE * shares)
    tails[shares == 0] = 1.0
    rarest = int(tails.argmin())
    return Mix(distance, distance_p, rarest, min(1.0, float(tails[rarest]) * len(counts)))
