"""Tests of litesmith.tflite.calibration."""

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from litesmith.tflite import calibration
from litesmith.tflite.calibration import rounded, with_rounded_ranges
from litesmith.tflite.precisions import int4, int8
from litesmith.tflite.slimming import slim
from tests.litesmith.make_tiny import TINY, images, trained

CALIBRATION, _ = images(60, seed=1)


def elsewhere(seed: int) -> NDArray[np.float32]:
    """Return factors as one machine's sums differ from another's, float32 (1000,)."""
    return (1 + 1e-6 * np.random.default_rng(seed).uniform(-1, 1, 1000)).astype(np.float32)


def test_values_keep_eight_bits_and_zero_and_powers_of_two_stay() -> None:
    assert rounded([0.0, 1.0, -0.5, 6.0]).tolist() == [0.0, 1.0, -0.5, 6.0]
    assert rounded([1.001, -3.003]).tolist() == [1.0, -3.0]
    values = np.random.default_rng(2).uniform(-9, 9, 1000).astype(np.float32)
    assert np.abs(rounded(values) / values - 1).max() <= 1 / 256
    assert len(np.unique(rounded(np.linspace(1, 2, 1000, endpoint=False)))) <= 129


def test_what_differs_in_the_last_digits_is_the_same_but_for_few_values() -> None:
    values = np.random.default_rng(3).uniform(0.1, 9, 1000).astype(np.float32)
    assert (values != values * elsewhere(4)).mean() > 0.5
    assert (rounded(values) != rounded(values * elsewhere(4))).mean() < 0.005


@pytest.mark.slow
def test_files_do_not_depend_on_the_last_digits_of_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if other machines had calibrated, whose sums differ; without rounding the files would."""
    model, floats = trained(), (TINY / "float32.tflite").read_bytes()

    def files(factors: NDArray[np.float32], *, rounds: bool) -> tuple[bytes, bytes]:
        draws = iter(factors)

        def changed(values: ArrayLike) -> NDArray[np.float32]:
            exact = np.asarray(values, np.float32)
            moved = np.array([value * next(draws) for value in exact.ravel()], np.float32)
            moved = moved.reshape(exact.shape)
            return rounded(moved) if rounds else moved

        monkeypatch.setattr(calibration, "rounded", changed)
        monkeypatch.setattr(int4, "rounded", changed)
        return slim(int8.translate(model, CALIBRATION)), slim(int4.quantize(floats, CALIBRATION))

    pairs = [files(elsewhere(seed), rounds=True) for seed in (5, 6)]
    assert pairs[0] == pairs[1]
    others = [files(elsewhere(seed), rounds=False) for seed in (5, 6)]
    assert all(here != there for here, there in zip(*others, strict=True))


@pytest.mark.slow
def test_rounding_again_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    calibrated: list[bytes] = []

    def noted(model: bytes) -> bytes:
        calibrated.append(with_rounded_ranges(model))
        return calibrated[0]

    monkeypatch.setattr(int8, "with_rounded_ranges", noted)
    once = int8.translate(trained(), CALIBRATION)
    monkeypatch.setattr(int8, "with_rounded_ranges", lambda _: with_rounded_ranges(calibrated[0]))
    assert int8.translate(trained(), CALIBRATION) == once
