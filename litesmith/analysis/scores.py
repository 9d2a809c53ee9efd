"""Scores of predictions, from arrays alone."""

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, log_loss

Labels = NDArray[np.integer]


def accuracy(labels: Labels, predicted: Labels) -> float:
    """Return the share of ``predicted``, (n,) or (k, n), that equals ``labels``, (n,)."""
    return float(np.mean(labels == predicted))


def loss(labels: Labels, probabilities: NDArray[np.float32]) -> float:
    """Return the mean cross entropy in nats of labels (n,) and probabilities (n, classes).

    Each row sums to 1. Zeros are raised to the smallest step of float32.
    """
    return float(log_loss(labels, probabilities, labels=np.arange(probabilities.shape[1])))


def confusion(labels: Labels, predicted: Labels, num_classes: int) -> NDArray[np.int64]:
    """Return counts (classes, classes): rows are true classes, columns predicted ones."""
    counts: NDArray[np.int64] = confusion_matrix(labels, predicted, labels=np.arange(num_classes))
    return counts


def agreement(first: Labels, second: Labels) -> float:
    """Return the share of images that two models answer alike, right or wrong."""
    return float(np.mean(first == second))
