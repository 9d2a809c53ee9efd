"""Shares that were counted, with their confidence intervals."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
"""Of every interval on the pages and in the results, by convention; stated beside each."""


@dataclass(frozen=True)
class Estimate:
    """A share as counted, 0 to 1, and the two ends of its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class ClassEstimates:
    """Recognition of one class.

    Attributes:
        precision: Share of the images predicted as the class that are of it; None if none was predicted.
        recall: Share of the images of the class that were predicted as it; None where there is none.
        f1: Harmonic mean of the two; None where there is neither.
        num_images: Images of the class.
    """

    name: str
    precision: Estimate | None
    recall: Estimate | None
    f1: Estimate | None
    num_images: int


def quantile(confidence: float) -> float:
    """Return how many standard errors an interval reaches each way, 1.96 for 0.95."""
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def wilson(num: float, total: int, confidence: float) -> Estimate | None:
    """Return the share ``num / total`` with Wilson's interval, None if ``total`` is 0.

    Args:
        num: At most ``total``; a fraction where images count in part.
        total: At least 0.
        confidence: Probability that such an interval holds the true share, such as 0.95.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference", JASA, 1927.
    """
    if total == 0:
        return None
    share, z = num / total, quantile(confidence)
    scale = 1 + z**2 / total
    middle = (share + z**2 / (2 * total)) / scale
    half = z * sqrt(share * (1 - share) / total + (z / (2 * total)) ** 2) / scale
    # By rounding the ends would miss 0 and 1, which they reach exactly.
    low, high = max(middle - half, 0.0), min(middle + half, 1.0)
    return Estimate(share, 0.0 if num == 0 else low, 1.0 if num == total else high)


def mean_estimate(estimates: Sequence[Estimate]) -> Estimate:
    """Return the mean of shares of different images, with its interval.

    The distance of each end from the mean is that of the mean's shares from their own ends, squared and
    summed: in small samples closer than a normal approximation, and never empty.

    Args:
        estimates: At least one, of the same confidence.

    Source: Zou and Donner, "Construction of confidence limits about effect measures", Statistics in
        Medicine, 2008 (MOVER).
    """
    value = sum(estimate.value for estimate in estimates) / len(estimates)
    below = sqrt(sum((estimate.value - estimate.low) ** 2 for estimate in estimates)) / len(estimates)
    above = sqrt(sum((estimate.high - estimate.value) ** 2 for estimate in estimates)) / len(estimates)
    return Estimate(value, max(value - below, 0.0), min(value + above, 1.0))


def fewest_allowed(total: int, share: float, level: float) -> int:
    """Return the fewest of ``total`` images that do not contradict a true share.

    Fewer come about with a probability under ``level`` where the true share is ``share`` or more.

    Args:
        total: Number of images, at least 1.
        share: The smallest true share that is allowed, 0 to 1.
        level: Of the exact binomial test, above 0 and below 1.
    """
    from scipy.stats import binom

    return int(binom.ppf(level, total, share))


def f1_interval(num_right: int, num_wrong: int, confidence: float) -> Estimate | None:
    """Return a class's F1 with its interval, None without images and predictions.

    Of the ``num_right + num_wrong`` images that are of the class or were predicted as it, the share J
    that is both decides F1 = 2 J / (1 + J). Wilson's interval of J, mapped by it, is one of F1.

    Args:
        num_right: Images of the class that were predicted as it.
        num_wrong: Images of the class predicted as another, and of another predicted as the class.
        confidence: Probability that such an interval holds the true F1, such as 0.95.

    Source: Lam, Gopal and Qian, "Confidence intervals for the F1 score", arXiv:2309.14621, "Wilson
        indirect".
    """
    share = wilson(num_right, num_right + num_wrong, confidence)
    if share is None:
        return None
    return Estimate(*(2 * end / (1 + end) for end in (share.value, share.low, share.high)))


def class_estimates(
    confusion: NDArray[np.integer], class_names: Sequence[str], confidence: float
) -> list[ClassEstimates]:
    """Return precision, recall and F1 of classes with intervals.

    Args:
        confusion: Counts (classes, classes): rows are true classes, columns predicted ones.
        class_names: In the order of the classes.
        confidence: Of the intervals, such as 0.95.
    """
    right, actual, predicted = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    counts = (map(int, values) for values in (right, actual, predicted))
    return [
        ClassEstimates(
            name,
            precision=wilson(num_right, num_predicted, confidence),
            recall=wilson(num_right, num_actual, confidence),
            f1=f1_interval(num_right, num_predicted + num_actual - 2 * num_right, confidence),
            num_images=num_actual,
        )
        for name, num_right, num_actual, num_predicted in zip(class_names, *counts, strict=True)
    ]
