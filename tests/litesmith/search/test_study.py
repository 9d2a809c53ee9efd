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
from litesmith.params.sections.sweep import FirstTrial, Rung, SearchParams, Space
from litesmith.records.sweep import RungScore, Trial
from litesmith.search.plan import Plan
from litesmith.search.space import Choices, network_of
from litesmith.search.study import Entry, StudyResult, choose_winner, run_study
from litesmith.search.trial import TrialJob, TrialResult, append_result
from tests.litesmith import small

PARAMS = SearchParams(
    num_trials=10,
    max_work=None,
    batch_trials=4,
    startup_trials=4,
    max_asks=50,
    reduction=2,
    rungs=(Rung(num_images=100, num_rows=100), Rung(num_images=400, num_rows=200)),
    max_epochs=100,
    tie_standard_errors=0.0,
    first_trials=(),
    augmentations={
        "mild": Augmentation(max_shift_px=1, flip=True, erase_share=0.0, erase_px=(2, 2)),
        "strong": Augmentation(max_shift_px=2, flip=True, erase_share=0.5, erase_px=(2, 4)),
    },
    space=Space(
        widths=(8, 16, 32),
        depths=(1, 2, 3),
        stages=(2,),
        stem_kernel_sizes=(3, 5),
        stem_strides=(1,),
        residual=(True,),
        separable=(False,),
        repeats=(1, 2),
        dropout_rates=(0.0, 0.3),
        batch_sizes=(32, 64),
        learning_rates=(0.01, 0.3),
        weight_decays=(0.001, 0.01),
        augmentations=("mild", "strong"),
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
    num_train=1000,
    validation=Path("validation"),
    num_validation=2500,
    targets=Path("targets"),
)


@pytest.fixture(autouse=True)
def known_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the conversion: bytes grow with width and depth, and 32 channels are too many."""
    for name in ("cost_of", "estimated_cost"):
        monkeypatch.setattr(
            f"litesmith.search.study.{name}",
            lambda spec: Cost(spec.stem_width * 1000 * sum(spec.stage_blocks), spec.stem_width, 1),
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
    assert len(result.entries) == 10
    batches = [entry.trial.batch for entry in result.entries]
    assert [batches.count(batch) for batch in (0, 1, 2)] == [4, 4, 2]
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
        choices={},
        tflite_bytes=1,
        macs=macs,
        activation_bytes=1,
        rungs=(score,),
    )
    return Entry(trial, CHOICES, network_of(CHOICES, PLAN.images))


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


def test_proposals_beyond_a_limit_are_counted_and_not_trained(tmp_path: Path) -> None:
    result = study(tmp_path)
    assert all(entry.trial.tflite_bytes <= 20_000 for entry in result.entries)
    assert result.refused.proposals == result.refused.tflite_bytes > 0
    assert (result.refused.macs, result.refused.activation_bytes) == (0, 0)


def test_only_what_seems_to_keep_the_limits_is_converted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An estimate that is 5 % too high decides nothing."""
    converted = set[int]()

    def cost_of(spec: NetworkSpec) -> Cost:
        converted.add(spec.stem_width)
        return Cost(spec.stem_width, 1, 1)

    monkeypatch.setattr("litesmith.search.study.cost_of", cost_of)
    monkeypatch.setattr(
        "litesmith.search.study.estimated_cost",
        lambda spec: Cost({4: 100, 8: 105, 16: 120}[spec.stem_width], 1, 1),
    )
    limits = PLAN.limits.replace(max_tflite_bytes=100)
    result = study(tmp_path, plan=replace(PLAN, limits=limits))
    assert converted == {4, 8} == {entry.trial.tflite_bytes for entry in result.entries}


def test_a_search_ends_before_the_batch_that_would_exceed_its_work(tmp_path: Path) -> None:
    params = PARAMS.replace(num_trials=100)
    whole = study(tmp_path / "a", plan=replace(PLAN, params=params))
    works = [entry.trial.work for entry in whole.entries]
    assert works[0] == whole.entries[0].trial.macs * (
        100 + 400 * (len(whole.entries[0].trial.rungs) - 1)
    )
    bounded = params.replace(max_work=sum(works[:40]) * 1.01)
    result = study(tmp_path / "b", plan=replace(PLAN, params=bounded))
    assert result.entries == whole.entries[: len(result.entries)]
    assert len(result.entries) in (36, 40)


def test_one_batch_runs_whatever_the_work(tmp_path: Path) -> None:
    result = study(tmp_path, plan=replace(PLAN, params=PARAMS.replace(max_work=1.0)))
    assert len(result.entries) == 4


FIRST = FirstTrial(
    width=32,
    depth=3,
    stages=4,
    stem_kernel_size=3,
    stem_stride=2,
    residual=False,
    separable=True,
    repeats=1,
    dropout_rate=0.5,
    batch_size=48,
    learning_rate=0.2,
    weight_decay=0.0001,
    augmentation="strong",
)


def test_known_recipes_come_first_within_space_and_limits(tmp_path: Path) -> None:
    narrow = FIRST.replace(width=8, depth=1, batch_size=64)
    params = PARAMS.replace(first_trials=(FIRST, narrow, FIRST))
    result = study(tmp_path, plan=replace(PLAN, params=params))
    first, second, third = (entry.choices for entry in result.entries[:3])
    # 32 channels are too many at a depth of three and two.
    assert (first.width, first.depth, first.stages, first.residual, first.separable) == (
        32,
        1,
        2,
        True,
        False,
    )
    assert (first.dropout_rate, first.weight_decay, first.batch_size) == (0.3, 0.001, 32)
    assert (first.learning_rate, first.augmentation, first.stem_stride) == (0.2, "strong", 1)
    assert second == replace(first, width=8, batch_size=64)
    assert third.learning_rate != 0.2


def test_jobs_tell_how_much_of_the_search_is_done(tmp_path: Path) -> None:
    workers = Workers(tmp_path / "log.jsonl")
    run_study(PLAN, seed=1, log=workers.log, run_batch=workers)
    shares = [job.share_done for job in workers.jobs]
    assert shares == sorted(shares)
    assert (shares[0], shares[4], shares[6], shares[-1]) == (0.0, 0.2, 0.4, 0.9)


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
    stages=2,
    stem_kernel_size=5,
    stem_stride=1,
    residual=True,
    separable=False,
    repeats=2,
    batch_size=32,
    augmentation="mild",
    dropout_rate=0.1,
    learning_rate=0.1,
    weight_decay=0.001,
)
