import numpy as np
import pytest

from litesmith.data.quality.copies import Pairs
from litesmith.data.quality.faults import (
    CONFLICT,
    CONSTANT,
    COPY,
    KNOWN,
    LABEL,
    NEAR_EMPTY,
    Fault,
    Known,
    as_faults,
    copy_faults,
    least_ink,
    near_copy_faults,
    own_faults,
)
from litesmith.data.quality.intake import Intake
from litesmith.data.quality.measures import measure
from tests.litesmith.data.quality.sets import draw, intake


@pytest.fixture
def made() -> Intake:
    """A base of twenty images and a batch of eight, whose second is the base's first."""
    first, week = draw("base", 20, 1), draw("week", 8, 2)
    week.images[1], week.labels[1] = first.images[0], first.labels[0]
    return intake([first, week])


def known(made: Intake) -> Known:
    places = np.full(28, "train", "U10")
    places[3] = "gate"
    return Known(made, places, {made.digests[row]: row for row in range(20)})


def test_faults_of_an_image_by_itself(made: Intake) -> None:
    made.images[21:23] = 0
    made.images[22, 0, 0] = 255
    made.labels[23] = -1
    span = slice(20, 28)
    found = own_faults(made, span, measure(made.images[span], made.form), 0.02)
    assert {row: kind for row, (kind, *_) in found.items()} == {21: CONSTANT, 22: NEAR_EMPTY, 23: LABEL}
    assert found[22][1] == "near-empty: 0.39% of its pixels are unlike the ground"


def test_least_ink_follows_from_what_is_usual(made: Intake) -> None:
    measures = measure(made.images, made.form)
    assert 0 < least_ink(measures) < 0.15 * float(measures.column("ink share").min())
    assert least_ink(measure(made.images[:0], made.form)) == 0


def test_known_pixels_are_a_fault(made: Intake) -> None:
    found = copy_faults(known(made), list(range(20, 28)))
    assert found == {21: (KNOWN, "the same pixels as base/image[0]", 0)}


def test_known_pixels_that_are_held_back_are_named_so(made: Intake) -> None:
    made.rows.loc[21, "digest"] = made.digests[21] = made.digests[3]
    made.labels[21] = made.labels[3]
    reason = "the same pixels as base/image[3], which is held back in gate"
    assert copy_faults(known(made), [21]) == {21: (KNOWN, reason, 3)}


def test_another_label_for_known_pixels_is_a_conflict(made: Intake) -> None:
    made.labels[21] = (made.labels[0] + 1) % 4
    kind, reason, other = copy_faults(known(made), [21])[21]
    assert (kind, other) == (CONFLICT, 0)
    names = made.label_name(0), made.label_name(21)
    assert reason == f"the same pixels as base/image[0], whose label is {names[0]}, not {names[1]}"


def test_of_equal_images_the_first_stays_and_of_conflicting_ones_none(made: Intake) -> None:
    for row in (24, 25):
        made.digests[row], made.labels[row] = made.digests[20], made.labels[20]
    made.digests[27], made.labels[27] = made.digests[26], (made.labels[26] + 1) % 4
    found = copy_faults(known(made), [20, 22, 23, 24, 25, 26, 27])
    assert {row: kind for row, (kind, *_) in found.items()} == {
        24: KNOWN, 25: KNOWN, 26: CONFLICT, 27: CONFLICT
    }  # fmt: skip
    assert "week/image[7], whose label is" in found[26][1]
    assert "week/image[6], whose label is" in found[27][1]


def test_near_copies_name_the_nearest(made: Intake) -> None:
    pairs = Pairs(np.array([22, 22, 24]), np.array([1, 3, 2]), np.array([0.997, 0.999, 0.998]))
    found = near_copy_faults(known(made), pairs)
    assert found[22] == (COPY, "a near-copy (correlation 0.9990) of base/image[3], which is in gate", 3)
    assert list(found) == [22, 24]


def test_faults_ascend_by_row() -> None:
    faults = as_faults({5: Fault(KNOWN, "b", 1), 2: Fault(LABEL, "a")})
    assert list(faults) == [(2, LABEL, "a"), (5, KNOWN, "b")]
    assert faults.others.tolist() == [-1, 1]
    assert list(as_faults({})) == []
