from math import comb

import numpy as np
import pytest

from litesmith.analysis.exact import (
    holm,
    mcnemar,
    median_interval,
    share_at_least,
    share_at_most,
    smallest_shown,
)


def tail(num: int, total: int) -> float:
    return sum(comb(total, count) for count in range(num, total + 1)) / 2**total


@pytest.mark.parametrize(("gained", "lost"), [(0, 0), (5, 0), (0, 5), (12, 4), (30, 31), (70, 40)])
def test_mcnemar_sums_the_binomial(gained: int, lost: int) -> None:
    assert mcnemar(gained, lost, one_sided=True) == pytest.approx(tail(gained, gained + lost))
    both = min(1, 2 * tail(max(gained, lost), gained + lost))
    assert mcnemar(gained, lost) == mcnemar(lost, gained) == pytest.approx(both)


def test_mcnemar_one_sided_errs_at_most_as_often_as_it_says() -> None:
    for num in (5, 40, 111):
        wrong = sum(
            comb(num, won) for won in range(num + 1) if mcnemar(won, num - won, one_sided=True) <= 0.05
        )
        assert wrong / 2**num <= 0.05


def test_holm_steps_down() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


@pytest.mark.parametrize(("num", "total"), [(0, 100), (55, 5000), (3, 10), (10, 10)])
def test_exact_bounds_leave_the_level_outside(num: int, total: int) -> None:
    from scipy.stats import binom

    high, low = share_at_most(num, total, 0.05), share_at_least(num, total, 0.05)
    assert low <= num / total <= high
    assert num == total or binom.cdf(num, total, high) == pytest.approx(0.05)
    assert num == 0 or binom.sf(num - 1, total, low) == pytest.approx(0.05)


def test_a_share_of_no_images_is_unknown() -> None:
    assert (share_at_least(0, 0, 0.05), share_at_most(0, 0, 0.05)) == (0.0, 1.0)


def test_the_interval_of_a_median_is_that_of_the_sign_test() -> None:
    # Of 20 values the 6th and 15th leave 2 * 0.0207 outside, the 7th and 14th 2 * 0.0577.
    assert median_interval(range(1, 21), 0.05) == (10.5, 6.0, 15.0)
    assert median_interval([3.0, 1.0, 2.0], 0.05) == (2.0, 1.0, 3.0)
    rng = np.random.default_rng(5)
    held = [
        low <= 0 <= high
        for _, low, high in (median_interval(rng.normal(size=15), 0.05) for _ in range(2000))
    ]
    assert np.mean(held) >= 0.95


def test_the_smallest_gain_that_images_show_is_just_significant() -> None:
    smallest = smallest_shown(110, 5000, 0.05)
    gained = round((smallest * 5000 + 110) / 2)
    assert (
        mcnemar(gained, 110 - gained, one_sided=True)
        <= 0.05
        < mcnemar(gained - 1, 111 - gained, one_sided=True)
    )
    assert smallest_shown(0, 100, 0.05) == 5 / 100  # five images, all gained
