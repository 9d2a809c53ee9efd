import json
from dataclasses import asdict, replace

import pytest

from litesmith.params.sections.recipe import Augmentation, Recipe
from litesmith.records.record import Score
from litesmith.records.sweep import FullTraining, Refused, SweepResult, Trial
from litesmith.search.result import sweep_result, sweep_timing
from litesmith.search.space import Choices, network_of
from litesmith.search.study import Entry, StudyResult
from litesmith.search.trial import TrialResult
from tests.litesmith.search.test_study import PLAN

CHOICES = Choices(
    width=8,
    depth=1,
    stages=2,
    stem_kernel_size=3,
    stem_stride=1,
    residual=True,
    separable=False,
    repeats=1,
    batch_size=32,
    augmentation="mild",
    dropout_rate=0.1,
    learning_rate=0.1,
    weight_decay=0.003,
)
FULL = FullTraining(
    epochs=30,
    work=1.5e7,
    validation=Score(accuracy=0.93, loss=0.2, balance=None),
    recipe=Recipe(
        warmup_share=0.25,
        momentum=0.9,
        label_smoothing=0.05,
        skip_share=0.5,
        skip_until=0.875,
        averaging_share=0.0,
        refresh_rows=0,
        epochs=30,
        batch_size=32,
        learning_rate=0.1,
        weight_decay=0.003,
        augmentation=Augmentation(max_shift_px=1, flip=True, erase_share=0.0, erase_px=(2, 2)),
    ),
)


REFUSED = Refused(proposals=5, tflite_bytes=3, macs=4, activation_bytes=0)


def entry(number: int, *accuracies: float, choices: Choices = CHOICES) -> Entry:
    trial = Trial(
        number=number,
        batch=0,
        state="pruned",
        choices=asdict(choices),
        tflite_bytes=10_000 + number,
        macs=500,
        activation_bytes=300,
        rungs=(),
    )
    entry = Entry(trial, choices, network_of(choices, PLAN.images))
    for rung, accuracy in enumerate(accuracies):
        result = TrialResult(number, rung, accuracy, 1 - accuracy, cpu_s=10.0 * number + rung)
        entry.add(result, PLAN.lengths[rung], is_last=rung == 1)
    return entry


def study() -> StudyResult:
    entries = [
        entry(n, 0.5 + n / 100, choices=replace(CHOICES, width=8 * (1 + n % 2))) for n in range(6)
    ]
    winner = entry(6, 0.7, 0.8)
    return StudyResult([*entries, winner], winner, REFUSED)


def test_entry_has_the_state_after_its_last_rung() -> None:
    assert [entry(1, *accuracies).trial.state for accuracies in ((), (0.5,), (0.5, 0.6))] == [
        "pruned", "pruned", "complete",
    ]  # fmt: skip


@pytest.fixture(name="result", scope="module")
def fixture_result() -> SweepResult:
    return sweep_result(study(), PLAN, FULL, importance_shuffles=2, seed=1)


def test_result_holds_every_trial_and_the_winner(result: SweepResult) -> None:
    assert [trial.number for trial in result.trials] == list(range(7))
    assert (result.refused, result.max_work) == (REFUSED, None)
    assert result.trials[6].work == 500 * (1 * 100 + 2 * 200)
    assert result.work == 6 * 500 * 100 + 500 * 500
    assert [(score.rung, score.epochs, score.num_rows) for score in result.trials[6].rungs] == [
        (0, 1, 100), (1, 2, 200),
    ]  # fmt: skip
    assert (result.winner.number, result.winner.validation_accuracy) == (6, 0.8)
    assert (result.winner.network.stage_widths, result.winner.network.height) == ((8, 16), 8)
    assert result.limits.max_tflite_bytes == PLAN.limits.max_tflite_bytes
    assert result.full_training == FULL


def test_result_holds_importances_and_frontiers(result: SweepResult) -> None:
    assert {estimate.name for estimate in result.importances} == set(asdict(CHOICES))
    assert result.importance_shuffles == 2
    assert [len(frontier.points) for frontier in result.frontiers] == [7, 1]
    assert result.frontiers[1].points[0].won
    assert result.frontiers[0].num_images == PLAN.num_validation


def test_result_goes_through_json_without_a_time_in_it(result: SweepResult) -> None:
    text = result.model_dump_json()
    assert SweepResult.model_validate_json(text) == result
    assert "cpu_s" not in text


def test_timing_holds_each_rung_and_its_frontiers() -> None:
    timing = sweep_timing(study(), PLAN)
    assert [(time.number, time.rung, time.cpu_s) for time in timing.trials][-2:] == [
        (6, 0, 60.0), (6, 1, 61.0),
    ]  # fmt: skip
    assert [point.cost for point in timing.frontiers[1].points] == [61.0]
    assert json.loads(timing.model_dump_json())["trials"][0] == {"number": 0, "rung": 0, "cpu_s": 0.0}
