import numpy as np
import pytest

from litesmith.analysis import scores

LABELS = np.array([0, 0, 1, 1, 2, 2, 2, 2])
PREDICTED = np.array([0, 1, 1, 1, 2, 2, 0, 0])


def test_accuracy_is_the_share_that_is_right() -> None:
    assert scores.accuracy(LABELS, PREDICTED) == 5 / 8


def test_loss_is_mean_cross_entropy() -> None:
    probabilities = np.array([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]], np.float32)
    assert scores.loss(np.array([0, 1]), probabilities) == pytest.approx(
        -(np.log(0.5) + np.log(0.8)) / 2
    )


def test_confusion_has_true_classes_in_rows() -> None:
    assert scores.confusion(LABELS, PREDICTED, 3).tolist() == [[1, 1, 0], [0, 2, 0], [2, 0, 2]]


def test_agreement_does_not_look_at_the_truth() -> None:
    assert scores.agreement(np.array([1, 2, 3, 3]), np.array([1, 2, 3, 0])) == 0.75
