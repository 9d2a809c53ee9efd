from typing import Any

import numpy as np
import pytest

from litesmith.params.sections.recipe import Augmentation
from litesmith.training.augmentation import augment, draw_changes, to_pixels
from litesmith.training.backend import tf

pytestmark = pytest.mark.slow

NONE = Augmentation(max_shift_px=0, flip=False, erase_share=0.0, max_erase_px=2)
IMAGES = np.random.default_rng(5).integers(1, 256, (64, 9, 7), dtype=np.uint8)


def changed(how: Augmentation, seed: int = 1) -> Any:
    return augment(tf.constant(IMAGES), how, draw_changes(len(IMAGES), seed)).numpy()[..., 0]


def test_pixels_are_fractions_with_a_channel() -> None:
    pixels = to_pixels(tf.constant(IMAGES)).numpy()
    np.testing.assert_array_equal(pixels, IMAGES[..., None].astype(np.float32) / np.float32(255))


def test_no_augmentation_changes_nothing() -> None:
    np.testing.assert_array_equal(changed(NONE), IMAGES.astype(np.float32) / np.float32(255))


def test_the_seed_decides() -> None:
    how = Augmentation(max_shift_px=2, flip=True, erase_share=0.5, max_erase_px=4)
    np.testing.assert_array_equal(changed(how, 3), changed(how, 3))
    assert (changed(how, 3) != changed(how, 4)).any()


def test_an_image_is_changed_the_same_way_in_any_batch() -> None:
    how = Augmentation(max_shift_px=2, flip=True, erase_share=0.5, max_erase_px=4)
    draws = draw_changes(len(IMAGES), 3)
    some = augment(tf.constant(IMAGES[10:20]), how, draws[10:20]).numpy()[..., 0]
    np.testing.assert_array_equal(some, changed(how, 3)[10:20])


def test_a_flip_mirrors_about_half_of_the_images() -> None:
    pixels, mirrored = IMAGES / np.float32(255), IMAGES[:, :, ::-1] / np.float32(255)
    flipped = [
        np.array_equal(image, other)
        for image, other in zip(changed(NONE.replace(flip=True)), mirrored, strict=True)
    ]
    unflipped = [
        np.array_equal(image, other)
        for image, other in zip(changed(NONE.replace(flip=True)), pixels, strict=True)
    ]
    assert np.all(np.array(flipped) ^ np.array(unflipped))
    assert 16 < sum(flipped) < 48


def test_a_shift_moves_by_whole_pixels_and_brings_in_background() -> None:
    seen = set()
    for image, moved in zip(IMAGES, changed(NONE.replace(max_shift_px=1)), strict=True):
        padded = np.pad(image / np.float32(255), 1)
        moves = [
            (down, right)
            for down in (-1, 0, 1)
            for right in (-1, 0, 1)
            if np.array_equal(moved, padded[1 + down : 10 + down, 1 + right : 8 + right])
        ]
        assert len(moves) == 1
        seen.add(moves[0])
    assert len(seen) == 9


def test_erasing_takes_one_rectangle_from_its_share_of_images() -> None:
    erased = changed(NONE.replace(erase_share=0.5, max_erase_px=4)) == 0
    hit = erased.any(axis=(1, 2))
    assert 12 < hit.sum() < 52
    for mask in erased[hit]:
        rows, columns = mask.any(axis=1), mask.any(axis=0)
        assert mask.sum() == rows.sum() * columns.sum()
        assert max(rows.sum(), columns.sum()) <= 4
