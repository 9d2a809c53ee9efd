"""Tests of litesmith.analysis.rejection."""

import numpy as np
import pytest

from litesmith.analysis.intervals import wilson
from litesmith.analysis.rejection import rejection


def test_the_least_sure_answers_are_rejected_first() -> None:
    confidence = np.arange(1, 101, dtype=np.float32) / 100
    right = np.arange(100) >= 20  # the twenty least sure ones are wrong
    points = rejection(right, confidence, [0.1, 0.2, 0.5], 0.95).points
    assert [(point.num_answered, point.rejected) for point in points] == [
        (100, 0.0), (90, 0.1), (80, 0.2), (50, 0.5)
    ]  # fmt: skip
    assert [point.accuracy.value for point in points] == [0.8, 80 / 90, 1.0, 1.0]
    assert [point.threshold for point in points] == pytest.approx([0.01, 0.11, 0.21, 0.51])
    assert points[1].accuracy == wilson(80, 90, 0.95)


def test_equal_confidences_are_rejected_together() -> None:
    # an int8 file is sure of most images to the last step
    confidence = np.repeat(np.array([100, 200, 255], np.float32) / 256, [10, 20, 70])
    right = np.ones(100, bool)
    points = rejection(right, confidence, [0.05, 0.1, 0.15, 0.3, 0.5], 0.95).points
    # what would leave no answer gives no point
    assert [(point.rejected, point.threshold) for point in points] == [
        (0.0, 100 / 256), (0.1, 200 / 256), (0.3, 255 / 256)
    ]  # fmt: skip
    for point in points:
        assert int(np.sum(confidence >= np.float32(point.threshold))) == point.num_answered


def test_a_threshold_gives_what_its_point_says_at_any_precision() -> None:
    rng = np.random.default_rng(3)
    for dtype in (np.float32, np.float64):
        confidence = rng.uniform(0.1, 1, 1000).astype(dtype)
        right = rng.uniform(size=1000) < confidence
        points = rejection(right, confidence, np.linspace(0, 0.99, 50).tolist(), 0.95).points
        assert len(points) == 50
        for point in points:
            answered = confidence >= point.threshold
            assert answered.sum() == point.num_answered == round(1000 * (1 - point.rejected))
            assert right[answered].mean() == pytest.approx(point.accuracy.value)
            assert point.accuracy.low < point.accuracy.value <= point.accuracy.high


def test_one_confidence_for_all_leaves_nothing_to_reject() -> None:
    points = rejection(
        np.array([True, False]), np.full(2, 0.5, np.float32), [0.0, 0.5, 0.9], 0.95
    ).points
    assert [(point.threshold, point.num_answered) for point in points] == [(0.5, 2)]
