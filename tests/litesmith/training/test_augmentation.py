from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from litesmith.params.sections.recipe import Augmentation
from litesmith.training.augmentation import allowed_augmentation, augment, draw_changes, to_pixels
from litesmith.training.backend import tf
from tests.litesmith import small

pytestmark = pytest.mark.slow

NONE = Augmentation(max_shift_px=0, flip=False, erase_share=0.0, erase_px=(2, 2))
ALL = Augmentation(max_shift_px=2, flip=True, erase_share=0.5, erase_px=(2, 4))
GREY = np.random.default_rng(5).integers(1, 255, (64, 9, 7, 1), dtype=np.uint8)
COLOUR = np.random.default_rng(6).integers(1, 255, (64, 9, 7, 3), dtype=np.uint8)
BOTH = pytest.mark.parametrize("images", [GREY, COLOUR], ids=["grey", "colour"])
FILLS = pytest.mark.parametrize("fill", [0, 128, 255])

Images = NDArray[np.uint8]


def changed(images: Images, how: Augmentation, seed: int = 1, fill: int = 0) -> Any:
    return augment(tf.constant(images), how, draw_changes(len(images), seed), fill).numpy()


def as_floats(images: Images) -> NDArray[np.float32]:
    return images.astype(np.float32) / np.float32(255)


@BOTH
def test_pixels_are_fractions(images: Images) -> None:
    pixels = to_pixels(tf.constant(images)).numpy()
    np.testing.assert_array_equal(pixels, as_floats(images))


@BOTH
@FILLS
def test_no_augmentation_changes_nothing(images: Images, fill: int) -> None:
    np.testing.assert_array_equal(changed(images, NONE, fill=fill), as_floats(images))


def test_the_seed_decides() -> None:
    np.testing.assert_array_equal(changed(GREY, ALL, 3), changed(GREY, ALL, 3))
    assert (changed(GREY, ALL, 3) != changed(GREY, ALL, 4)).any()


@BOTH
def test_an_image_is_changed_the_same_way_in_any_batch(images: Images) -> None:
    some = augment(tf.constant(images[10:20]), ALL, draw_changes(len(images), 3)[10:20], 0).numpy()
    np.testing.assert_array_equal(some, changed(images, ALL, 3)[10:20])


@FILLS
def test_the_channels_of_an_image_are_changed_alike(fill: int) -> None:
    colour = changed(COLOUR, ALL, 3, fill)
    for channel in range(3):
        alone = changed(COLOUR[..., channel, None], ALL, 3, fill)
        np.testing.assert_array_equal(colour[..., channel, None], alone)


@BOTH
def test_a_flip_mirrors_about_half_of_the_images(images: Images) -> None:
    pixels, mirrored = as_floats(images), as_floats(images[:, :, ::-1])
    drawn = changed(images, NONE.replace(flip=True))
    flipped = np.array([np.array_equal(*pair) for pair in zip(drawn, mirrored, strict=True)])
    unflipped = np.array([np.array_equal(*pair) for pair in zip(drawn, pixels, strict=True)])
    assert np.all(flipped ^ unflipped)
    assert 16 < sum(flipped) < 48


@BOTH
@FILLS
def test_a_shift_moves_by_whole_pixels_and_brings_in_the_ground(images: Images, fill: int) -> None:
    seen = set()
    moved_images = changed(images, NONE.replace(max_shift_px=1), fill=fill)
    for image, moved in zip(images, moved_images, strict=True):
        padded = as_floats(np.pad(image, ((1, 1), (1, 1), (0, 0)), constant_values=fill))
        moves = [
            (down, right)
            for down in (-1, 0, 1)
            for right in (-1, 0, 1)
            if np.array_equal(moved, padded[1 + down : 10 + down, 1 + right : 8 + right])
        ]
        assert len(moves) == 1
        seen.add(moves[0])
    assert len(seen) == 9


@BOTH
@FILLS
def test_erasing_takes_one_rectangle_from_its_share_of_images(images: Images, fill: int) -> None:
    others = np.where(images == fill, images + np.uint8(1), images)
    erased = changed(others, NONE.replace(erase_share=0.5, erase_px=(2, 4)), fill=fill)
    erased = (erased == np.float32(fill) / np.float32(255)).all(axis=3)
    hit = erased.any(axis=(1, 2))
    assert 12 < hit.sum() < 52
    for mask in erased[hit]:
        rows, columns = mask.any(axis=1), mask.any(axis=0)
        assert mask.sum() == rows.sum() * columns.sum()
        assert max(rows.sum(), columns.sum()) <= 4


def test_with_sides_of_one_length_a_square_is_erased() -> None:
    images = np.full((400, 9, 9, 1), 200, np.uint8)
    erased = changed(images, NONE.replace(erase_share=1.0, erase_px=(4, 4)))[..., 0] == 0
    sides = {(int(mask.any(axis=1).sum()), int(mask.any(axis=0).sum())) for mask in erased}
    # Beyond the edge of the image a part of the square is lost.
    assert max(sides) == (4, 4)
    assert {1, 2, 3, 4} >= {side for pair in sides for side in pair}
    whole = [mask for mask in erased if mask.sum() == 16]
    assert len(whole) > 100


def test_where_a_mirror_image_may_be_of_another_class_none_is_flipped() -> None:
    turning = small.FORM.model_copy(update={"mirror_safe": False})
    assert allowed_augmentation(ALL, small.FORM) == ALL
    assert allowed_augmentation(ALL, turning) == ALL.replace(flip=False)
