"""Tests of litesmith.analysis.flips."""

import numpy as np
import pytest

from litesmith.analysis.flips import find_flips

LABELS = np.array([0, 1, 2, 3, 4, 5], np.uint8)


def test_changed_answers_are_sorted_by_what_became_of_them() -> None:
    before = np.array([0, 1, 9, 9, 9, 5], np.uint8)
    after = np.array([0, 8, 2, 8, 9, 7], np.uint8)
    flips = find_flips(LABELS, before, after)
    assert flips.right_to_wrong.tolist() == [1, 5]
    assert flips.wrong_to_right.tolist() == [2]
    assert flips.wrong_to_wrong.tolist() == [3]
    counts = flips.counts
    assert (counts.right_to_wrong, counts.wrong_to_right, counts.wrong_to_wrong) == (2, 1, 1)
    assert counts.num_changed == 4
    assert counts.agreement == pytest.approx(2 / 6)
    assert counts.net == pytest.approx(-1 / 6)


def test_a_model_flips_nothing_of_its_own() -> None:
    flips = find_flips(LABELS, LABELS[::-1], LABELS[::-1])
    counts = flips.counts
    assert (counts.num_changed, counts.agreement, counts.net) == (0, 1, 0)
