"""Batches of a data set, sound ones and ones with known faults."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

Images = NDArray[np.uint8]
Labels = NDArray[np.int64]
Random = np.random.Generator


@dataclass(frozen=True)
class Batch:
    """Images, uint8 (n, height, width, channels), with labels, int64 (n,).

    ``faulty``, bool (n,), says which images have a fault of their own.
    """

    images: Images
    labels: Labels
    faulty: NDArray[np.bool_]


@dataclass(frozen=True)
class Source:
    """Images that batches are drawn from, and those that are held back.

    Attributes:
        images: To draw from.
        labels: Of these.
        held: Images that are held back.
        held_labels: Of these.
        num_classes: In all.
    """

    images: Images
    labels: Labels
    held: Images
    held_labels: Labels
    num_classes: int

    def draw(self, num: int, rng: Random, weights: NDArray[np.float64] | None = None) -> Batch:
        """Draw images without repetition; ``weights``, float64 (classes,), change the mix of classes."""
        chances = None if weights is None else weights[self.labels] / weights[self.labels].sum()
        rows = rng.choice(len(self.labels), num, replace=False, p=chances)
        return Batch(self.images[rows], self.labels[rows], np.zeros(num, np.bool_))


def mixed(source: Source, num: int, rng: Random, max_shift: float) -> Batch:
    """Draw a batch whose shares of classes moved by up to ``max_shift``.

    Half of the times each share by so much of itself, else so much of the whole batch to one class.
    """
    if rng.random() < 0.5:
        weights = 1 + max_shift * rng.uniform(-1, 1, source.num_classes)
    else:
        moved = max_shift * rng.random()
        weights = np.full(source.num_classes, 1 - moved)
        weights[rng.integers(source.num_classes)] += moved * source.num_classes
    return source.draw(num, rng, weights)


def lit(source: Source, num: int, rng: Random, max_shift: float) -> Batch:
    """Draw a batch whose brightness is another by up to ``max_shift`` of it."""
    batch = source.draw(num, rng)
    factor = 1 + max_shift * rng.uniform(-1, 1)
    return Batch(_as_pixels(batch.images * factor), batch.labels, batch.faulty)


def whole_faults(num_classes: int) -> dict[str, Callable[[Batch, Random], Batch]]:
    """Return faults of whole batches by name."""

    def images(
        change: Callable[[Images, Random], NDArray[np.uint8] | NDArray[np.floating[Any]]],
    ) -> Callable[[Batch, Random], Batch]:
        return lambda batch, rng: Batch(
            _as_pixels(change(batch.images, rng)), batch.labels, batch.faulty
        )

    def shifted(batch: Batch, _: Random) -> Batch:
        return Batch(batch.images, (batch.labels + 1) % num_classes, batch.faulty)

    def missing(batch: Batch, rng: Random) -> Batch:
        kept = batch.labels != rng.integers(num_classes)
        return Batch(batch.images[kept], batch.labels[kept], batch.faulty[kept])

    return {
        "labels shifted by one": shifted,
        "inverted": images(lambda pixels, _: 255 - pixels),
        "upside down": images(lambda pixels, _: pixels[:, ::-1]),
        "rolled by a quarter": images(lambda pixels, _: np.roll(pixels, pixels.shape[2] // 4, axis=2)),
        "noise of standard deviation 10 %": images(
            lambda pixels, rng: pixels + rng.normal(0, 25.5, pixels.shape)
        ),
        "half black": images(_half_black),
        "half as bright": images(lambda pixels, _: pixels * 0.5),
        "one class missing": missing,
    }


def single_faults(source: Source) -> dict[str, Callable[[Batch, float, Random], Batch]]:
    """Return faults of single images by name; each takes the share of faulty ones."""

    def flipped(batch: Batch, share: float, rng: Random) -> Batch:
        faulty = _some(batch, share, rng)
        labels = batch.labels.copy()
        labels[faulty] += rng.integers(1, source.num_classes, int(faulty.sum()))
        return Batch(batch.images, labels % source.num_classes, faulty)

    def leaked(
        change: Callable[[Images, Random], Images], conflict: bool = False
    ) -> Callable[[Batch, float, Random], Batch]:
        def leak(batch: Batch, share: float, rng: Random) -> Batch:
            faulty = _some(batch, share, rng)
            num = int(faulty.sum())
            rows = rng.choice(len(source.held), num, replace=False)
            images, labels = batch.images.copy(), batch.labels.copy()
            images[faulty] = change(source.held[rows], rng)
            labels[faulty] = source.held_labels[rows]
            if conflict:
                labels[faulty] += rng.integers(1, source.num_classes, num)
            return Batch(images, labels % source.num_classes, faulty)

        return leak

    return {
        "flipped labels": flipped,
        "exact leaks": leaked(lambda pixels, _: pixels),
        "label conflicts": leaked(lambda pixels, _: pixels, conflict=True),
        "near-copies with noise of two grey levels": leaked(_noisy),
        "near-copies dimmed to 80 %": leaked(lambda pixels, _: _as_pixels(pixels * 0.8)),
        "near-copies blurred": leaked(_blurred),
        "near-copies moved by a pixel": leaked(_moved),
        "near-copies moved by a pixel, with noise": leaked(
            lambda pixels, rng: _noisy(_moved(pixels, rng), rng)
        ),
    }


def _some(batch: Batch, share: float, rng: Random) -> NDArray[np.bool_]:
    """Return which images become faulty."""
    faulty = np.zeros(len(batch.labels), np.bool_)
    faulty[rng.choice(len(faulty), round(share * len(faulty)), replace=False)] = True
    return faulty


def _half_black(pixels: Images, _: Random) -> Images:
    pixels = pixels.copy()
    pixels[:, pixels.shape[1] // 2 :] = 0
    return pixels


def _noisy(pixels: Images, rng: Random) -> Images:
    return _as_pixels(pixels + rng.normal(0, 2, pixels.shape))


def _blurred(pixels: Images, rng: Random) -> Images:
    """Blur with a standard deviation from 0.4 to 0.8 pixels."""
    blurred = [
        gaussian_filter(image.astype(np.float32), (blur, blur, 0))
        for image, blur in zip(pixels, rng.uniform(0.4, 0.8, len(pixels)), strict=True)
    ]
    return _as_pixels(np.stack(blurred)) if blurred else pixels


def _moved(pixels: Images, rng: Random) -> Images:
    """Move each image by a pixel, in one of eight directions; its margin is black."""
    moved = np.zeros_like(pixels)
    padded = np.pad(pixels, ((0, 0), (1, 1), (1, 1), (0, 0)))
    height, width = pixels.shape[1:3]
    ways = [(down, right) for down in range(3) for right in range(3) if (down, right) != (1, 1)]
    for row, way in enumerate(rng.integers(len(ways), size=len(pixels))):
        down, right = ways[way]
        moved[row] = padded[row, down : down + height, right : right + width]
    return moved


def _as_pixels(values: NDArray[np.uint8] | NDArray[np.floating[Any]]) -> Images:
    pixels: Images = np.clip(np.round(values), 0, 255).astype(np.uint8)
    return pixels
