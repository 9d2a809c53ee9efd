import numpy as np
import pytest

from litesmith.analysis.luck import best_by_luck


@pytest.mark.parametrize(
    ("num", "deviations"), [(1, 0.0), (2, 0.5642), (3, 0.8463), (10, 1.5388), (100, 2.5076)]
)
def test_the_largest_of_normal_variables_is_as_in_tables(num: int, deviations: float) -> None:
    assert best_by_luck(num, 100, 1.0) == pytest.approx(deviations / 10, abs=1e-4)


def test_the_gain_is_that_of_simulated_candidates() -> None:
    num_images, share, num_candidates = 5000, 0.06, 12
    rng = np.random.default_rng(20261130)
    discordant = rng.binomial(num_images, share, (4000, num_candidates))
    gained = rng.binomial(discordant, 0.5)
    gains = ((2 * gained - discordant) / num_images).max(axis=1)
    assert best_by_luck(num_candidates, num_images, share) == pytest.approx(gains.mean(), rel=0.03)


def test_equal_answers_leave_nothing_to_luck() -> None:
    assert best_by_luck(30, 5000, 0.0) == 0.0
