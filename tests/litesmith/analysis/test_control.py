import numpy as np
import pytest

from litesmith.analysis.control import LEAST_VALUES, natural_limits


def test_limits_are_as_worked_out_by_hand() -> None:
    limits = natural_limits([10, 12, 11, 13, 12, 14])
    assert limits is not None
    # Ranges 2, 1, 2, 1, 2: 1.6 on average.
    assert (limits.centre, limits.low, limits.high) == pytest.approx((12, 12 - 4.256, 12 + 4.256))
    assert limits.num_values == 6


def test_too_few_values_have_no_limits() -> None:
    assert natural_limits([1.0] * (LEAST_VALUES - 1)) is None
    assert natural_limits([]) is None


def test_equal_values_allow_nothing_else() -> None:
    limits = natural_limits([0.1 + 0.2] * 6)
    assert limits is not None and limits.holds(0.1 + 0.2) and not limits.holds(0.31)


def test_hardly_a_value_of_an_undisturbed_process_is_outside() -> None:
    rng = np.random.default_rng(0)
    outside = 0
    for _ in range(400):
        *past, now = rng.normal(0.93, 0.002, 21).tolist()
        limits = natural_limits(past)
        assert limits is not None
        outside += not limits.holds(now)
    assert outside / 400 < 0.025
