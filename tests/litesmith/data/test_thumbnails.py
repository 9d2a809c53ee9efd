import base64
import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from litesmith.data.thumbnails import class_distances, odd_rows, png_base64, typical_rows


def pixels(picture: str) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(picture))))


def test_distance_is_the_root_mean_square_from_the_mean_of_the_class() -> None:
    images = np.array([[0, 0], [204, 102], [255, 255], [9, 9]], np.uint8).reshape(4, 1, 2, 1)
    labels = np.array([0, 0, 1, 0])
    expected = [np.sqrt((0.4**2 + 0.2**2) / 2)] * 2 + [0]
    distances = class_distances(images, labels, np.arange(3), 3)
    np.testing.assert_allclose(distances, expected, atol=1e-6)
    assert len(class_distances(images, labels, np.zeros(0, np.int64), 3)) == 0


def test_the_typical_image_is_the_nearest_and_the_first_of_equals() -> None:
    labels = np.array([9, 0, 1, 0, 1, 0])
    rows = np.arange(1, 6)
    assert typical_rows(labels, rows, np.array([0.3, 0.5, 0.2, 0.4, 0.2])) == {0: 3, 1: 4}


def test_each_kind_of_oddity_takes_its_turn_and_none_comes_twice() -> None:
    labels = np.zeros(30, np.int64)
    rows = np.arange(30)
    distances = np.full(30, 0.1)
    distances[4] = 0.5
    brightness = np.linspace(0.2, 0.4, 30).astype(np.float32)
    few = odd_rows(labels, rows, distances, brightness, 3)
    assert [(odd.row, odd.reason) for odd in few] == [
        (0, "darkest: mean pixel 0.200"),
        (29, "brightest: mean pixel 0.400"),
        (4, "unlike its class: 5.0 times the median distance from its mean"),
    ]
    many = odd_rows(labels, rows, distances, brightness, 25)
    assert len({odd.row for odd in many}) == len(many) == 25
    assert odd_rows(labels, rows, distances, brightness, 0) == ()


@pytest.mark.parametrize("shape", [(28, 28), (3, 7), (28, 28, 1), (9, 5, 3)])
def test_a_picture_is_the_image(shape: tuple[int, ...]) -> None:
    image = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    expected = image[..., 0] if shape[2:] == (1,) else image
    np.testing.assert_array_equal(pixels(png_base64(image)), expected)
    assert len(png_base64(image)) < 1300


def test_a_picture_of_a_large_image_is_small() -> None:
    image = np.random.default_rng(1).integers(0, 256, (300, 150, 3), dtype=np.uint8)
    assert pixels(png_base64(image)).shape == (96, 48, 3)
