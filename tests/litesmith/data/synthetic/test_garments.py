import hashlib

import numpy as np
import pytest
from sklearn.linear_model import RidgeClassifier

from litesmith.data.synthetic.garments import draw_images
from litesmith.errors import ParamsError


def test_shapes_dtypes_and_even_classes() -> None:
    images, labels = draw_images(60, 28, 28, 10, seed=1)
    assert images.shape == (60, 28, 28)
    assert images.dtype == labels.dtype == np.uint8
    assert np.bincount(labels).tolist() == [6] * 10


def test_other_sizes_can_be_drawn() -> None:
    images, _ = draw_images(10, 20, 32, 10, seed=1)
    assert images.shape == (10, 20, 32)
    assert (images.max(axis=(1, 2)) > 80).all()


def test_the_same_seed_draws_the_same_bytes_everywhere() -> None:
    images, labels = draw_images(200, 28, 28, 10, seed=28)
    digest = hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest()
    assert digest == "1f54544d9473997af41c0f174ff265bd60119306be1f9a8c60667c0cee9aeb11"


def test_another_seed_draws_other_images() -> None:
    first, second = draw_images(50, 28, 28, 10, seed=1)[0], draw_images(50, 28, 28, 10, seed=2)[0]
    assert not {image.tobytes() for image in first} & {image.tobytes() for image in second}


def test_brightness_is_near_that_of_the_real_set() -> None:
    images, _ = draw_images(500, 28, 28, 10, seed=3)
    assert images.mean() / 255 == pytest.approx(0.286, abs=0.03)
    assert images.std() / 255 == pytest.approx(0.353, abs=0.04)
    assert np.median(images) == 0


def test_classes_can_be_learned_but_not_by_a_linear_model_alone() -> None:
    images, labels = draw_images(1200, 28, 28, 10, seed=4)
    pixels = images.reshape(len(images), -1) / 255
    score = RidgeClassifier(100.0).fit(pixels[:900], labels[:900]).score(pixels[900:], labels[900:])
    assert 0.7 < score < 0.95


def test_other_than_ten_classes_are_refused() -> None:
    with pytest.raises(
        ParamsError, match=r"dataset\.class_names must name 10 classes for synthetic images, got 3"
    ):
        draw_images(10, 28, 28, 3, seed=1)
