import numpy as np
import pytest

from litesmith.judging.scores import score_histogram


def test_images_are_counted_by_score_and_predicted_class() -> None:
    sure = np.array([[1.0, 0.0], [0.04, 0.96], [0.5, 0.5], [0.3, 0.7]], np.float32)
    histogram = score_histogram(sure)
    assert (histogram.bin_width, histogram.num_images, sum(histogram.overall)) == (0.05, 4, 4)
    assert (histogram.overall[19], histogram.overall[14], histogram.overall[10]) == (2, 1, 1)
    assert [sum(row) for row in histogram.by_class] == [2, 2]


def test_what_is_no_probability_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected finite probabilities \(n, classes\), got \(2, 2\)"):
        score_histogram(np.array([[np.nan, 0.0], [1.0, 0.0]]))
