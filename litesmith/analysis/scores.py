"""How good predictions are: counts, intervals and comparisons, from arrays alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix, log_loss, precision_recall_fscore_support

Labels = NDArray[np.integer]


@dataclass(frozen=True)
class ClassScore:
    """How well one class is told from the others; fractions, 0 where nothing was predicted or present."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Comparison:
    """Two models on the same images.

    Attributes:
        difference: Accuracy of the first minus accuracy of the second.
        standard_error: Of that difference, from how far the two are apart on each image.
    """

    difference: float
    standard_error: float


def accuracy(labels: Labels, predicted: Labels) -> float:
    """Return the share of ``predicted``, (n,) or (k, n), that equals ``labels``, (n,)."""
    return float(np.mean(labels == predicted))


def accuracy_interval(labels: Labels, predicted: Labels, confidence: float) -> tuple[float, float]:
    """Return Wilson's interval of the accuracy.

    Args:
        labels: True classes (n,).
        predicted: Predicted classes (n,).
        confidence: Probability that such an interval holds the true accuracy, such as 0.95.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).
    """
    num_right = int(np.count_nonzero(labels == predicted))
    interval = binomtest(num_right, len(labels)).proportion_ci(confidence, method="wilson")
    return float(interval.low), float(interval.high)


def loss(labels: Labels, probabilities: NDArray[np.float32]) -> float:
    """Return the mean cross entropy in nats.

    Args:
        labels: True classes (n,).
        probabilities: (n, classes), each row summing to 1. Zeros are raised to the smallest step of float32.
    """
    return float(log_loss(labels, probabilities, labels=np.arange(probabilities.shape[1])))


def per_class(labels: Labels, predicted: Labels, class_names: Sequence[str]) -> list[ClassScore]:
    """Return precision, recall, F1 and support of each class, in the order of ``class_names``."""
    columns = precision_recall_fscore_support(
        labels, predicted, labels=np.arange(len(class_names)), zero_division=0.0
    )
    rows = zip(class_names, *columns, strict=True)
    return [
        ClassScore(name, float(p), float(r), float(f1), int(support)) for name, p, r, f1, support in rows
    ]


def confusion(labels: Labels, predicted: Labels, num_classes: int) -> NDArray[np.int64]:
    """Return counts (classes, classes): rows are true classes, columns predicted ones."""
    counts: NDArray[np.int64] = confusion_matrix(labels, predicted, labels=np.arange(num_classes))
    return counts


def agreement(first: Labels, second: Labels) -> float:
    """Return the share of images on which two models name the same class, right or wrong."""
    return float(np.mean(first == second))


def compare(labels: Labels, first: Labels, second: Labels) -> Comparison:
    """Compare two models on the same images.

    Images on which both are right, or both wrong, say nothing of the difference, which makes this far sharper than
    comparing two intervals.

    Args:
        labels: True classes (n,).
        first: What one model predicted (n,), or (k, n) of k pictures of each image: an image counts once, with the
            share of its pictures.
        second: What the other predicted, of the same shape.

    Source: Agresti, "Categorical Data Analysis", 3rd ed., section 11.1.1 (difference of dependent proportions).
    """
    apart = (first == labels).astype(float) - (second == labels)
    gains = apart.reshape(-1, len(labels)).mean(axis=0)
    return Comparison(
        difference=float(gains.mean()), standard_error=float(gains.std() / sqrt(len(gains)))
    )
