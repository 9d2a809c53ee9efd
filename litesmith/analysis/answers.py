"""Comparisons of several models' answers to the same images."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from litesmith.analysis.flips import FlipCounts, find_flips
from litesmith.analysis.intervals import CONFIDENCE
from litesmith.analysis.rejection import Rejection, rejection
from litesmith.analysis.reliability import Calibration, calibration

Answers = Mapping[str, NDArray[np.uint8]]
"""Predicted classes (n,) by variant."""


def keras_variant(model: str) -> str:
    """Return the name of a trained model as a variant."""
    return f"{model}-keras"


def flip_counts(
    labels: NDArray[np.uint8], predicted: Answers, files: Mapping[str, str]
) -> dict[str, FlipCounts]:
    """Count the answers that differ between files and Keras models.

    Args:
        labels: True classes (n,).
        predicted: Of the files and of their models.
        files: By file, the model that it was converted from, such as ``tuned``.
    """
    return {
        name: find_flips(labels, predicted[keras_variant(model)], predicted[name]).counts
        for name, model in files.items()
    }


def calibrations(
    labels: NDArray[np.uint8],
    predicted: Answers,
    confidence: Mapping[str, NDArray[np.float32]],
    variants: Iterable[str],
    num_bins: int,
) -> dict[str, Calibration]:
    """Return the `calibration` of each of ``variants``; a repeated name counts once.

    Args:
        labels: True classes (n,), n at least 1.
        predicted: Predicted classes by variant.
        confidence: Probability of the predicted class by variant, float32 (n,), 0 to 1.
        variants: Such as the baseline and the final file.
        num_bins: Bins of equal width from confidence 0 to 1.
    """
    return {
        name: calibration(predicted[name] == labels, confidence[name], num_bins, CONFIDENCE)
        for name in variants
    }


def rejections(
    labels: NDArray[np.uint8],
    predicted: Answers,
    confidence: Mapping[str, NDArray[np.float32]],
    variants: Iterable[str],
    shares: Sequence[float],
) -> dict[str, Rejection]:
    """Return the `rejection` of each of ``variants``; a repeated name counts once.

    Args:
        labels: True classes (n,), n at least 1.
        predicted: Predicted classes by variant.
        confidence: Probability of the predicted class by variant, float32 (n,), 0 to 1.
        variants: Such as the baseline and the final file.
        shares: Of the images, to be rejected, 0 to below 1.
    """
    return {
        name: rejection(predicted[name] == labels, confidence[name], shares, CONFIDENCE)
        for name in variants
    }
