"""Tests of litesmith.release.scores."""

import numpy as np
import pytest

from litesmith.release.scores import NUM_BINS, score_histogram


def test_scores_are_counted_by_bin_and_class() -> None:
    probabilities = np.array(
        [[0.9, 0.1], [0.94, 0.06], [0.95, 0.05], [0.4, 0.6], [0.0, 1.0]], np.float32
    )
    histogram = score_histogram(probabilities)
    assert histogram.num_images == 5
    assert histogram.bin_width == 0.05
    assert {bin: number for bin, number in enumerate(histogram.overall) if number} == {
        12: 1,
        18: 2,
        19: 2,
    }
    assert [sum(row) for row in histogram.by_class] == [3, 2]
    assert histogram.by_class[1][19] == histogram.by_class[1][12] == 1


def test_the_edges_of_bins_belong_to_the_bin_above_in_either_precision() -> None:
    edges = np.arange(NUM_BINS + 1) / NUM_BINS
    for dtype in (np.float32, np.float64):
        counted = score_histogram(np.stack([edges, np.zeros_like(edges)], axis=1).astype(dtype))
        assert counted.overall == (*([1] * (NUM_BINS - 1)), 2)


def test_no_images_and_scores_beside_the_range_are_counted() -> None:
    assert sum(score_histogram(np.empty((0, 3))).overall) == 0
    assert score_histogram(np.array([[1.004, 0.0], [-0.01, -0.02]])).overall[::19] == (1, 1)


@pytest.mark.parametrize("probabilities", [np.zeros(3), np.array([[np.nan, 0.0]])])
def test_what_is_no_probabilities_is_refused(probabilities: np.ndarray) -> None:  # type: ignore[type-arg]
    with pytest.raises(ValueError, match="expected finite probabilities"):
        score_histogram(probabilities)
