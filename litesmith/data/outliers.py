"""Detection of pictures that are unlike the training images.

A network classifies whatever it is shown, and noise with as much confidence as an image. Here each image
becomes nine statistics, fourteen if it has colours, and a Gaussian is fitted to those of the training
images. How far a picture is from its mean, in standard deviations, is its Mahalanobis distance; almost
all training images are within a maximum.

Source: P. C. Mahalanobis, "On the generalized distance in statistics", 1936; the opponent colours after
    Hasler and Suesstrunk, "Measuring colourfulness in natural images", 2003.
"""

from typing import Annotated, Literal, Self

import numpy as np
from annotated_types import Ge, Gt, Le
from numpy.typing import NDArray
from pydantic import AfterValidator, model_validator

from litesmith.params.section import Section

STATISTICS = (
    "brightness",
    "contrast",
    "roughness from left to right",
    "roughness from top to bottom",
    "roughness two pixels from left to right",
    "roughness two pixels from top to bottom",
    "brightness of the border",
    "contrast of the border",
    "share of pixels like the border",
)

COLOUR_STATISTICS = (
    *STATISTICS,
    "red against green",
    "yellow against blue",
    "spread of red against green",
    "spread of yellow against blue",
    "roughness of the colours",
)
"""Of images in colour; the first nine are those of their luminance."""

_NAMES = {len(names): names for names in (STATISTICS, COLOUR_STATISTICS)}
# Luminance of red, green and blue by ITU-R BT.601, as Pillow turns colours to grey.
_LUMINANCE = np.array([0.299, 0.587, 0.114])
# Of the training images that decide the Gaussian, evenly spread.
_MOST_IMAGES = 10_000
_CHUNK_PIXELS = 784_000
_SHARE_WITHIN = 0.995
# Logarithms of what is near zero would reach for minus infinity.
_LOG_OFFSET = 0.02
_LEAST_VARIANCE = 1e-5
# Added to all variances: where training images have the same border, a few grey levels more are no
# surprise, and few images, or statistics that depend on each other, still give correlations that have an
# inverse.
_RIDGE = 0.03**2
_BORDER_TOLERANCE = 2
# What rounding to six digits leaves of a symmetry.
_CORRELATION_SLACK = 1e-5


def _require_length(row: tuple[float, ...]) -> tuple[float, ...]:
    if len(row) not in _NAMES:
        lengths = " or ".join(f"{number}" for number in _NAMES)
        raise ValueError(f"expected {lengths} numbers, one for each statistic, got {len(row)}")
    return row


Row = Annotated[tuple[float, ...], AfterValidator(_require_length)]


def _require_correlation(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    matrix = np.array(rows)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"expected a correlation: a square, got {matrix.shape}")
    form = (matrix + matrix.T) / 2
    np.fill_diagonal(form, 1)
    if np.abs(matrix - form).max() > _CORRELATION_SLACK or np.linalg.eigvalsh(form)[0] <= 0:
        raise ValueError("expected a correlation: symmetric, with ones on its diagonal and an inverse")
    return rows


class TrainingStatistics(Section):
    """The Gaussian of a model's training images.

    It has mean, standard deviation and correlation (row by row) of `STATISTICS`, of colour images of
    `COLOUR_STATISTICS`. ``share_within`` of the training images are within ``max_distance``.
    """

    mean: Row
    deviation: Annotated[tuple[Annotated[float, Gt(0)], ...], AfterValidator(_require_length)]
    correlation: Annotated[tuple[Row, ...], AfterValidator(_require_correlation)]
    max_distance: Annotated[float, Ge(0)]
    share_within: Annotated[float, Ge(0), Le(1)]

    @model_validator(mode="after")
    def _require_one_length(self) -> Self:
        lengths = [len(self.mean), len(self.deviation), len(self.correlation)]
        if len(set(lengths)) > 1:
            raise ValueError(
                "expected as many means as deviations and rows of the correlation, got "
                f"{lengths[0]}, {lengths[1]} and {lengths[2]}"
            )
        return self

    @property
    def channels(self) -> Literal[1, 3]:
        """1 for grey images, 3 for colour."""
        return 1 if len(self.mean) == len(STATISTICS) else 3

    def distances(self, images: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return distances, float64 (n,) at least 0, of uint8 (n, height, width, channels)."""
        return _distances(self._scaled(images), np.array(self.correlation))

    def outside(self, images: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Return whether images, uint8 (n, height, width, channels), exceed ``max_distance``."""
        return self.distances(images) > self.max_distance

    def strangest(self, image: NDArray[np.uint8]) -> str:
        """Return the name of the strangest statistic of an image, uint8 (height, width, channels)."""
        return _NAMES[len(self.mean)][int(np.abs(self._scaled(image[None])[0]).argmax())]

    def _scaled(self, images: NDArray[np.uint8]) -> NDArray[np.float64]:
        centred = image_statistics(images) - np.array(self.mean)
        scaled: NDArray[np.float64] = centred / np.array(self.deviation)
        return scaled


def fit_statistics(images: NDArray[np.uint8]) -> TrainingStatistics:
    """Return the Gaussian of training images, uint8 (n, height, width, channels)."""
    sample = images[:: max(1, len(images) // _MOST_IMAGES)]
    size = max(1, _CHUNK_PIXELS // (images.shape[1] * images.shape[2]))
    starts = range(0, len(sample), size)
    parts = [image_statistics(np.asarray(sample[start : start + size])) for start in starts]
    rows = np.concatenate(parts)
    mean = rows.mean(axis=0)
    covariance = (rows - mean).T @ (rows - mean) / len(rows)
    covariance += _RIDGE * np.eye(len(mean))
    deviation = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(deviation, deviation)
    distances = _distances((rows - mean) / deviation, correlation)
    return TrainingStatistics(
        mean=_rounded(mean),
        deviation=_rounded(deviation),
        correlation=tuple(_rounded(row) for row in correlation),
        max_distance=float(f"{np.quantile(distances, _SHARE_WITHIN):.6g}"),
        share_within=_SHARE_WITHIN,
    )


def image_statistics(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return `STATISTICS` or `COLOUR_STATISTICS` of images, most as logarithms.

    From uint8 (n, height, width, 1) to float64 (n, 9), or (n, height, width, 3) to (n, 14). Roughness is
    the mean squared difference of neighbours over what it would be if neighbours were independent: near
    0 for a smooth picture, 1 for noise, whatever the contrast.
    """
    pixels = images.astype(np.float64) / 255
    if images.shape[3] == 1:
        return _grey_statistics(pixels[..., 0])
    return np.concatenate([_grey_statistics(pixels @ _LUMINANCE), _colour_statistics(pixels)], axis=1)


def _grey_statistics(pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return `STATISTICS` (n, 9) of grey pixels (n, height, width)."""
    sides = (pixels[:, 0], pixels[:, -1], pixels[:, 1:-1, 0], pixels[:, 1:-1, -1])
    border, flat = np.concatenate(sides, axis=1), pixels.reshape(len(pixels), -1)
    variance = np.maximum(flat.var(axis=1), _LEAST_VARIANCE)
    differences = (
        np.diff(pixels, axis=2),
        np.diff(pixels, axis=1),
        pixels[:, :, 2:] - pixels[:, :, :-2],
        pixels[:, 2:] - pixels[:, :-2],
    )
    roughness = [_mean_square(pairs) / (2 * variance) for pairs in differences]
    tone = np.median(border, axis=1)
    alike = np.abs(flat - tone[:, None]) <= _BORDER_TOLERANCE / 255
    logs = [np.sqrt(variance), *roughness, border.mean(axis=1), border.std(axis=1)]
    columns = [flat.mean(axis=1), *(np.log(value + _LOG_OFFSET) for value in logs), alike.mean(axis=1)]
    return np.stack(columns, axis=1)


def _colour_statistics(pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the last five of `COLOUR_STATISTICS` of pixels (n, height, width, 3)."""
    red, green, blue = (pixels[..., channel] for channel in range(3))
    opponents = np.stack([red - green, (red + green) / 2 - blue], axis=1)
    means, spreads = opponents.mean(axis=(2, 3)), opponents.std(axis=(2, 3))
    variance = np.maximum((spreads**2).mean(axis=1), _LEAST_VARIANCE)
    squares = [_mean_square(np.diff(opponents, axis=axis)) for axis in (2, 3)]
    roughness = (squares[0] + squares[1]) / (4 * variance)
    return np.concatenate(
        [means, np.log(spreads + _LOG_OFFSET), np.log(roughness + _LOG_OFFSET)[:, None]], axis=1
    )


def _mean_square(differences: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean square of each image's differences, or 0."""
    squares = (differences**2).reshape(len(differences), -1)
    means: NDArray[np.float64] = squares.sum(axis=1) / max(squares.shape[1], 1)
    return means


def _distances(scaled: NDArray[np.float64], correlation: NDArray[np.float64]) -> NDArray[np.float64]:
    solved = np.linalg.solve(correlation, scaled.T).T
    distances: NDArray[np.float64] = np.sqrt(np.maximum((scaled * solved).sum(axis=1), 0))
    return distances


def _rounded(row: NDArray[np.float64]) -> tuple[float, ...]:
    """Return a row with six digits, alike on all processors."""
    return tuple(float(f"{value:.6g}") for value in row)
