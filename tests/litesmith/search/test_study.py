from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import optuna
import pytest

from litesmith.device.limits import Cost
from litesmith.errors import DivergedError, ParamsError
from litesmith.params.sections.device import HardLimits
from litesmith.params.sections.network import NetworkSpec
from litesmith.params.sections.recipe import Augmentation, Distillation, Schedule
from litesmith.params.sections.sweep import Rung, SearchParams, Space
from litesmith.records.sweep import RungScore, Trial
from litesmith.search.study import (
    Choices,
    Entry,
    Plan,
    StudyResult,
    choose_winner,
    network_of,
    run_study,
)
from litesmith.search.trial import TrialJob, TrialResult, append_result
from tests.litesmith import small

PARAMS = SearchParams(
    num_trials=10,
    batch_trials=4,
    startup_trials=4,
    max_asks=50,
    reduction=2,
    rungs=(Rung(epochs=1, num_rows=100), Rung(epochs=2, num_rows=200)),
    tie_standard_errors=0.0,
    num_stages=2,
    stem_stride=1,
    residual=True,
    separable=False,
    space=Space(
        widths=(8, 16, 32),
        depths=(1, 2, 3),
        repeats=(1, 2),
        stem_kernel_sizes=(3, 5),
        dropout_rates=(0.0, 0.3),
        batch_sizes=(32, 64),
        learning_rates=(0.01, 0.3),
        weight_decays=(0.001, 0.01),
        augmentations={
            "mild": Augmentation(max_shift_px=1, flip=True, erase_share=0.0, max_erase_px=2),
            "strong": Augmentation(max_shift_px=2, flip=True, erase_share=0.5, max_erase_px=4),
        },
    ),
    schedule=Schedule(
        warmup_share=0.25,
        momentum=0.9,
        label_smoothing=0.05,
        skip_share=0.5,
        skip_until=0.8,
        averaging_share=0.01,
        refresh_rows=100,
    ),
    distillation=Distillation(weight=0.9, temperature=2.0),
    trial_threads=1,
)
PLAN = Plan(
    params=PARAMS,
    limits=HardLimits(max_tflite_bytes=20_000, max_macs=10**6, max_activation_bytes=10**6),
    form=small.FORM,
    train=Path("train"),
    validation=Path("validation"),
    num_validation=2500,
    targets=Path("targets"),
)


@pytest.fixture(autouse=True)
def known_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the conversion: bytes grow with width and depth, and 32 channels are too many."""
    monkeypatch.setattr(
        "litesmith.search.study.cost_of",
        lambda spec: Cost(spec.stem_width * 1000 * sum(spec.stage_blocks), 1, 1),
    )


def outcome(job: TrialJob) -> TrialResult:
    """Pretend to train: wider is better, so is longer; the number breaks ties."""
    accuracy = 0.5 + job.spec.stem_width / 100 + job.rung / 10 + job.number / 10_000
    return TrialResult(job.number, job.rung, accuracy, 1 - accuracy, cpu_s=float(job.number))


class Workers:
    """Runs jobs, logs them, and dies after so many."""

    def __init__(self, log: Path, dies_after: int = 10**9) -> None:
        self.log, self.left, self.jobs = log, dies_after, list[TrialJob]()

    def __call__(self, jobs: list[TrialJob]) -> list[TrialResult]:
        results = []
        for job in jobs:
            if not self.left:
                raise KeyboardInterrupt
            self.left -= 1
            self.jobs.append(job)
            results.append(outcome(job))
            append_result(self.log, results[-1])
        return results


def study(tmp_path: Path, seed: int = 1, plan: Plan = PLAN) -> StudyResult:
    log = tmp_path / f"{seed}.jsonl"
    return run_study(plan, seed=seed, log=log, run_batch=Workers(log))


def states(result: StudyResult) -> list[str]:
    return [entry.trial.state for entry in result.entries]


def test_batches_are_halved_and_all_trials_stay(tmp_path: Path) -> None:
    result = study(tmp_path)
    trials = [entry for entry in result.entries if not entry.trial.reason]
    assert len(trials) == 10
    assert [sum(entry.trial.batch == batch for entry in trials) for batch in (0, 1, 2)] == [4, 4, 2]
    assert states(result).count("complete") == 2 + 2 + 1
    assert [entry.trial.number for entry in result.entries] == list(range(len(result.entries)))


def test_the_better_half_goes_on_and_the_best_wins(tmp_path: Path) -> None:
    result = study(tmp_path)
    for batch in (0, 1, 2):
        entries = [entry for entry in result.entries if entry.trial.batch == batch and entry.trial.rungs]
        stopped = [entry.trial.rungs[0].accuracy for entry in entries if len(entry.trial.rungs) == 1]
        went_on = [entry.trial.rungs[0].accuracy for entry in entries if len(entry.trial.rungs) == 2]
        assert min(went_on) > max(stopped)
    assert result.winner.trial.rungs[-1].accuracy == max(
        entry.trial.rungs[-1].accuracy for entry in result.entries if len(entry.trial.rungs) == 2
    )


def finished(number: int, macs: int, accuracy: float) -> Entry:
    score = RungScore(rung=1, epochs=2, num_rows=200, accuracy=accuracy, loss=1 - accuracy)
    trial = Trial(
        number=number,
        batch=0,
        state="complete",
        reason="",
        choices={},
        tflite_bytes=1,
        macs=macs,
        activation_bytes=1,
        rungs=(score,),
    )
    return Entry(trial, CHOICES, network_of(CHOICES, PLAN))


@pytest.mark.parametrize(("errors", "number"), [(0.0, 1), (1.0, 2), (3.0, 0)])
def test_of_equals_the_one_with_the_most_work_wins(errors: float, number: int) -> None:
    # One standard error of 0.9 on 2,500 images is 0.006.
    trials = [
        finished(0, 300, 0.885),
        finished(1, 100, 0.9),
        finished(2, 200, 0.896),
        finished(3, 200, 0.895),
    ]
    plan = replace(PLAN, params=PARAMS.replace(tie_standard_errors=errors))
    assert choose_winner(trials, plan).trial.number == number


def diverging_above(rate: float) -> Callable[[TrialJob], TrialResult]:
    """Pretend that trainings with a higher learning rate diverge."""
    ordinary = outcome

    def outcome_of(job: TrialJob) -> TrialResult:
        result = ordinary(job)
        return replace(result, accuracy=0.0, loss=None) if job.recipe.learning_rate > rate else result

    return outcome_of


def test_a_diverged_trial_stays_and_goes_no_further(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.litesmith.search.test_study.outcome", diverging_above(0.05))
    result = study(tmp_path)
    diverged = [entry for entry in result.entries if entry.trial.state == "diverged"]
    assert diverged
    assert all(len(entry.trial.rungs) == 1 for entry in diverged)
    assert result.winner.trial.state == "complete"
    assert all(entry.trial.rungs[-1].loss is None for entry in diverged)


def test_a_trial_that_diverged_late_is_reported_as_worse_than_all_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studies = []
    create = optuna.create_study
    monkeypatch.setattr(
        optuna, "create_study", lambda **how: studies.append(create(**how)) or studies[0]
    )

    def late(job: TrialJob) -> TrialResult:
        number, rung = job.number, job.rung
        return (
            TrialResult(number, rung, 0.0, None, 1.0)
            if rung
            else TrialResult(number, rung, 0.9, 0.1, 1.0)
        )

    monkeypatch.setattr("tests.litesmith.search.test_study.outcome", late)
    with pytest.raises(DivergedError):
        study(tmp_path)
    reported = [trial.intermediate_values for trial in studies[0].trials if trial.intermediate_values]
    assert {0: 0.0} in reported
    assert all(values in ({0: 0.0}, {0: 0.9}) for values in reported)


def test_a_study_without_survivors_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.litesmith.search.test_study.outcome", diverging_above(0.0))
    with pytest.raises(DivergedError, match=r"Lower sweep.space.learning_rates"):
        study(tmp_path)


def test_infeasible_proposals_are_pruned_with_the_reason_and_replaced(tmp_path: Path) -> None:
    infeasible = [entry for entry in study(tmp_path).entries if entry.trial.reason]
    assert infeasible
    for entry in infeasible:
        assert entry.trial.reason == f"int8 file of {entry.trial.tflite_bytes} bytes, limit 20000"
        assert entry.trial.rungs == ()


def test_unreachable_limits_say_what_to_do(tmp_path: Path) -> None:
    limits, params = PLAN.limits.replace(max_tflite_bytes=10), PARAMS.replace(max_asks=3)
    plan = replace(PLAN, limits=limits, params=params)
    with pytest.raises(
        ParamsError, match=r"none of 3 proposals kept the search's limits; .* Raise sweep\.budget or"
    ):
        study(tmp_path, plan=plan)


def test_the_seed_decides_the_study(tmp_path: Path) -> None:
    first, again, other = (study(tmp_path / name, seed) for name, seed in (("a", 1), ("b", 1), ("c", 2)))
    assert first == again
    assert first != other


@pytest.fixture(autouse=True)
def folders(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / name).mkdir()


@pytest.mark.parametrize("done", [0, 1, 3, 5, 9, 14])
def test_a_killed_study_ends_as_the_undisturbed_one(tmp_path: Path, done: int) -> None:
    undisturbed = study(tmp_path / "a")
    log = tmp_path / "b" / "killed.jsonl"
    with pytest.raises(KeyboardInterrupt):
        run_study(PLAN, seed=1, log=log, run_batch=Workers(log, dies_after=done))
    with log.open("a") as file:
        file.write('{"number": 3, "ru')
    again = Workers(log)
    resumed = run_study(PLAN, seed=1, log=log, run_batch=again)
    assert resumed == undisturbed
    assert len(again.jobs) == sum(len(entry.trial.rungs) for entry in undisturbed.entries) - done


def test_jobs_differ_in_seed_but_not_in_rows(tmp_path: Path) -> None:
    workers = Workers(tmp_path / "log.jsonl")
    run_study(PLAN, seed=1, log=workers.log, run_batch=workers)
    assert len({job.seed for job in workers.jobs}) == len(workers.jobs)
    assert len({job.rows_seed for job in workers.jobs}) == 1
    assert {(job.rung, job.recipe.epochs, job.num_rows) for job in workers.jobs} == {
        (0, 1, 100),
        (1, 2, 200),
    }


CHOICES = Choices(
    width=8,
    depth=1,
    repeats=2,
    stem_kernel_size=5,
    batch_size=32,
    augmentation="mild",
    dropout_rate=0.1,
    learning_rate=0.1,
    weight_decay=0.001,
)


@pytest.mark.parametrize(("depth", "blocks"), [(0, (0, 0)), (1, (0, 1)), (2, (1, 1)), (3, (1, 2))])
def test_depth_goes_to_the_last_stage_first(depth: int, blocks: tuple[int, ...]) -> None:
    spec = network_of(replace(CHOICES, depth=depth), PLAN)
    assert spec == NetworkSpec(
        height=8,
        width=8,
        channels=1,
        num_classes=3,
        stem_width=4,
        stage_widths=(8, 16),
        stage_blocks=blocks,
        stem_kernel_size=5,
        stem_stride=1,
        residual=True,
        separable=False,
        repeats=2,
        dropout_rate=0.1,
    )
