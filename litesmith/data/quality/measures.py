"""Measures of single images that tell one way of taking them from another."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from litesmith.records.form import DataForm

_CHUNK_VALUES = 4_000_000
# Grey levels that the noise of a camera or of JPEG leaves on an even ground.
_GROUND_TOLERANCE = 16
_LEAST_VARIANCE = 1e-6

_GREY = (
    "brightness",
    "contrast",
    "ink share",
    "roughness from left to right",
    "roughness from top to bottom",
    "brightness of the border",
    "contrast of the border",
    "centre from left to right",
    "centre from top to bottom",
    "width of what is shown",
    "height of what is shown",
)
_COLOUR = ("saturation", "red against green", "blue against green")
# Those that an honest change of the light scales.
SCALED = ("brightness", "contrast", "brightness of the border", "contrast of the border", *_COLOUR)


@dataclass(frozen=True)
class Measures:
    """Measures of images.

    Attributes:
        names: Of the columns, those of colour last.
        values: float32 (n, columns).
        extent: Brightest minus darkest value of an image in its most varied channel, uint8 (n,).
    """

    names: tuple[str, ...]
    values: NDArray[np.float32]
    extent: NDArray[np.uint8]

    def column(self, name: str) -> NDArray[np.float32]:
        """Return the measure of this name, float32 (n,)."""
        return self.values[:, self.names.index(name)]


def measure_names(channels: int) -> tuple[str, ...]:
    """Return the names of the measures of images of so many channels."""
    return _GREY if channels == 1 else (*_GREY, *_COLOUR)


def measure(images: NDArray[np.uint8], form: DataForm) -> Measures:
    """Measure images, uint8 (n, height, width, channels).

    Ink is what differs from the ground: from black or white where the form says dark or light, else from
    the median of the image's own border. Roughness is the mean squared difference of neighbours over
    what it would be if they were independent: 0 for a smooth image, 1 for noise. Centre and size are
    those of the ink, as shares of the side.
    """
    names = measure_names(form.channels)
    values = np.zeros((len(images), len(names)), np.float32)
    extent = np.zeros(len(images), np.uint8)
    for part in chunks(len(images), images[:1].size):
        pixels = np.asarray(images[part])
        flat = pixels.reshape(len(pixels), -1, pixels.shape[-1])
        extent[part] = np.ptp(flat, axis=1).max(axis=1)
        values[part] = np.stack(_columns(pixels, form), axis=1)
    return Measures(names, values, extent)


def chunks(num: int, size: int) -> Iterator[slice]:
    """Yield slices of ``num`` rows of ``size`` values that fit into little memory."""
    step = max(1, _CHUNK_VALUES // max(size, 1))
    for start in range(0, num, step):
        yield slice(start, min(start + step, num))


def _columns(pixels: NDArray[np.uint8], form: DataForm) -> list[NDArray[np.float32]]:
    grey = pixels.astype(np.float32).mean(axis=3) / 255
    sides = (grey[:, 0], grey[:, -1], grey[:, 1:-1, 0], grey[:, 1:-1, -1])
    border = np.concatenate(sides, axis=1)
    ground = np.median(border, axis=1) if form.ground == "any" else np.float32(form.fill / 255)
    away = np.abs(grey - np.reshape(ground, (-1, 1, 1)))
    ink = away > _GROUND_TOLERANCE / 255
    flat = grey.reshape(len(grey), -1)
    deviation = flat.std(axis=1)
    variance = np.maximum(deviation**2, _LEAST_VARIANCE)
    columns = [
        flat.mean(axis=1),
        deviation,
        ink.mean(axis=(1, 2), dtype=np.float32),
        _roughness(np.diff(grey, axis=2), variance),
        _roughness(np.diff(grey, axis=1), variance),
        border.mean(axis=1),
        border.std(axis=1),
        *_place(np.where(ink, away, np.float32(0))),
    ]
    return columns if form.channels == 1 else [*columns, *_colours(pixels)]


def _roughness(differences: NDArray[np.float32], variance: NDArray[np.float32]) -> NDArray[np.float32]:
    squares = np.square(differences).mean(axis=(1, 2))
    shares: NDArray[np.float32] = squares / (2 * variance)
    return shares


def _place(ink: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Return centre x and y, width and height of ink, as shares."""
    profiles = ink.sum(axis=1), ink.sum(axis=2)
    total = np.maximum(profiles[0].sum(axis=1), np.float32(1e-6))
    centres, spreads = [], []
    for profile in profiles:
        side = profile.shape[1]
        places = (np.arange(side, dtype=np.float32) + np.float32(0.5)) / side - np.float32(0.5)
        centre = profile @ places / total
        spread = profile @ np.square(places) / total - centre**2
        centres.append(centre)
        spreads.append(np.sqrt(np.maximum(spread, 0)))
    return [*centres, *spreads]


def _colours(pixels: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
    values = pixels.astype(np.float32) / 255
    saturation = (values.max(axis=3) - values.min(axis=3)).mean(axis=(1, 2))
    means = values.mean(axis=(1, 2))
    return [saturation, means[:, 0] - means[:, 1], means[:, 2] - means[:, 1]]
