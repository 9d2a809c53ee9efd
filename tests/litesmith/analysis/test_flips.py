"""Tests of litesmith.analysis.flips."""

import numpy as np
import pytest

from litesmith.analysis.flips import find_flips

LABELS = np.array([0, 1, 2, 3, 4, 5], np.uint8)


def test_changed_answers_are_sorted_by_what_became_of_them() -> None:
    before = np.array([0, 1, 9, 9, 9, 5], np.uint8)
    after = np.array([0, 8, 2, 8, 9, 7], np.uint8)
    found = find_flips(LABELS, before, after)
    assert found.right_to_wrong.tolist() == [1, 5]
    assert found.wrong_to_right.tolist() == [2]
    assert found.wrong_to_wrong.tolist() == [3]
    assert found.num_changed == 4
    assert found.agreement == pytest.approx(2 / 6)
    assert found.net == pytest.approx(-1 / 6)


def test_a_model_flips_nothing_of_its_own() -> None:
    found = find_flips(LABELS, LABELS[::-1], LABELS[::-1])
    assert (found.num_changed, found.agreement, found.net) == (0, 1, 0)
