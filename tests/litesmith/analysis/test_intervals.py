"""Tests of litesmith.analysis.intervals."""

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from litesmith.analysis.intervals import (
    Estimate,
    class_estimates,
    f1_interval,
    fewest_allowed,
    mean_estimate,
    wilson,
)

NAMES = ["bag", "coat", "dress"]
CONFUSION = np.array([[8, 2, 0], [1, 9, 0], [0, 0, 0]])


def test_wilson_is_the_interval_of_the_textbook() -> None:
    z, n, p = 1.959964, 10, 0.8
    middle, half = (
        (p + z**2 / (2 * n)) / (1 + z**2 / n),
        z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)),
    )
    estimate = wilson(8, 10, 0.95)
    assert estimate is not None
    assert (estimate.value, estimate.low, estimate.high) == pytest.approx(
        (0.8, middle - half, middle + half), abs=1e-6
    )


@pytest.mark.parametrize(("num", "total"), [(0, 7), (7, 7), (1, 1), (3, 10), (9_343, 10_000)])
@pytest.mark.parametrize(("confidence", "z"), [(0.5, 0.6744898), (0.95, 1.9599640), (0.999, 3.2905267)])
def test_wilson_holds_at_any_confidence(num: int, total: int, confidence: float, z: float) -> None:
    share, scale = num / total, 1 + z**2 / total
    middle = (share + z**2 / (2 * total)) / scale
    half = z * np.sqrt(share * (1 - share) / total + (z / (2 * total)) ** 2) / scale
    estimate = wilson(num, total, confidence)
    assert estimate is not None
    expected = (middle - half if num else 0, middle + half if num < total else 1)
    assert (estimate.low, estimate.high) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("num", "total"), [(0, 4), (1, 9), (9_406, 10_000), (4, 4)])
def test_wilson_is_what_scipy_has(num: int, total: int) -> None:
    ends, estimate = binomtest(num, total).proportion_ci(0.95, method="wilson"), wilson(num, total, 0.95)
    assert estimate is not None
    assert (estimate.low, estimate.high) == pytest.approx((ends.low, ends.high), abs=1e-12)


def test_mean_of_equal_shares_is_surer_than_each() -> None:
    one = Estimate(0.8, 0.7, 0.86)
    mean = mean_estimate([one] * 4)
    assert (mean.value, mean.low, mean.high) == pytest.approx((0.8, 0.8 - 0.1 / 2, 0.8 + 0.06 / 2))
    assert mean_estimate([one]) == one


def test_mean_of_perfect_shares_is_not_certain() -> None:
    perfect = wilson(5, 5, 0.95)
    assert perfect is not None
    mean = mean_estimate([perfect, perfect])
    assert (mean.value, mean.high) == (1, 1) and 0.5 < mean.low < 0.8


@pytest.mark.parametrize("total", [1, 10, 100, 5000])
@pytest.mark.parametrize("share", [0.9, 0.96, 0.999, 1.0])
def test_fewest_allowed_is_where_the_binomial_test_begins_to_refuse(total: int, share: float) -> None:
    fewest = fewest_allowed(total, share, 0.001)
    assert binom.cdf(fewest, total, share) >= 0.001 > binom.cdf(fewest - 1, total, share)
    for num, refused in ((fewest, False), (fewest - 1, True)):
        if num >= 0:
            assert (binomtest(num, total, share, alternative="less").pvalue < 0.001) == refused


def test_interval_of_a_perfect_score_stays_below_one() -> None:
    estimate = wilson(50, 50, 0.95)
    assert estimate is not None
    assert 0.9 < estimate.low < 1
    assert estimate.high == 1


def test_share_of_nothing_is_none() -> None:
    assert wilson(0, 0, 0.95) is None
    assert f1_interval(0, 0, 0.95) is None


def test_f1_is_the_harmonic_mean_with_its_interval_around() -> None:
    estimate = f1_interval(9, 3, 0.95)  # precision 9 / 11, recall 9 / 10
    assert estimate is not None
    precision, recall = 9 / 11, 9 / 10
    assert estimate.value == pytest.approx(2 * precision * recall / (precision + recall))
    assert 0 < estimate.low < estimate.value < estimate.high < 1


def test_f1_interval_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    truth = 2 * 0.15 / (2 * 0.15 + 0.02 + 0.03)  # of 0.15 right, 0.02 and 0.03 wrong of all images
    drawn = rng.multinomial(400, [0.15, 0.02, 0.03, 0.8], size=2000)
    held = [
        estimate.low <= truth <= estimate.high
        for right, over, under, _ in drawn.tolist()
        if (estimate := f1_interval(right, over + under, 0.95)) is not None
    ]
    assert len(held) == 2000
    assert 0.93 <= np.mean(held) <= 0.97


def test_classes_are_counted_from_rows_and_columns() -> None:
    bag, coat, dress = class_estimates(CONFUSION, NAMES, 0.95)
    assert (bag.name, bag.num_images, bag.recall, bag.precision) == (
        "bag",
        10,
        wilson(8, 10, 0.95),
        wilson(8, 9, 0.95),
    )
    assert coat.f1 == f1_interval(9, 3, 0.95)
    assert (dress.precision, dress.recall, dress.f1, dress.num_images) == (None, None, None, 0)


def test_more_images_make_a_narrower_interval() -> None:
    few, many = (wilson(8 * n, 10 * n, 0.95) or Estimate(0, 0, 0) for n in (1, 100))
    assert many.high - many.low < (few.high - few.low) / 5
