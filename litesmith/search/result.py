"""A finished search as the records that the step ``sweep`` writes."""

from dataclasses import asdict

from litesmith.params.sections.device import HardLimits
from litesmith.records.sweep import (
    FullTraining,
    RungScore,
    SweepResult,
    SweepTiming,
    Trial,
    TrialTime,
    Winner,
)
from litesmith.search.frontiers import frontiers_by_bytes, frontiers_by_cpu_seconds
from litesmith.search.importance import importances
from litesmith.search.study import Entry, Plan, StudyResult


def sweep_result(
    study: StudyResult, plan: Plan, full_training: FullTraining, *, importance_shuffles: int, seed: int
) -> SweepResult:
    """Return the result of a search, without anything that differs when it is repeated.

    Args:
        study: Its trials and the winner.
        plan: What it followed.
        full_training: The winner's training on all rows.
        importance_shuffles: Shuffled outcomes that tell what importance chance alone brings.
        seed: Of the estimate of importance.
    """
    trials = tuple(_trial(entry, plan) for entry in study.entries)
    winner = study.winner
    return SweepResult(
        winner=Winner(
            number=winner.number,
            choices=asdict(winner.choices),
            network=winner.spec,
            validation_accuracy=winner.results[-1].accuracy,
            **asdict(winner.cost),
        ),
        trials=trials,
        limits=plan.limits.part(HardLimits),
        tie_standard_errors=plan.params.tie_standard_errors,
        full_training=full_training,
        importance_shuffles=importance_shuffles,
        importances=importances(trials, num_shuffles=importance_shuffles, seed=seed),
        frontiers=frontiers_by_bytes(trials, winner=winner.number, num_images=plan.num_validation),
    )


def sweep_timing(study: StudyResult, plan: Plan) -> SweepTiming:
    """Return the CPU-seconds of the trials, and their standings."""
    times = tuple(
        TrialTime(number=result.number, rung=result.rung, cpu_s=result.cpu_s)
        for entry in study.entries
        for result in entry.results
    )
    trials = tuple(_trial(entry, plan) for entry in study.entries)
    frontiers = frontiers_by_cpu_seconds(
        trials, times, winner=study.winner.number, num_images=plan.num_validation
    )
    return SweepTiming(trials=times, frontiers=frontiers)


def _trial(entry: Entry, plan: Plan) -> Trial:
    return Trial(
        number=entry.number,
        batch=entry.batch,
        state=entry.state,
        reason=entry.reason,
        choices=asdict(entry.choices),
        **asdict(entry.cost),
        rungs=tuple(
            RungScore(
                rung=result.rung,
                epochs=plan.params.rungs[result.rung].epochs,
                num_rows=plan.params.rungs[result.rung].num_rows,
                accuracy=result.accuracy,
                loss=result.loss,
            )
            for result in entry.results
        ),
    )
