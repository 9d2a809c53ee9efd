"""Detection of pictures that are unlike the training images.

A network classifies whatever it is shown, and noise with as much confidence as an image. Here each image
becomes nine statistics, and a Gaussian is fitted to those of the training images. How far a picture is
from its mean, in standard deviations, is its Mahalanobis distance; almost all training images are within
a maximum.

Source: P. C. Mahalanobis, "On the generalized distance in statistics", 1936.
"""

from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le, Len
from numpy.typing import NDArray
from pydantic import AfterValidator

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

_NUM = len(STATISTICS)
# Of the training images that decide the Gaussian, evenly spread.
_MOST_IMAGES = 10_000
_CHUNK_IMAGES = 1000
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

Row = Annotated[tuple[float, ...], Len(_NUM, _NUM)]


def _require_correlation(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    matrix = np.array(rows)
    form = (matrix + matrix.T) / 2
    np.fill_diagonal(form, 1)
    if np.abs(matrix - form).max() > _CORRELATION_SLACK or np.linalg.eigvalsh(form)[0] <= 0:
        raise ValueError("expected a correlation: symmetric, with ones on its diagonal and an inverse")
    return rows


class TrainingStatistics(Section):
    """The Gaussian of a model's training images.

    It has mean, standard deviation and correlation (row by row) of `STATISTICS`. ``share_within`` of the
    training images are within ``max_distance``.
    """

    mean: Row
    deviation: Annotated[tuple[Annotated[float, Gt(0)], ...], Len(_NUM, _NUM)]
    correlation: Annotated[tuple[Row, ...], Len(_NUM, _NUM), AfterValidator(_require_correlation)]
    max_distance: Annotated[float, Ge(0)]
    share_within: Annotated[float, Ge(0), Le(1)]

    def distances(self, images: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return distances, float64 (n,) at least 0, of uint8 (n, height, width)."""
        return _distances(self._scaled(images), np.array(self.correlation))

    def outside(self, images: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Return whether images, uint8 (n, height, width), exceed ``max_distance``."""
        return self.distances(images) > self.max_distance

    def strangest(self, image: NDArray[np.uint8]) -> str:
        """Return the strangest of `STATISTICS` of an image, uint8 (height, width)."""
        return STATISTICS[int(np.abs(self._scaled(image[None])[0]).argmax())]

    def _scaled(self, images: NDArray[np.uint8]) -> NDArray[np.float64]:
        centred = image_statistics(images) - np.array(self.mean)
        scaled: NDArray[np.float64] = centred / np.array(self.deviation)
        return scaled


def fit_statistics(images: NDArray[np.uint8]) -> TrainingStatistics:
    """Return the Gaussian of training images, uint8 (n, height, width)."""
    sample = images[:: max(1, len(images) // _MOST_IMAGES)]
    starts = range(0, len(sample), _CHUNK_IMAGES)
    parts = [image_statistics(np.asarray(sample[start : start + _CHUNK_IMAGES])) for start in starts]
    rows = np.concatenate(parts)
    mean = rows.mean(axis=0)
    covariance = (rows - mean).T @ (rows - mean) / len(rows) + _RIDGE * np.eye(_NUM)
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
    """Return `STATISTICS` of images, most as logarithms.

    From uint8 (n, height, width) to float64 (n, 9). Roughness is the mean squared difference of
    neighbours over what it would be if neighbours were independent: near 0 for a smooth picture, 1 for
    noise, whatever the contrast.
    """
    pixels = images.astype(np.float64) / 255
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
