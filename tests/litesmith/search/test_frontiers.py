import pytest

from litesmith.records.sweep import PricedTrial, RungScore, Trial
from litesmith.search.result import file_bytes, frontiers


def score(rung: int, accuracy: float, loss: float | None = 0.3) -> RungScore:
    epochs, num_rows = ((1, 8_000), (3, 20_000))[rung]
    return RungScore(rung=rung, epochs=epochs, num_rows=num_rows, accuracy=accuracy, loss=loss)


def trial(number: int, tflite_bytes: int, *rungs: RungScore) -> Trial:
    return Trial(
        number=number,
        batch=0,
        state="pruned",
        choices={},
        tflite_bytes=tflite_bytes,
        macs=1,
        activation_bytes=1,
        rungs=rungs,
    )


TRIALS = [
    trial(0, 50_000, score(0, 0.80), score(1, 0.90)),
    trial(1, 60_000, score(0, 0.70)),
    trial(2, 200_000),
    trial(4, 70_000, score(0, 0.85), score(1, 0.899)),
    trial(5, 55_000, score(0, 0.1, loss=None)),
]


def test_trials_stand_at_every_rung_they_came_through() -> None:
    short, long = frontiers(TRIALS, file_bytes, winner=0, num_images=5_000)
    assert (short.rung, short.epochs, short.num_rows, short.num_images) == (0, 1, 8_000, 5_000)
    assert (long.rung, long.epochs, long.num_rows) == (1, 3, 20_000)
    assert [point.number for point in short.points] == [0, 1, 4]
    assert long.points == (
        PricedTrial(number=0, cost=50_000, accuracy=0.90, standing="frontier", won=True),
        PricedTrial(number=4, cost=70_000, accuracy=0.899, standing="tied", won=False),
    )
    assert long.margin == pytest.approx((0.9 * 0.1 / 5_000) ** 0.5)


def test_each_rung_has_its_own_standings() -> None:
    short, _ = frontiers(TRIALS, file_bytes, winner=0, num_images=5_000)
    assert [point.standing for point in short.points] == ["frontier", "behind", "frontier"]


def test_cost_in_cpu_seconds_is_that_of_the_rung() -> None:
    seconds = {(0, 0): 3.0, (0, 1): 20.0, (1, 0): 1.0, (4, 0): 2.0, (4, 1): 10.0, (5, 0): 1.0}

    def cpu_seconds(trial: Trial, score: RungScore) -> float:
        return seconds[trial.number, score.rung]

    short, long = frontiers(TRIALS, cpu_seconds, winner=0, num_images=5_000)
    assert [(point.cost, point.standing) for point in short.points] == [
        (3.0, "behind"), (1.0, "frontier"), (2.0, "frontier"),
    ]  # fmt: skip
    assert [(point.cost, point.standing) for point in long.points] == [
        (20.0, "frontier"), (10.0, "frontier"),
    ]  # fmt: skip


def test_search_without_a_trained_trial_has_no_frontier() -> None:
    assert frontiers([trial(0, 1)], file_bytes, winner=0, num_images=5_000) == ()
