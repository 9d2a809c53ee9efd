import numpy as np
import pytest

from litesmith.analysis.paired import paired, paired_counts, unpaired


def test_counts_give_what_the_answers_give() -> None:
    after = np.array([True] * 70 + [False] * 20 + [True] * 10)
    before = np.array([True] * 70 + [False] * 25 + [True] * 5)
    gained, lost = int((after & ~before).sum()), int((~after & before).sum())
    counted, compared = paired_counts(gained, lost, len(after)), paired(after, before)
    assert (counted.mean, counted.standard_error) == pytest.approx(
        (compared.mean, compared.standard_error)
    )


def test_images_answered_alike_make_a_paired_difference_sharper() -> None:
    counted, apart = paired_counts(30, 10, 1_000), unpaired(0.92, 1_000, 0.90, 1_000)
    assert counted.mean == pytest.approx(apart.mean)
    assert counted.standard_error < apart.standard_error / 2
