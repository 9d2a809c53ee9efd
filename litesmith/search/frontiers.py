"""Accuracy of the trials against their cost, rung by rung."""

from collections.abc import Callable, Sequence

from litesmith.analysis.pareto import Priced, standard_error, standings
from litesmith.records.sweep import PricedTrial, RungFrontier, RungScore, Trial, TrialTime


def frontiers_by_bytes(
    trials: Sequence[Trial], *, winner: int, num_images: int
) -> tuple[RungFrontier, ...]:
    """Return the standings of the trials against the bytes of their files, by rung.

    A trial that went up the ladder stands at every rung, with the accuracy that it had there.

    Args:
        trials: All of a search; those without a score are in no frontier.
        winner: Number of the trial that won.
        num_images: Validation images that the accuracies were measured on.

    Returns:
        From the shortest training to the longest.
    """
    return _frontiers(trials, lambda trial, _: float(trial.tflite_bytes), winner, num_images)


def frontiers_by_cpu_seconds(
    trials: Sequence[Trial], times: Sequence[TrialTime], *, winner: int, num_images: int
) -> tuple[RungFrontier, ...]:
    """Return the standings of the trials against their CPU-seconds, as `frontiers_by_bytes` does.

    Args:
        trials: All of a search.
        times: Of each trial at each rung.
        winner: Number of the trial that won.
        num_images: Validation images that the accuracies were measured on.
    """
    seconds = {(time.number, time.rung): time.cpu_s for time in times}
    return _frontiers(trials, lambda trial, score: seconds[trial.number, score.rung], winner, num_images)


def _frontiers(
    trials: Sequence[Trial], cost_of: Callable[[Trial, RungScore], float], winner: int, num_images: int
) -> tuple[RungFrontier, ...]:
    rungs: dict[int, list[tuple[Trial, RungScore]]] = {}
    for trial in trials:
        for score in trial.scores:
            rungs.setdefault(score.rung, []).append((trial, score))
    return tuple(_frontier(rungs[rung], cost_of, winner, num_images) for rung in sorted(rungs))


def _frontier(
    scored: Sequence[tuple[Trial, RungScore]],
    cost_of: Callable[[Trial, RungScore], float],
    winner: int,
    num_images: int,
) -> RungFrontier:
    """Return the standings of the trials of one rung."""
    priced = [Priced(cost_of(trial, score), score.accuracy) for trial, score in scored]
    points = tuple(
        PricedTrial(
            number=trial.number,
            cost=point.cost,
            accuracy=point.accuracy,
            standing=standing,
            won=trial.number == winner,
        )
        for (trial, _), point, standing in zip(
            scored, priced, standings(priced, num_images), strict=True
        )
    )
    _, first = scored[0]
    return RungFrontier(
        rung=first.rung,
        epochs=first.epochs,
        num_rows=first.num_rows,
        points=points,
        margin=standard_error(max(point.accuracy for point in priced), num_images),
        num_images=num_images,
    )
