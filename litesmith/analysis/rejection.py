"""Accuracy of the answers that are given, where unsure ones are rejected."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from litesmith.analysis.intervals import Estimate, wilson


@dataclass(frozen=True)
class RejectionPoint:
    """What is left where answers below a threshold are rejected.

    Attributes:
        threshold: Answers of this confidence and more are given, 0 to 1.
        num_answered: Images that are answered, at least 1.
        rejected: Share of all images that is not.
        accuracy: Share of the answered ones that is right, with its interval.
    """

    threshold: float
    num_answered: int
    rejected: float
    accuracy: Estimate


@dataclass(frozen=True)
class Rejection:
    """Points by rising threshold; the first rejects nothing."""

    points: tuple[RejectionPoint, ...]


def rejection(
    right: NDArray[np.bool_], confidence: NDArray[np.floating], shares: Iterable[float], level: float
) -> Rejection:
    """Return the accuracy of what is answered at several shares rejected.

    Images of equal confidence are answered or rejected together, and integer files know few
    confidences: a point rejects the smallest share that a threshold can and that is no less than asked.
    Shares that come to the same threshold, or would leave no answer, give no point of their own.

    Args:
        right: Whether each answer is right (n,), n at least 1.
        confidence: Probability of the answer (n,), 0 to 1.
        shares: Of all images, to be rejected, 0 to below 1.
        level: Confidence of each interval, such as 0.95.

    Source: the risk-coverage curve of Geifman and El-Yaniv, "Selective classification for deep neural
        networks", arXiv:1705.08500, with the highest probability as confidence; risk is 1 - accuracy.
    """
    total = len(right)
    ascending = np.sort(confidence)
    chosen = {0: float(ascending[0])}  # by number of rejected images
    for share in sorted(shares):
        # the product of a decimal fraction may lie a rounding above a whole number
        place = int(np.ceil(round(share * total, 6)))
        if place == 0 or place >= total:
            continue
        threshold = ascending[place]
        if ascending[place - 1] == threshold:
            place = int(np.searchsorted(ascending, threshold, side="right"))
        if place < total:
            chosen[place] = float(ascending[place])
    points = []
    for num_rejected, threshold in sorted(chosen.items()):
        answered = confidence >= np.asarray(threshold, confidence.dtype)
        accuracy = wilson(int(right[answered].sum()), total - num_rejected, level)
        if accuracy is not None:
            points.append(
                RejectionPoint(threshold, total - num_rejected, num_rejected / total, accuracy)
            )
    return Rejection(tuple(points))
