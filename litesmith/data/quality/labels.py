"""Whether labels fit their images, as a judge sees them.

Source: C. G. Northcutt, L. Jiang, I. L. Chuang, "Confident Learning: Estimating Uncertainty in Dataset
Labels", Journal of Artificial Intelligence Research 70, 2021.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import pearson3

from litesmith.data.quality.judge import losses

# A class with few accepted images borrows this many from all classes.
_BORROWED = 5


@dataclass(frozen=True)
class Moments:
    """Moments of a number that each accepted image has, by class, float64 (classes,)."""

    counts: NDArray[np.float64]
    mean: NDArray[np.float64]
    variance: NDArray[np.float64]
    third: NDArray[np.float64]

    def excess(
        self, values: NDArray[np.float64], labels: NDArray[np.int64], tolerated: float
    ) -> tuple[float, float]:
        """Compare a batch's mean with that of accepted images of the same classes.

        The sum over a batch is taken as a shifted gamma distribution of its three moments.

        Args:
            values: Of the batch, float64 (n,).
            labels: Classes, int64 (n,).
            tolerated: Excess of the mean that does not count, in standard deviations of one image.

        Returns:
            The excess of the mean, and the probability of that or more.
        """
        if not len(values) or not self.counts.sum():
            return 0.0, 1.0
        num = np.bincount(labels, minlength=len(self.mean)).astype(np.float64)
        expected = float(num @ self.mean)
        known = np.maximum(self.counts, _BORROWED)
        variance = float(num @ self.variance + (num**2 / known) @ self.variance)
        deviation = np.sqrt(max(variance, 1e-12))
        one = np.sqrt(max(float(num @ self.variance) / len(values), 1e-12))
        beyond = float(values.sum()) - expected - tolerated * one * len(values)
        skewness = min(float(num @ self.third) / deviation**3, 4.0)
        excess = float(values.mean()) - expected / len(values)
        return excess, float(pearson3.sf(beyond / deviation, max(skewness, 0.0)))


@dataclass(frozen=True)
class LabelFit:
    """How well the labels of accepted images fit, judged unseen.

    Attributes:
        thresholds: Mean probability of a class for its own images, float64 (classes,).
        losses: Moments of the cross-entropy of the given label.
        doubts: Moments of whether the judge confidently names another class.
    """

    thresholds: NDArray[np.float64]
    losses: Moments
    doubts: Moments


@dataclass(frozen=True)
class Suggestions:
    """What the judge would have called images.

    Attributes:
        labels: The likeliest of the classes that it is confident of, int64 (n,); the given one if none.
        margins: Probability of that class minus that of the given one, float64 (n,), 0 if the same.
    """

    labels: NDArray[np.int64]
    margins: NDArray[np.float64]


def join(parts: Sequence[Suggestions]) -> Suggestions:
    """Return the suggestions of all parts."""
    return Suggestions(
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.margins for part in parts]),
    )


def fit_labels(probabilities: NDArray[np.float32], labels: NDArray[np.int64]) -> LabelFit:
    """Describe how labels, int64 (n,), fit probabilities, float32 (n, classes), judged unseen."""
    counts = np.bincount(labels, minlength=probabilities.shape[1])
    given = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    sums = np.bincount(labels, given, len(counts))
    overall = float(given.mean()) if len(given) else 1.0
    thresholds = np.where(counts > 0, sums / np.maximum(counts, 1), overall)
    named = suggest(probabilities, labels, thresholds)
    doubts = (named.labels != labels).astype(np.float64)
    return LabelFit(
        thresholds,
        _moments(losses(probabilities, labels), labels, len(counts)),
        _moments(doubts, labels, len(counts)),
    )


def suggest(
    probabilities: NDArray[np.float32], labels: NDArray[np.int64], thresholds: NDArray[np.float64]
) -> Suggestions:
    """Name the likeliest of the classes that the judge is confident of.

    These are above their thresholds. A label of -1 is left as it is.
    """
    rows = np.arange(len(labels))
    confident = np.where(probabilities >= thresholds, probabilities, np.float32(-1))
    named = confident.argmax(axis=1)
    sure = (confident[rows, named] >= 0) & (labels >= 0)
    named = np.where(sure, named, labels).astype(np.int64)
    margins = probabilities[rows, named].astype(np.float64) - probabilities[rows, labels]
    return Suggestions(named, margins)


def _moments(values: NDArray[np.float64], labels: NDArray[np.int64], num_classes: int) -> Moments:
    """Return the moments by class, those of few images drawn towards those of all."""
    counts = np.bincount(labels, minlength=num_classes).astype(np.float64)

    def blended(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        overall = float(numbers.mean()) if len(numbers) else 0.0
        sums = np.bincount(labels, numbers, num_classes)
        result: NDArray[np.float64] = (sums + _BORROWED * overall) / (counts + _BORROWED)
        return result

    mean = blended(values)
    centred = values - mean[labels]
    return Moments(counts, mean, blended(centred**2), blended(centred**3))
