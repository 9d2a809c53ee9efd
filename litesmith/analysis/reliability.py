"""Whether a model is right as often as it says: bins of confidence, and the error over them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from litesmith.analysis.intervals import Estimate, wilson


@dataclass(frozen=True)
class Bin:
    """The images whose confidence lies in (``low``, ``high``].

    Attributes:
        low: Lower end, excluded (in the first bin included), 0 to 1.
        high: Upper end, included.
        num_images: How many.
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
    """How far a model's confidence is from its accuracy.

    Attributes:
        accuracy: Share of the images classified right, 0 to 1.
        confidence: Mean confidence, 0 to 1.
        error: Expected calibration error.
        bins: What that was computed from.
    """

    accuracy: float
    confidence: float
    error: float
    bins: tuple[Bin, ...]


def calibration(
    right: NDArray[np.bool_], confidence: NDArray[np.floating], num_bins: int, level: float
) -> Calibration:
    """Return how far a model's confidence is from its accuracy; the arguments are those of `reliability`."""
    bins = tuple(reliability(right, confidence, num_bins, level))
    mean = float(confidence.mean(dtype=np.float64))
    return Calibration(float(right.mean()), mean, expected_calibration_error(bins), bins)


def reliability(
    right: NDArray[np.bool_], confidence: NDArray[np.floating], num_bins: int, level: float
) -> list[Bin]:
    """Return the bins of equal width that hold any image, from the least to the most confident.

    Args:
        right: Whether each prediction is right (n,).
        confidence: Probability that the model gave to what it predicted (n,), 0 to 1.
        num_bins: How many bins from 0 to 1.
        level: Confidence of each bin's interval, such as 0.95.

    Source: Guo et al., "On calibration of modern neural networks", arXiv:1706.04599, section 2.
    """
    numbers = np.clip(np.ceil(confidence.astype(np.float64) * num_bins).astype(int) - 1, 0, num_bins - 1)
    members = [(number, numbers == number) for number in range(num_bins)]
    return [
        _bin(number, right[those], confidence[those], num_bins, level)
        for number, those in members
        if those.any()
    ]


def expected_calibration_error(bins: Sequence[Bin]) -> float:
    """Return the mean distance of accuracy from confidence over all images, taken bin by bin.

    Source: Guo et al., arXiv:1706.04599, equation 3.
    """
    total = sum(one.num_images for one in bins)
    return sum(one.num_images / total * abs(one.accuracy.value - one.confidence) for one in bins)


def _bin(
    number: int, right: NDArray[np.bool_], confidence: NDArray[np.floating], num_bins: int, level: float
) -> Bin:
    accuracy = wilson(int(right.sum()), len(right), level)
    if accuracy is None:
        raise ValueError(f"bin {number} of {num_bins} is empty, expected only bins that hold images")
    mean = float(confidence.mean(dtype=np.float64))
    return Bin(number / num_bins, (number + 1) / num_bins, len(right), mean, accuracy)
