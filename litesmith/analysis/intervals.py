"""Shares that were counted, with their confidence intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

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


def wilson(num: int, total: int, confidence: float) -> Estimate | None:
    """Return the share ``num / total`` with Wilson's interval, None if ``total`` is 0.

    Args:
        num: At most ``total``.
        total: At least 0.
        confidence: Probability that such an interval holds the true share, such as 0.95.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference", JASA, 1927.
    """
    if total == 0:
        return None
    from scipy.stats import binomtest

    interval = binomtest(num, total).proportion_ci(confidence, method="wilson")
    return Estimate(num / total, float(interval.low), float(interval.high))


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
