import hashlib

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import RidgeClassifier

from litesmith.data.synthetic.drawing import Drawn, draw_set
from litesmith.params.sections.dataset import Ground
from tests.data_sets import synthetic_base as base


def shapes(
    num: int,
    *,
    num_classes: int = 4,
    height: int = 24,
    width: int = 24,
    channels: int = 1,
    ground: Ground = "dark",
    **changes: object,
) -> Drawn:
    return draw_set(
        base(num_train=num, **changes),
        num_classes=num_classes, height=height, width=width, channels=channels, ground=ground,
    ).train  # fmt: skip


@pytest.mark.parametrize(
    ("ground", "channels", "digest"),
    [
        ("dark", 1, "f549b1dbfe44edda"),
        ("light", 1, "8e1f75fb76ac590d"),
        ("any", 1, "abab31ff861ee241"),
        ("dark", 3, "b0f000d5e7517de3"),
        ("light", 3, "5f074cc7dc81c5f8"),
        ("any", 3, "acf8a96ab57b7884"),
    ],
)
def test_the_same_arguments_draw_the_same_bytes_everywhere(
    ground: Ground, channels: int, digest: str
) -> None:
    drawn = shapes(60, num_classes=20, height=20, width=28, channels=channels, ground=ground)
    content = drawn.images.tobytes() + drawn.labels.tobytes()
    assert hashlib.sha256(content).hexdigest()[:16] == digest


@pytest.mark.parametrize(("height", "width"), [(8, 8), (8, 128), (128, 9), (24, 40)])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("ground", ["dark", "light", "any"])
def test_every_form_can_be_drawn(height: int, width: int, channels: int, ground: Ground) -> None:
    drawn = shapes(12, height=height, width=width, channels=channels, ground=ground)
    assert drawn.images.shape == (12, height, width, channels)
    assert drawn.images.dtype == drawn.labels.dtype == np.uint8
    assert np.ptp(drawn.images, axis=(1, 2, 3)).min() > 30


@pytest.mark.parametrize(("ground", "level"), [("dark", 0), ("light", 255)])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_plain_ground_is_seen_at_the_edges(ground: Ground, level: int, channels: int) -> None:
    images = shapes(100, ground=ground, channels=channels).images
    edges = np.concatenate([images[:, 0].ravel(), images[:, -1].ravel()])
    assert np.median(edges) == level
    assert (abs(edges.astype(int) - level) < 40).mean() > 0.9
    assert abs(images[:, 9:15, 9:15].astype(int) - level).mean() > 50


def test_on_any_ground_shapes_are_lighter_or_darker_and_grounds_of_every_tone() -> None:
    images = shapes(200, num_classes=2, ground="any").images[..., 0].astype(int)
    corners = images[:, :3, :3].mean(axis=(1, 2))
    assert np.quantile(corners, 0.1) < 90 < 160 < np.quantile(corners, 0.9)
    assert 0.2 < (images[:, 9:15, 9:15].mean(axis=(1, 2)) > corners).mean() < 0.8


def test_colours_of_warm_and_cold_classes() -> None:
    drawn = shapes(200, num_classes=4, channels=3)
    red, _, blue = drawn.images[:, 8:16, 8:16].mean(axis=(1, 2)).T
    is_warm = drawn.labels % 2 == 0
    assert ((red > blue) == is_warm).mean() > 0.95


def test_a_higher_difficulty_is_harder_for_a_linear_model() -> None:
    scores = []
    for difficulty in (0.0, 0.5, 1.0):
        drawn = shapes(900, num_classes=6, difficulty=difficulty)
        pixels = drawn.images.reshape(len(drawn.images), -1) / 255
        model = RidgeClassifier(100.0).fit(pixels[:600], drawn.labels[:600])
        scores.append(model.score(pixels[600:], drawn.labels[600:]))
    assert scores[0] > scores[1] + 0.02 > scores[2] + 0.04


@pytest.mark.parametrize(("channels", "ground"), [(1, "dark"), (1, "any"), (3, "light")])
def test_brightness_tells_little_of_the_class(channels: int, ground: Ground) -> None:
    drawn = shapes(900, num_classes=7, channels=channels, ground=ground)
    grey = drawn.images.mean(axis=3).reshape(len(drawn.images), -1)
    features = np.stack([grey.mean(axis=1), grey.std(axis=1), np.median(grey, axis=1)], axis=1)
    forest = RandomForestClassifier(50, min_samples_leaf=5, random_state=1)
    score = forest.fit(features[:600], drawn.labels[:600]).score(features[600:], drawn.labels[600:])
    assert score < 0.45


def test_images_are_all_different() -> None:
    images = shapes(500, height=8, width=8, difficulty=0.0).images
    assert len({image.tobytes() for image in images}) == 500


def test_chunks_do_not_show() -> None:
    # 128 x 128 x 3: 42 images to a chunk.
    images = shapes(90, height=128, width=128, channels=3).images
    assert np.ptp(images, axis=(1, 2, 3)).min() > 60
    assert len({image.tobytes() for image in images}) == 90
