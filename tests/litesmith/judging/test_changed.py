"""Tests of litesmith.judging.changed."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from litesmith.data.splits import Split
from litesmith.judging.changed import changed_images


def split(num: int = 6, channels: int = 1) -> Split:
    images = np.random.default_rng(1).integers(0, 256, (num, 8, 8, channels), dtype=np.uint8)
    return Split(images, (np.arange(num) % 2).astype(np.uint8), np.arange(num) + 500)


def two_classes(*of_first: float) -> np.ndarray:
    """Return probabilities of two classes, given that of the first."""
    first = np.array(of_first, np.float32)
    return np.stack([first, 1 - first], axis=1)


# true classes: 0 1 0 1 0 1
BEFORE = two_classes(0.9, 0.1, 0.75, 0.75, 0.25, 0.5)  # wrong: rows 3, 4, 5 (of equals the first)
NOW = two_classes(0.25, 0.75, 0.25, 0.0, 1.0, 0.5)  # wrong: rows 0, 1, 2, 5


def test_images_are_told_with_both_answers_the_largest_loss_first() -> None:
    changed = changed_images(split(), BEFORE, NOW, 10)
    assert [image.row for image in changed.regressed] == [500, 501, 502]
    assert [image.moved for image in changed.regressed] == pytest.approx([-0.65, -0.65, -0.5])
    assert [image.row for image in changed.repaired] == [503, 504]
    first = changed.regressed[0]
    assert (first.label, first.released, first.candidate) == (0, 0, 1)
    assert (first.released_confidence, first.candidate_confidence) == (0.9, 0.75)


def test_of_equals_the_first_of_the_split_are_kept() -> None:
    changed = changed_images(split(), BEFORE, NOW, 1)
    assert [image.row for image in changed.regressed] == [500]
    assert [image.row for image in changed.repaired] == [503]


@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_are_the_images_of_the_data(channels: int) -> None:
    images = split(channels=channels)
    changed = changed_images(images, BEFORE, NOW, 10)
    for image in (*changed.regressed, *changed.repaired):
        shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(image.image))))
        assert np.array_equal(shown.reshape(8, 8, channels), images.images[image.row - 500])


def test_without_a_file_to_compare_with_nothing_has_changed() -> None:
    changed = changed_images(split(), None, NOW, 10)
    assert (changed.regressed, changed.repaired) == ((), ())


def test_probabilities_that_sum_to_a_little_over_one_are_shares() -> None:
    over = NOW * np.float32(1.0000002)
    assert changed_images(split(), BEFORE, over, 10).repaired[1].candidate_confidence == 1.0
