"""Tests of litesmith.analysis.answers."""

import numpy as np
import pytest

from litesmith.analysis.answers import calibrations, flip_counts
from litesmith.analysis.flips import FlipCounts

LABELS = np.array([0, 1, 2, 3], np.uint8)
PREDICTED = {
    "tuned-keras": np.array([0, 1, 2, 0], np.uint8),
    "tuned-int8": np.array([0, 2, 2, 3], np.uint8),
    "pruned-keras": np.array([1, 1, 1, 1], np.uint8),
    "pruned-int8": np.array([1, 1, 1, 0], np.uint8),
}


def test_flips_are_against_the_model_that_a_file_was_converted_from() -> None:
    counts = flip_counts(LABELS, PREDICTED, {"tuned-int8": "tuned", "pruned-int8": "pruned"})
    assert counts == {"tuned-int8": FlipCounts(1, 1, 0, 4), "pruned-int8": FlipCounts(0, 0, 1, 4)}


def test_calibration_is_that_of_each_variant_once_in_order() -> None:
    confidence = {name: np.full(4, 0.75, np.float32) for name in PREDICTED}
    names = ("pruned-int8", "tuned-int8", "tuned-int8")
    results = calibrations(LABELS, PREDICTED, confidence, names, 10)
    assert list(results) == ["pruned-int8", "tuned-int8"]
    assert (results["tuned-int8"].accuracy, results["tuned-int8"].confidence) == (0.75, 0.75)
    assert results["tuned-int8"].error == pytest.approx(0)
    assert results["pruned-int8"].error == pytest.approx(0.5)
