"""Tests of litesmith.analysis.paired."""

import numpy as np
import pytest

from litesmith.analysis.outcome import images_needed, no_worse, smallest_visible
from litesmith.analysis.paired import paired, paired_counts, unpaired


def test_comparison_is_paired() -> None:
    """30 images only the first gets right, 10 only the second, of 1000, and one more for each."""
    first, second = np.ones(1000, bool), np.ones(1000, bool)
    second[:30] = False
    first[30:40] = False
    difference = paired(first, second)
    assert difference.mean == pytest.approx(0.02)
    assert difference.standard_error == pytest.approx(np.sqrt(42 - 20**2 / 1002) / 1002)
    ends = (
        20 / 1002 - 1.959964 * difference.standard_error,
        20 / 1002 + 1.959964 * difference.standard_error,
    )
    assert (difference.low, difference.high) == pytest.approx(ends, abs=1e-6)


def test_three_images_on_which_all_agree_are_no_certainty() -> None:
    right = np.array([True, False, True])
    difference = paired(right, right)
    assert difference.mean == 0 and difference.high == -difference.low
    assert 0.4 < difference.high < 0.7


@pytest.mark.parametrize(
    ("gained", "lost", "num_images"), [(0.1, 0.1, 40), (0.02, 0.05, 200), (0.3, 0.0, 15)]
)
def test_interval_holds_the_truth_as_often_as_it_says(
    gained: float, lost: float, num_images: int
) -> None:
    drawn = np.random.default_rng(3).multinomial(num_images, [gained, lost, 1 - gained - lost], 2000)
    differences = [paired_counts(won, gone, num_images) for won, gone, _ in drawn.tolist()]
    held = np.mean([each.low <= gained - lost <= each.high for each in differences])
    assert 0.93 <= held <= 1


def test_interval_of_two_accuracies_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(4)
    after, before = rng.binomial(30, 0.9, 2000) / 30, rng.binomial(60, 0.8, 2000) / 60
    differences = [unpaired(*pair, 60) for pair in zip(after, [30] * 2000, before, strict=True)]
    assert 0.93 <= np.mean([each.low <= 0.1 <= each.high for each in differences]) <= 0.98


def test_pairing_is_sharper_than_two_accuracies() -> None:
    before = np.arange(1000) % 10 != 0
    after = before.copy()
    after[:30] = True
    close = paired(after, before)
    apart = unpaired(float(after.mean()), 1000, float(before.mean()), 1000)
    assert close.mean == pytest.approx(apart.mean) == pytest.approx(0.003)
    assert close.high - close.low < (apart.high - apart.low) / 4


def test_an_image_counts_once_with_the_share_of_its_pictures() -> None:
    after = np.array([[True, True, False, True], [True, False, False, True]])
    before = np.array([[True, False, False, True], [False, False, False, True]])
    difference = paired(after, before)
    gains = np.array([0.5, 0.5, 0.0, 0.0])
    assert difference.mean == pytest.approx(0.25)
    with_added = np.concatenate([gains, [1.0, -1.0]])
    assert difference.standard_error == pytest.approx(with_added.std() / np.sqrt(6))


@pytest.mark.parametrize(
    ("gained", "lost", "outcome"), [(60, 20, "better"), (20, 60, "worse"), (30, 20, "even")]
)
def test_a_difference_is_even_where_its_interval_holds_zero(
    gained: int, lost: int, outcome: str
) -> None:
    difference = paired_counts(gained, lost, 1000)
    assert difference.outcome == outcome
    assert difference.high - difference.low == pytest.approx(2 * 1.959964 * difference.standard_error)


@pytest.mark.parametrize(
    ("low", "high", "answer"),
    [
        (0.001, 0.02, True),
        (-0.009, 0.02, True),
        (-0.01, 0.02, None),
        (-0.32, 0.17, None),
        (-0.005, -0.001, False),
    ],
)
def test_a_loss_that_matters_has_to_be_excluded(low: float, high: float, answer: bool | None) -> None:
    assert no_worse(low, high, 0.01) is answer


def test_forty_images_show_large_differences_alone() -> None:
    """11 images gained and 14 lost of 40: 24 points are the least to be seen, 23,000 images would show one."""
    difference = paired_counts(11, 14, 40)
    ends = (difference.low, difference.high)
    assert smallest_visible(*ends) == pytest.approx(0.2415, abs=1e-4)
    needed = images_needed(*ends, 40, 0.01)
    assert 23_000 < needed < 24_000
    again = paired_counts(11 * needed // 40, 14 * needed // 40, needed)
    assert smallest_visible(again.low, again.high) == pytest.approx(0.01, rel=0.05)


def test_counts_give_what_the_answers_give() -> None:
    after = np.array([True] * 70 + [False] * 20 + [True] * 10)
    before = np.array([True] * 70 + [False] * 25 + [True] * 5)
    gained, lost = int((after & ~before).sum()), int((~after & before).sum())
    counted, compared = paired_counts(gained, lost, len(after)), paired(after, before)
    assert (counted.mean, counted.standard_error) == pytest.approx(
        (compared.mean, compared.standard_error)
    )
