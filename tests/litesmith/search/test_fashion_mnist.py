"""The search that the default data set pins finds what it found before the space grew."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from litesmith.device.limits import search_limits
from litesmith.params.loading import read_params
from litesmith.params.sections.device import HardLimits
from litesmith.params.sections.sweep import SearchParams
from litesmith.records.form import DataForm
from litesmith.search.cost import estimated_cost
from litesmith.search.lengths import full_length
from litesmith.search.plan import Plan
from litesmith.search.space import search_for
from litesmith.search.study import StudyResult, run_study
from litesmith.search.trial import TrialJob, TrialResult

PARAMS = read_params(Path(__file__).parents[3] / "params.yaml")
FORM = DataForm(
    class_names=tuple("0123456789"),
    height=28,
    width=28,
    channels=1,
    fit="pad",
    ground="dark",
    mirror_safe=True,
)


@dataclass(frozen=True)
class Recorded:
    """A trial of a full run: its choices, its work, its bytes, and accuracy and loss at its rungs."""

    width: int
    depth: int
    stem_kernel_size: int
    batch_size: int
    dropout_rate: float
    learning_rate: float
    weight_decay: float
    macs: int
    tflite_bytes: int
    scores: tuple[tuple[float, float], ...]


RECORDED = [
    Recorded(
        32,
        2,
        3,
        128,
        0.01778,
        0.2663,
        0.005829,
        5532544,
        76224,
        ((0.8302, 0.483375), (0.8738, 0.381306)),
    ),
    Recorded(32, 1, 5, 96, 0.06343, 0.1803, 0.003055, 3926912, 66560, ((0.8158, 0.503134),)),
    Recorded(
        32, 2, 5, 96, 0.04806, 0.2418, 0.004695, 5733248, 76480, ((0.8324, 0.493717), (0.8644, 0.38094))
    ),
    Recorded(24, 2, 3, 128, 0.01574, 0.2896, 0.004306, 3133344, 44944, ((0.8152, 0.527983),)),
    Recorded(
        32,
        2,
        3,
        128,
        0.008379,
        0.1212,
        0.003718,
        5532544,
        76224,
        ((0.8198, 0.516352), (0.8578, 0.412567)),
    ),
    Recorded(24, 2, 3, 128, 0.06349, 0.159, 0.003798, 3133344, 44944, ((0.813, 0.511751),)),
    Recorded(
        24, 2, 3, 96, 0.03876, 0.145, 0.005941, 3133344, 44944, ((0.8242, 0.503757), (0.8648, 0.402626))
    ),
    Recorded(32, 1, 3, 128, 0.0576, 0.2071, 0.004929, 3726208, 66304, ((0.8002, 0.534725),)),
]


@pytest.fixture(name="jobs")
def fixture_jobs() -> list[TrialJob]:
    return []


@pytest.fixture(name="study")
def fixture_study(jobs: list[TrialJob], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StudyResult:
    """Search with the scores of the full run, without training and conversion."""
    monkeypatch.setattr("litesmith.search.study.cost_of", estimated_cost)
    plan = Plan(
        params=search_for(PARAMS.sweep.part(SearchParams), FORM, num_rows=6000),
        limits=search_limits(PARAMS.device.part(HardLimits), PARAMS.sweep.budget),
        form=FORM,
        train=tmp_path,
        num_train=50_000,
        validation=tmp_path,
        num_validation=5_000,
        targets=tmp_path,
    )

    def run(batch: list[TrialJob]) -> list[TrialResult]:
        jobs.extend(batch)
        scored = ((job, RECORDED[job.number].scores[job.rung]) for job in batch)
        return [TrialResult(job.number, job.rung, *score, cpu_s=1.0) for job, score in scored]

    return run_study(plan, seed=PARAMS.seed, log=tmp_path / "log.jsonl", run_batch=run)


def test_the_same_trials_are_proposed_and_the_same_one_wins(study: StudyResult) -> None:
    found = [
        Recorded(
            choices.width,
            choices.depth,
            choices.stem_kernel_size,
            choices.batch_size,
            choices.dropout_rate,
            choices.learning_rate,
            choices.weight_decay,
            entry.trial.macs,
            recorded.tflite_bytes,
            tuple((score.accuracy, score.loss) for score in entry.trial.rungs if score.loss is not None),
        )
        for entry, recorded in zip(study.entries, RECORDED, strict=True)
        for choices in [entry.choices]
    ]
    assert found == RECORDED
    assert study.winner.trial.number == 0
    assert study.refused.proposals == 0


def test_the_same_trainings_are_asked_for(study: StudyResult, jobs: list[TrialJob]) -> None:
    assert study.entries
    assert {(job.rung, job.recipe.epochs, job.num_rows) for job in jobs} == {(0, 4, 6000), (1, 4, 12000)}
    seeds = {(job.number, job.rung): job.seed for job in jobs}
    assert (seeds[0, 0], seeds[3, 0], seeds[7, 0]) == (312747139, 1254177412, 255040234)
    assert {job.rows_seed for job in jobs} == {1984422708}
    assert full_length(PARAMS.sweep.full, 5_532_544, 50_000).epochs == 84


def test_bytes_are_estimated_within_a_hundredth(study: StudyResult) -> None:
    estimates = [entry.trial.tflite_bytes for entry in study.entries]
    assert estimates == pytest.approx([trial.tflite_bytes for trial in RECORDED], rel=0.01)
