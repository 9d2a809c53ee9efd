import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from litesmith.data.quality.copies import Pairs, describe, fit_axes, join, near_copies

LEAST = 0.9965


def textured(num: int, side: int, channels: int, seed: int) -> NDArray[np.uint8]:
    """Return smooth images, no two alike."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(num, side, side, channels))
    smooth = np.stack([gaussian_filter(image, (side / 14, side / 14, 0)) for image in noise])
    spread = smooth / smooth.std(axis=(1, 2, 3), keepdims=True)
    return np.clip(128 + 50 * spread, 0, 255).astype(np.uint8)


def changed(images: NDArray[np.uint8], way: str) -> NDArray[np.uint8]:
    values = images.astype(np.float64)
    rng = np.random.default_rng(7)
    if "moved" in way:
        values = np.pad(values, ((0, 0), (1, 0), (0, 1), (0, 0)))[:, :-1, 1:]
    if "dimmed" in way:
        values *= 0.8
    if "blurred" in way:
        values = np.stack([gaussian_filter(image, (0.5, 0.5, 0)) for image in values])
    if "noisy" in way:
        values += rng.normal(0, 2, values.shape)
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


def pairs(images: NDArray[np.uint8], rows: list[int], others: list[int], least: float = LEAST) -> Pairs:
    axes = fit_axes(images)
    asked = np.array(rows, np.int64), np.array(others, np.int64)
    return near_copies(images, describe(images, axes), axes, *asked, least)


@pytest.mark.parametrize("way", ["same", "noisy", "dimmed", "blurred", "moved", "moved noisy dimmed"])
@pytest.mark.parametrize(("side", "channels"), [(28, 1), (32, 3), (64, 1)])
def test_copies_are_found_and_others_are_not(way: str, side: int, channels: int) -> None:
    images = textured(120, side, channels, side)
    images = np.concatenate([images, changed(images[:20], way)])
    for rows, others in ((range(120, 140), range(120)), (range(120), range(120, 140))):
        found = pairs(images, [*rows], [*others])
        expected = [
            (row, row - 120) if row >= 120 else (row, row + 120) for row in rows if row % 120 < 20
        ]
        assert list(zip(found.rows.tolist(), found.others.tolist(), strict=True)) == expected
        assert (found.correlations >= LEAST).all() and (found.correlations <= 1 + 1e-5).all()


def test_two_pixels_are_too_far() -> None:
    images = textured(40, 28, 1, 3)
    images = np.concatenate([images, changed(changed(images[:5], "moved"), "moved")])
    assert len(pairs(images, [*range(40, 45)], [*range(40)]).rows) == 0


def test_an_image_is_no_copy_of_itself() -> None:
    images = textured(10, 28, 1, 4)
    assert len(pairs(images, [*range(10)], [*range(10)]).rows) == 0


def test_constant_images_and_nothing_are_no_copies() -> None:
    images = np.zeros((6, 28, 28, 1), np.uint8)
    images[3:] = 200
    assert len(pairs(images, [0, 1, 2], [3, 4, 5]).rows) == 0
    assert len(pairs(images, [], [3]).rows) == 0


def test_correlation_decides() -> None:
    images = textured(30, 28, 1, 5)
    images = np.concatenate([images, changed(images[:1], "noisy")])
    found = pairs(images, [30], [*range(30)])
    assert found.others.tolist() == [0]
    assert len(pairs(images, [30], [*range(30)], float(found.correlations[0]) + 1e-6).rows) == 0


def test_pairs_are_joined_and_chosen() -> None:
    one = Pairs(np.array([1]), np.array([2]), np.array([0.999]))
    both = join([one, one])
    assert both.rows.tolist() == [1, 1]
    assert both.of(np.array([True, False])).others.tolist() == [2]
