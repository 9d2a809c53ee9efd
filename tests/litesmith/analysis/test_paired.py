"""Tests of litesmith.analysis.paired."""

import numpy as np
import pytest

from litesmith.analysis.paired import Difference, paired, paired_counts, unpaired


def test_comparison_is_paired() -> None:
    """30 images only the first gets right, 10 only the second, of 1000: the textbook's formula."""
    first, second = np.ones(1000, bool), np.ones(1000, bool)
    second[:30] = False
    first[30:40] = False
    difference = paired(first, second)
    assert difference.mean == pytest.approx(0.02)
    assert difference.standard_error == pytest.approx(np.sqrt(40 - 20**2 / 1000) / 1000)


def test_comparing_with_itself_leaves_no_error() -> None:
    right = np.array([True, False, True])
    assert paired(right, right) == Difference(0.0, 0.0)


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
    assert difference.standard_error == pytest.approx(gains.std() / 2)


@pytest.mark.parametrize(("mean", "outcome"), [(0.03, "better"), (-0.03, "worse"), (0.01, "even")])
def test_a_difference_is_even_where_its_interval_holds_zero(mean: float, outcome: str) -> None:
    difference = Difference(mean, 0.01)
    assert difference.outcome == outcome
    assert difference.high - difference.low == pytest.approx(2 * 1.959964 * 0.01)


def test_counts_give_what_the_answers_give() -> None:
    after = np.array([True] * 70 + [False] * 20 + [True] * 10)
    before = np.array([True] * 70 + [False] * 25 + [True] * 5)
    gained, lost = int((after & ~before).sum()), int((~after & before).sum())
    counted, compared = paired_counts(gained, lost, len(after)), paired(after, before)
    assert (counted.mean, counted.standard_error) == pytest.approx(
        (compared.mean, compared.standard_error)
    )
