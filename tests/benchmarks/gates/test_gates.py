"""Tests of benchmarks.gates."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.gates.__main__ import CONFIG, claims, measure
from benchmarks.gates.cases import Config, Judged, Truth, by_gates, draw, run
from benchmarks.gates.populations import real, synthetic
from benchmarks.numbers import read_numbers
from litesmith.errors import DataError
from litesmith.judging.case import Case
from litesmith.params.loading import read_params
from litesmith.params.sections.judge import JudgeParams
from tasks import catalog

ROOT = Path(__file__).parents[3]
THRESHOLDS = read_params(ROOT / catalog.PARAMS).judge


def config(draws: int) -> Config:
    return read_numbers(CONFIG, Config).replace(draws=draws)


def always_keep(case: Case, thresholds: JudgeParams) -> Judged:
    """Judge as whoever never dares."""
    return Judged("keep", None, by_gates(case, thresholds).reasons)


def always_promote(case: Case, thresholds: JudgeParams) -> Judged:
    return Judged("promote", "better", ())


def verdicts(judge: object, draws: int = 60) -> list[str]:
    settings = config(draws)
    pair = synthetic(list(settings.synthetic.class_accuracies), 0.033)
    results = measure([pair], settings.replace(flips=(), class_losses=()), THRESHOLDS, judge)  # type: ignore[arg-type]
    return [claim.verdict(claim.must) for claim in claims(results, settings)]


def test_the_gates_keep_their_bounds() -> None:
    assert verdicts(by_gates) == ["met"] * 4


def test_a_judge_that_always_keeps_fails() -> None:
    assert verdicts(always_keep, 3) == ["met", "met", "met", "not met"]


def test_a_judge_that_always_promotes_fails() -> None:
    assert verdicts(always_promote, 3) == ["not met", "met", "not met", "met"]


def test_synthetic_files_err_and_disagree_as_they_should() -> None:
    pair = synthetic([0.9, 0.8, 1.0], 0.06)
    assert pair.disagreement == pytest.approx(0.06, abs=1e-4)
    for right in (pair.one, pair.other):
        assert [right[pair.labels == label].mean() for label in range(3)] == pytest.approx(
            [0.9, 0.8, 1.0], abs=1e-4
        )
    apart = pair.one != pair.other
    assert apart[pair.labels == 1].mean() == pytest.approx(2 * apart[pair.labels == 0].mean(), rel=0.01)


@pytest.mark.parametrize(("gain", "label"), [(0.0, None), (0.01, None), (-0.01, None), (-0.1, 1)])
def test_a_candidate_has_the_difference_that_is_true_of_it(gain: float, label: int | None) -> None:
    settings, rng = config(1).replace(num_images=200_000), np.random.default_rng(2)
    pair = synthetic([0.9, 0.8, 0.95], 0.04)
    case = draw(pair, Truth(gain, label), settings, THRESHOLDS, rng)
    assert case.changes is not None
    seen = case.changes.comparison.difference
    assert seen.mean == pytest.approx(gain / 3 if label == 1 else gain, abs=0.002)
    keras_apart = np.mean((case.keras == case.labels) != (case.candidate == case.labels))
    assert keras_apart == pytest.approx(settings.quantization_flips, abs=0.001)


def test_a_result_counts_what_was_judged() -> None:
    pair = synthetic([0.9, 0.9], 0.02)
    result = run(pair, Truth(0.0), config(4), THRESHOLDS, always_keep, np.random.default_rng(1))
    assert (result.outcomes, result.promoted, result.better) == ({"keep": 1.0}, 0.0, 0.0)


def test_real_answers_are_those_of_the_last_run_and_of_earlier_ones(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"predictions\.npz is missing"):
        real(tmp_path / "predictions.npz")
    labels = (np.arange(10_000) % 10).astype(np.uint8)
    names = np.array(["baseline-keras", "a-int8", "b-int8"])
    np.savez(
        tmp_path / "predictions.npz", labels=labels, variants=names, predicted=np.stack([labels] * 3)
    )
    pairs = real(tmp_path / "predictions.npz")
    assert pairs[0].name == "a-int8 and b-int8"
    assert (len(pairs), pairs[0].disagreement) == (7, 0.0)
    assert all(0.025 < pair.disagreement < 0.035 for pair in pairs[1:])
    assert all(0.93 < pair.one.mean() < 0.945 for pair in pairs[1:])
    np.savez(
        tmp_path / "predictions.npz",
        labels=labels[:50],
        variants=names,
        predicted=np.stack([labels[:50]] * 3),
    )
    with pytest.raises(DataError, match="answers to 50 images, expected the 10000 test images"):
        real(tmp_path / "predictions.npz")
