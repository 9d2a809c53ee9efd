"""Calibration of a model: bins of confidence, and the error over them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from litesmith.analysis.intervals import Estimate, wilson


@dataclass(frozen=True)
class Bin:
    """Images whose confidence lies in (``low``, ``high``]; the first bin holds 0 too.

    Attributes:
        num_images: At least 1.
        confidence: Their mean confidence.
        accuracy: Share of them that was predicted right, with its interval.
    """

    low: float
    high: float
    num_images: int
    confidence: float
    accuracy: Estimate


@dataclass(frozen=True)
class Calibration:
    """Accuracy, mean confidence and expected calibration error, with its bins."""

    accuracy: float
    confidence: float
    error: float
    bins: tuple[Bin, ...]


def calibration(
    right: NDArray[np.bool_], confidence: NDArray[np.floating], num_bins: int, level: float
) -> Calibration:
    """Return the calibration of a model; the arguments are those of `reliability`."""
    bins = tuple(reliability(right, confidence, num_bins, level))
    mean = float(confidence.mean(dtype=np.float64))
    return Calibration(float(right.mean()), mean, expected_calibration_error(bins), bins)


def reliability(
    right: NDArray[np.bool_], confidence: NDArray[np.floating], num_bins: int, level: float
) -> list[Bin]:
    """Return the bins of equal width that hold any image, by rising confidence.

    Args:
        right: Whether each prediction is right (n,).
        confidence: Probability that the model gave to what it predicted (n,), 0 to 1.
        num_bins: Between 0 and 1, empty ones included.
        level: Confidence of each bin's interval, such as 0.95.

    Source: Guo et al., "On calibration of modern neural networks", arXiv:1706.04599, section 2.
    """
    numbers = np.clip(np.ceil(confidence.astype(np.float64) * num_bins).astype(int) - 1, 0, num_bins - 1)
    bins = []
    for number in range(num_bins):
        members = numbers == number
        accuracy = wilson(int(right[members].sum()), int(members.sum()), level)
        if accuracy is not None:
            mean = float(confidence[members].mean(dtype=np.float64))
            ends = number / num_bins, (number + 1) / num_bins
            bins.append(Bin(*ends, int(members.sum()), mean, accuracy))
    return bins


def expected_calibration_error(bins: Sequence[Bin]) -> float:
    """Return the mean distance of accuracy from confidence over all images, bin by bin.

    Source: Guo et al., arXiv:1706.04599, equation 3.
    """
    total = sum(each.num_images for each in bins)
    return sum(each.num_images / total * abs(each.accuracy.value - each.confidence) for each in bins)
