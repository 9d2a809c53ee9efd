"""Tests of litesmith.analysis.importance."""

import numpy as np
import pytest

from litesmith.analysis.importance import MIN_TRIALS, Scored, importances


def trials(num: int) -> tuple[Scored, ...]:
    """Return trials whose width alone decides, but for a little noise."""
    rng = np.random.default_rng(5)

    def one(n: int) -> Scored:
        choices = {
            "width": 16 * (1 + n % 2),
            "augmentation": str(rng.choice(["mild", "strong"])),
            "learning_rate": float(rng.uniform(0.1, 0.3)),
            "kernel": 3,
        }
        return Scored(
            tuple(choices.items()), 0.85 + 0.05 * (n % 2) + 0.001 * float(rng.standard_normal())
        )

    return tuple(one(n) for n in range(num))


@pytest.mark.parametrize("num", [8, 24])
def test_what_decides_comes_first(num: int) -> None:
    first, *others = importances(trials(num), num_shuffles=1, seed=1)
    assert first.name == "width"
    assert all(one.share < 0.2 for one in others)


def test_what_decides_beats_chance_and_the_others_do_not() -> None:
    first, *others = importances(trials(24), num_shuffles=5, seed=1)
    assert first.share > first.by_chance
    assert all(one.share < one.by_chance for one in others if one.name != "kernel")


def test_shares_sum_to_one_and_what_never_varied_has_none() -> None:
    found = importances(trials(12), num_shuffles=2, seed=1)
    assert sum(one.share for one in found) == pytest.approx(1)
    assert next(one.share for one in found if one.name == "kernel") == 0


def test_same_seed_gives_the_same_estimate() -> None:
    again = importances(trials(12), num_shuffles=2, seed=1)
    importances.cache_clear()
    assert importances(trials(12), num_shuffles=2, seed=1) == again
    assert importances(trials(12), num_shuffles=2, seed=2) != again


def test_too_few_trials_say_nothing() -> None:
    assert importances(trials(MIN_TRIALS - 1), num_shuffles=2, seed=1) == ()
