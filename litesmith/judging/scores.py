"""Histograms of scores, with which a device can tell that its pictures have changed."""

import numpy as np
from numpy.typing import NDArray

from litesmith.records.service.judge import ScoreHistogram

NUM_BINS = 20
# Scores in float32 lie beside the edge of a bin where they should lie on it.
_SLACK = 1e-5


def score_histogram(probabilities: NDArray[np.floating]) -> ScoreHistogram:
    """Count images by the score of their likeliest class.

    A device counts its own answers in the same way. Two such histograms are compared by the population
    stability index or a chi-square test.

    Args:
        probabilities: float (n, classes), in [0, 1] up to the steps of a quantized output.

    Returns:
        Counts in bins of 0.05, of all images and of those of each predicted class.

    Raises:
        ValueError: They are not of two axes, or one is not a number.
    """
    if probabilities.ndim != 2 or not np.isfinite(probabilities).all():
        raise ValueError(f"expected finite probabilities (n, classes), got {probabilities.shape}.")
    predicted, num_classes = probabilities.argmax(axis=1), probabilities.shape[1]
    scores = probabilities.max(axis=1, initial=0.0)
    bins = np.clip(np.floor(scores * NUM_BINS + _SLACK), 0, NUM_BINS - 1).astype(np.int64)
    counts = np.zeros((num_classes, NUM_BINS), np.int64)
    np.add.at(counts, (predicted, bins), 1)
    return ScoreHistogram(
        bin_width=1 / NUM_BINS,
        num_images=len(probabilities),
        overall=tuple(counts.sum(axis=0).tolist()),
        by_class=tuple(tuple(row) for row in counts.tolist()),
    )
