import numpy as np
import pytest

from litesmith.analysis import scores

LABELS = np.array([0, 0, 1, 1, 2, 2, 2, 2])
PREDICTED = np.array([0, 1, 1, 1, 2, 2, 0, 0])


def test_accuracy_is_the_share_that_is_right() -> None:
    assert scores.accuracy(LABELS, PREDICTED) == 5 / 8


def test_interval_is_wilsons() -> None:
    """Wilson's formula by hand: 90 of 100 at z = 1.959964."""
    labels = np.zeros(100, int)
    predicted = np.repeat([0, 1], [90, 10])
    z = 1.959963984540054
    centre = (0.9 + z**2 / 200) / (1 + z**2 / 100)
    half = z * np.sqrt(0.9 * 0.1 / 100 + z**2 / 40000) / (1 + z**2 / 100)
    assert scores.accuracy_interval(labels, predicted, 0.95) == pytest.approx(
        (centre - half, centre + half)
    )


def test_interval_of_a_perfect_score_stays_below_one() -> None:
    low, high = scores.accuracy_interval(np.zeros(50), np.zeros(50), 0.95)
    assert 0.9 < low < 1
    assert high == 1


def test_loss_is_mean_cross_entropy() -> None:
    probabilities = np.array([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]], np.float32)
    assert scores.loss(np.array([0, 1]), probabilities) == pytest.approx(
        -(np.log(0.5) + np.log(0.8)) / 2
    )


def test_per_class_counts_by_hand() -> None:
    first, second, third = scores.per_class(LABELS, PREDICTED, ["a", "b", "c"])
    assert (first.name, first.precision, first.recall, first.support) == (
        "a",
        pytest.approx(1 / 3),
        0.5,
        2,
    )
    assert (second.precision, second.recall, second.f1) == (
        pytest.approx(2 / 3),
        1.0,
        pytest.approx(0.8),
    )
    assert (third.precision, third.recall, third.support) == (1.0, 0.5, 4)


def test_a_class_never_met_scores_zero_without_a_warning() -> None:
    missing = scores.per_class(LABELS, PREDICTED, ["a", "b", "c", "d"])[3]
    assert (missing.precision, missing.recall, missing.f1, missing.support) == (0, 0, 0, 0)


def test_confusion_has_true_classes_in_rows() -> None:
    assert scores.confusion(LABELS, PREDICTED, 3).tolist() == [[1, 1, 0], [0, 2, 0], [2, 0, 2]]


def test_agreement_does_not_look_at_the_truth() -> None:
    assert scores.agreement(np.array([1, 2, 3, 3]), np.array([1, 2, 3, 0])) == 0.75


def test_comparison_is_paired() -> None:
    """30 images only the first gets right, 10 only the second, of 1000: the textbook's formula."""
    labels = np.zeros(1000, int)
    first, second = np.zeros(1000, int), np.zeros(1000, int)
    second[:30] = 1
    first[30:40] = 1
    compared = scores.compare(labels, first, second)
    assert compared.difference == pytest.approx(0.02)
    assert compared.standard_error == pytest.approx(np.sqrt(40 - 20**2 / 1000) / 1000)


def test_comparing_with_itself_leaves_no_error() -> None:
    compared = scores.compare(LABELS, PREDICTED, PREDICTED)
    assert (compared.difference, compared.standard_error) == (0, 0)
