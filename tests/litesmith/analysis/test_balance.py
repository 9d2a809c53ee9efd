"""Tests of litesmith.analysis.balance."""

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

from litesmith.analysis.balance import balance, balance_of, balance_of_confusion, over_majority
from litesmith.analysis.intervals import wilson
from litesmith.analysis.paired import paired

# Of 50, 30 and 20 images 45, 21 and 4 are right.
CONFUSION = np.array([[45, 5, 0], [9, 21, 0], [10, 6, 4]])
LABELS = np.repeat([0, 1, 2], [50, 30, 20])
PREDICTED = np.concatenate([np.repeat([0, 1, 2], row) for row in CONFUSION])


def test_balanced_accuracy_is_the_mean_of_recalls_and_the_worst_class_the_least_of_them() -> None:
    result = balance_of_confusion(CONFUSION)
    assert result.accuracy.value == pytest.approx((0.9 + 0.7 + 0.2) / 3)
    assert result.accuracy.value == pytest.approx(balanced_accuracy_score(LABELS, PREDICTED))
    assert (result.worst.label, result.worst.num_images) == (2, 20)
    assert result.worst.recall == wilson(4, 20, 0.95)
    assert result.chance == pytest.approx(1 / 3)


def test_counts_and_answers_give_the_same() -> None:
    assert balance_of(LABELS, PREDICTED) == balance_of_confusion(CONFUSION)


def test_pictures_of_one_image_count_once() -> None:
    assert balance_of(LABELS, np.stack([PREDICTED] * 9)) == balance_of(LABELS, PREDICTED)
    half = balance_of(np.array([0, 1]), np.array([[0, 1], [1, 1]]))
    assert (half.accuracy.value, half.worst.recall.value, half.worst.num_images) == (0.75, 0.5, 1)


def test_classes_without_images_do_not_count() -> None:
    with_empty = np.zeros((5, 5), int)
    with_empty[1:4, 1:4] = CONFUSION
    result = balance_of_confusion(with_empty)
    assert result.accuracy == balance_of_confusion(CONFUSION).accuracy
    assert (result.worst.label, result.chance) == (3, pytest.approx(1 / 3))


def test_no_image_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no image, expected at least one"):
        balance(np.zeros(3), np.zeros(3, int))


def test_interval_of_balanced_accuracy_holds_the_truth_as_often_as_it_says() -> None:
    rng, shares, images = np.random.default_rng(5), np.array([0.95, 0.8, 0.5]), np.array([12, 40, 25])
    drawn = [balance(rng.binomial(images, shares), images).accuracy for _ in range(2000)]
    held = [estimate.low <= shares.mean() <= estimate.high for estimate in drawn]
    assert 0.93 <= np.mean(held) <= 0.98


@pytest.mark.parametrize(
    ("right", "above"), [((18, 18), True), ((13, 13), None), ((20, 0), False), ((9, 10), False)]
)
def test_above_chance_is_open_where_the_interval_reaches_it(
    right: tuple[int, int], above: bool | None
) -> None:
    assert balance(np.array(right), np.array([20, 20])).above_chance is above


def test_majority_is_compared_image_by_image() -> None:
    majority = over_majority(CONFUSION)
    assert (majority.label, majority.share) == (0, 0.5)
    assert majority.gain == paired(PREDICTED == LABELS, np.full(100, 0) == LABELS)
    assert majority.gain.mean == pytest.approx(0.70 - 0.50)
    assert majority.surpassed


@pytest.mark.parametrize(
    ("confusion", "surpassed"),
    [
        ([[90, 0], [10, 0]], False),  # always the same answer
        ([[85, 5], [5, 5]], False),  # as many lost as gained
        ([[88, 2], [6, 4]], None),  # two images better
        ([[90, 0], [0, 10]], True),
    ],
)
def test_who_always_answers_the_most_frequent_class_surpasses_nothing(
    confusion: list[list[int]], surpassed: bool | None
) -> None:
    assert over_majority(np.array(confusion)).surpassed is surpassed
