"""Records that the step ``sweep`` writes of a search."""

from collections.abc import Callable, Sequence

from litesmith.analysis.pareto import Priced, standard_error, standings
from litesmith.records import sweep as records
from litesmith.records.sweep import RungFrontier, RungScore, Trial
from litesmith.search.importance import importances
from litesmith.search.plan import Plan
from litesmith.search.study import StudyResult

CostOf = Callable[[Trial, RungScore], float]


def sweep_result(
    study: StudyResult,
    plan: Plan,
    full_training: records.FullTraining,
    *,
    importance_shuffles: int,
    seed: int,
) -> records.SweepResult:
    """Return the result of a search, without anything that differs when it is repeated.

    Args:
        study: All trials and the winner.
        plan: Parameters and limits of the search.
        full_training: The winner's training on all rows.
        importance_shuffles: Shuffled outcomes that tell what importance chance alone brings.
        seed: Of the estimate of importance.
    """
    trials, winner = tuple(entry.trial for entry in study.entries), study.winner
    return records.SweepResult(
        winner=records.Winner(
            **winner.trial.model_dump(include=set(records.Winner.model_fields)),
            network=winner.spec,
            validation_accuracy=winner.accuracy,
        ),
        trials=trials,
        refused=study.refused,
        max_work=plan.params.max_work,
        limits=plan.limits,
        tie_standard_errors=plan.params.tie_standard_errors,
        full_training=full_training,
        importance_shuffles=importance_shuffles,
        importances=importances(trials, num_shuffles=importance_shuffles, seed=seed),
        frontiers=frontiers(
            trials, file_bytes, winner=winner.trial.number, num_images=plan.num_validation
        ),
    )


def sweep_timing(study: StudyResult, plan: Plan) -> records.SweepTiming:
    """Return the CPU-seconds of the trials, and their standings."""
    times = tuple(time for entry in study.entries for time in entry.times)
    seconds = {(time.number, time.rung): time.cpu_s for time in times}

    def cpu_seconds(trial: Trial, score: RungScore) -> float:
        return seconds[trial.number, score.rung]

    winner, trials = study.winner.trial.number, [entry.trial for entry in study.entries]
    standings_by_time = frontiers(trials, cpu_seconds, winner=winner, num_images=plan.num_validation)
    return records.SweepTiming(trials=times, frontiers=standings_by_time)


def file_bytes(trial: Trial, _: RungScore) -> float:
    """Return the bytes of a trial's int8 file."""
    return float(trial.tflite_bytes)


def frontiers(
    trials: Sequence[Trial], cost_of: CostOf, *, winner: int, num_images: int
) -> tuple[RungFrontier, ...]:
    """Return the trials' standings at each rung, shortest first.

    A trial that was trained at several rungs stands at each, with the accuracy that it had there.

    Args:
        trials: All of a search; those without a score are in no frontier.
        cost_of: Returns the cost of a trial at a rung, such as `file_bytes`.
        winner: Number of the trial that won.
        num_images: Validation images that the accuracies were measured on.
    """
    scored = [(trial, score) for trial in trials for score in trial.scores]
    rungs = sorted({score.rung for _, score in scored})
    at_rungs = ([(trial, score) for trial, score in scored if score.rung == rung] for rung in rungs)
    return tuple(_frontier(at_rung, cost_of, winner, num_images) for at_rung in at_rungs)


def _frontier(
    scored: Sequence[tuple[Trial, RungScore]], cost_of: CostOf, winner: int, num_images: int
) -> RungFrontier:
    """Return the standings of the trials of one rung."""
    priced = [Priced(cost_of(trial, score), score.accuracy) for trial, score in scored]
    stands = standings(priced, num_images)
    points = tuple(
        records.PricedTrial(
            number=trial.number, **vars(point), standing=standing, won=trial.number == winner
        )
        for (trial, _), point, standing in zip(scored, priced, stands, strict=True)
    )
    _, first = scored[0]
    return RungFrontier(
        **first.model_dump(include={"rung", "epochs", "num_rows"}),
        points=points,
        margin=standard_error(max(point.accuracy for point in priced), num_images),
        num_images=num_images,
    )
