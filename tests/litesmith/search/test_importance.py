import numpy as np
import pytest

from litesmith.records.sweep import RungScore, Trial
from litesmith.search.importance import MIN_TRIALS, importances


def trial(number: int, accuracy: float, width: int, augmentation: str, rate: float) -> Trial:
    return Trial(
        number=number,
        batch=0,
        state="pruned",
        choices={"width": width, "augmentation": augmentation, "learning_rate": rate, "kernel": 3},
        tflite_bytes=50_000,
        macs=10**6,
        activation_bytes=10_000,
        rungs=(RungScore(rung=0, epochs=1, num_rows=100, accuracy=accuracy, loss=0.3),),
    )


def trials(num: int) -> list[Trial]:
    """Return trials whose width alone decides, but for a little noise."""
    rng = np.random.default_rng(5)

    def draw(number: int) -> Trial:
        augmentation, rate = str(rng.choice(["mild", "strong"])), float(rng.uniform(0.1, 0.3))
        accuracy = 0.85 + 0.05 * (number % 2) + 0.001 * float(rng.standard_normal())
        return trial(number, accuracy, 16 * (1 + number % 2), augmentation, rate)

    return [draw(number) for number in range(num)]


@pytest.mark.parametrize("num", [8, 24])
def test_what_decides_comes_first(num: int) -> None:
    first, *others = importances(trials(num), num_shuffles=1, seed=1)
    assert first.name == "width"
    assert all(other.share < 0.2 for other in others)


def test_what_decides_beats_chance_and_the_others_do_not() -> None:
    first, *others = importances(trials(24), num_shuffles=5, seed=1)
    assert first.share > first.by_chance
    assert all(other.share < other.by_chance for other in others if other.name != "kernel")


def test_shares_sum_to_one_and_what_never_varied_has_none() -> None:
    estimates = importances(trials(12), num_shuffles=2, seed=1)
    assert sum(estimate.share for estimate in estimates) == pytest.approx(1)
    assert next(estimate.share for estimate in estimates if estimate.name == "kernel") == 0


def test_same_seed_gives_the_same_estimate() -> None:
    first, again, other = (importances(trials(12), num_shuffles=2, seed=seed) for seed in (1, 1, 2))
    assert first == again != other


def test_too_few_trials_say_nothing() -> None:
    assert importances(trials(MIN_TRIALS - 1), num_shuffles=2, seed=1) == ()


def test_trials_that_were_not_trained_or_diverged_at_once_do_not_count() -> None:
    diverged = RungScore(rung=0, epochs=1, num_rows=100, accuracy=0.0, loss=None)
    others = [
        few.model_copy(update={"rungs": rungs})
        for few, rungs in zip(trials(2), ((), (diverged,)), strict=True)
    ]
    assert importances([*trials(MIN_TRIALS - 1), *others], num_shuffles=1, seed=1) == ()


def test_trials_that_reached_the_same_say_nothing() -> None:
    assert (
        importances([trial(n, 0.9, 16 + n, "mild", 0.1) for n in range(8)], num_shuffles=1, seed=1) == ()
    )
