"""Tests of litesmith.analysis.reliability."""

import numpy as np
import pytest

from litesmith.analysis.reliability import expected_calibration_error, reliability


def test_bins_hold_their_upper_end() -> None:
    confidence = np.array([0.0, 0.2, 0.21, 1.0])
    bins = reliability(np.array([True, False, True, True]), confidence, 5, 0.95)
    assert [(each.low, each.high, each.num_images) for each in bins] == [
        (0.0, 0.2, 2),
        (0.2, 0.4, 1),
        (0.8, 1.0, 1),
    ]
    assert (bins[0].confidence, bins[0].accuracy.value) == pytest.approx((0.1, 0.5))


def test_error_is_the_distance_weighted_by_images() -> None:
    right = np.array([True, False, True, True, True])
    confidence = np.array([0.6, 0.6, 0.9, 0.9, 0.9])  # 0.5 right of 0.6, and 1.0 right of 0.9
    bins = reliability(right, confidence, 10, 0.95)
    assert expected_calibration_error(bins) == pytest.approx((2 * 0.1 + 3 * 0.1) / 5)


def test_who_is_right_as_often_as_said_has_no_error_to_speak_of() -> None:
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.3, 1, 100_000)
    bins = reliability(rng.uniform(size=100_000) < confidence, confidence, 15, 0.95)
    assert expected_calibration_error(bins) < 0.01
    assert sum(each.num_images for each in bins) == 100_000


def test_overconfidence_is_an_error() -> None:
    bins = reliability(np.arange(100) % 2 == 0, np.full(100, 0.99, np.float32), 15, 0.95)
    assert expected_calibration_error(bins) == pytest.approx(0.49, abs=1e-6)
    assert bins[0].accuracy.low < 0.5 < bins[0].accuracy.high
