import numpy as np
import pytest
from numpy.typing import NDArray

from litesmith.data.outliers import (
    COLOUR_STATISTICS,
    STATISTICS,
    TrainingStatistics,
    fit_statistics,
    image_statistics,
)
from litesmith.data.synthetic.garments import draw_images


@pytest.fixture(scope="module")
def training() -> TrainingStatistics:
    return fit_statistics(draw_images(1500, 28, 28, 10, seed=1)[0][..., None])


def share_outside(training: TrainingStatistics, images: NDArray[np.uint8]) -> float:
    return float(training.outside(images).mean())


def test_nearly_all_images_of_the_same_kind_are_within(training: TrainingStatistics) -> None:
    assert share_outside(training, draw_images(1000, 28, 28, 10, seed=2)[0][..., None]) < 0.02


NOISE = {
    "uniform": lambda rng: rng.integers(0, 256, (100, 28, 28)),
    "two levels": lambda rng: rng.choice([0, 255], (100, 28, 28)),
    "faint": lambda rng: rng.integers(100, 120, (100, 28, 28)),
    "dark": lambda rng: rng.integers(0, 40, (100, 28, 28)),
    "sparse": lambda rng: rng.choice([0, 255], (100, 28, 28), p=[0.97, 0.03]),
    "coarse": lambda rng: np.kron(rng.integers(0, 256, (100, 7, 7)), np.ones((1, 4, 4))),
    "in the middle": lambda rng: np.pad(rng.integers(0, 256, (100, 14, 14)), ((0, 0), (7, 7), (7, 7))),
}


@pytest.mark.parametrize("kind", NOISE)
def test_noise_is_outside(training: TrainingStatistics, kind: str) -> None:
    noise = NOISE[kind](np.random.default_rng(3)).astype(np.uint8)
    assert share_outside(training, noise[..., None]) >= 0.95


@pytest.mark.parametrize("level", [0, 1, 90, 255])
def test_one_tone_is_outside(training: TrainingStatistics, level: int) -> None:
    assert share_outside(training, np.full((1, 28, 28, 1), level, np.uint8)) == 1


def test_the_strangest_statistic_is_named(training: TrainingStatistics) -> None:
    image = draw_images(1, 28, 28, 10, seed=5)[0][0][..., None]
    image[0], image[-1], image[:, 0], image[:, -1] = 255, 255, 255, 255
    assert training.strangest(image) == "brightness of the border"


def test_roughness_is_one_for_noise_and_none_for_a_slope_whatever_the_contrast() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (1, 200, 200))
    slope = np.broadcast_to(np.arange(200), (1, 200, 200))
    column = STATISTICS.index("roughness from left to right")
    for contrast in (1, 0.3):
        rows = image_statistics((contrast * np.concatenate([noise, slope])).astype(np.uint8)[..., None])
        assert np.exp(rows[:, column]) - 0.02 == pytest.approx([1, 0], abs=0.02)


def test_a_few_levels_on_a_border_that_never_changes_are_no_surprise() -> None:
    images = np.zeros((50, 12, 12, 1), np.uint8)
    images[:, 3:9, 3:9] = np.random.default_rng(1).integers(100, 255, (50, 6, 6, 1))
    training = fit_statistics(images)
    assert training.distances(images + np.uint8(1)).mean() < 2 * training.max_distance


@pytest.mark.parametrize(
    "shape", [(1, 28, 28, 1), (3, 2, 2, 1), (5, 1, 7, 1), (4, 9, 1, 3), (1, 1, 1, 3)]
)
def test_few_and_small_images_have_statistics_too(shape: tuple[int, ...]) -> None:
    images = np.random.default_rng(2).integers(0, 256, shape, np.uint8)
    assert np.isfinite(fit_statistics(images).distances(images)).all()


def coloured(num_images: int, seed: int) -> NDArray[np.uint8]:
    """Return garments dyed in one of six colours on black, uint8 (n, 28, 28, 3)."""
    grey, _ = draw_images(num_images, 28, 28, 10, seed)
    dyes = np.array(
        [[1, 0.2, 0.2], [0.3, 1, 0.3], [0.2, 0.4, 1], [1, 0.9, 0.2], [0.8, 0.3, 0.9], [1, 1, 1]]
    )
    chosen = dyes[np.random.default_rng(seed).integers(0, 6, num_images)]
    return np.asarray(grey[..., None] * chosen[:, None, None], np.uint8)


@pytest.fixture(scope="module")
def colours() -> TrainingStatistics:
    return fit_statistics(coloured(1500, seed=1))


def test_colour_images_have_statistics_of_colour_too(colours: TrainingStatistics) -> None:
    assert (colours.channels, len(colours.mean)) == (3, len(COLOUR_STATISTICS)) == (3, 14)
    assert share_outside(colours, coloured(1000, seed=2)) < 0.02


def test_the_statistics_of_three_equal_channels_begin_with_those_of_grey() -> None:
    grey = draw_images(20, 28, 28, 10, seed=2)[0][..., None]
    rows, colour = image_statistics(grey), image_statistics(np.repeat(grey, 3, axis=3))
    np.testing.assert_allclose(colour[:, :9], rows, atol=1e-9)
    np.testing.assert_allclose(colour[:, 9:11], 0, atol=1e-9)


@pytest.mark.parametrize("kind", NOISE)
def test_noise_in_colour_is_outside(colours: TrainingStatistics, kind: str) -> None:
    rng = np.random.default_rng(3)
    noise = np.stack([NOISE[kind](rng) for _ in range(3)], axis=-1).astype(np.uint8)
    assert share_outside(colours, noise) >= 0.95


def test_a_garment_on_coloured_light_is_outside_and_named(colours: TrainingStatistics) -> None:
    """What no statistic of luminance sees: the brightness stays, and all turns red."""
    images = coloured(200, seed=4)
    reddened = images.copy()
    reddened[..., 0] = np.maximum(images[..., 0], 120)
    assert share_outside(colours, reddened) > 0.9
    assert colours.strangest(reddened[0]) in COLOUR_STATISTICS
