"""Near-copies of images: with noise, dimmed, blurred, or moved by one pixel.

Two images are compared by correlation, which a change of brightness or contrast leaves alone. A copy
that was moved by a pixel shows, one pixel in from its border, exactly what the original shows there,
whatever filled its margin: so the middle of one image is compared with nine parts of the other. Few
pairs are worth that: means of blocks, projected on their principal axes, are never further apart than
the images, and a tree finds those that are near.

Source: J. L. Bentley, "Multidimensional Binary Search Trees Used for Associative Searching", 1975.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import cKDTree
from sklearn.utils.extmath import randomized_svd

from litesmith.data.quality.measures import chunks

# Between descriptors, plain and blurred: what noise of two grey levels moves the ones, and what a blur
# other than the one that is tried moves the others.
_RADII = (0.035, 0.06)
_NUM_AXES = 12
_AXES_ROWS = 5_000
# About as many blocks stand in a row, whatever the size of the image.
_BLOCKS = 14
_BLUR = 0.6
_BLURS = (0.0, 0.5, 0.7, 0.9)
_PLACES = tuple((down, right) for down in range(3) for right in range(3))
_CENTRE = (1, 1)


@dataclass(frozen=True)
class Pairs:
    """Pairs of images that are near-copies.

    Attributes:
        rows: Of the images that were asked about, int64 (n,).
        others: Of what they are like, int64 (n,).
        correlations: float64 (n,), at most 1.
    """

    rows: NDArray[np.int64]
    others: NDArray[np.int64]
    correlations: NDArray[np.float64]

    def of(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> "Pairs":
        """Return some of the pairs."""
        return Pairs(self.rows[chosen], self.others[chosen], self.correlations[chosen])


def join(parts: Sequence[Pairs]) -> Pairs:
    """Return the pairs of all parts."""
    return Pairs(
        np.concatenate([part.rows for part in parts]),
        np.concatenate([part.others for part in parts]),
        np.concatenate([part.correlations for part in parts]),
    )


@dataclass(frozen=True)
class Axes:
    """Principal axes of block means, float32 (values, axes), and the side of a block."""

    block: int
    axes: NDArray[np.float32]


def fit_axes(images: NDArray[np.uint8]) -> Axes:
    """Return axes of images, uint8 (n, height, width, channels), evenly spread ones of them."""
    block = max(1, min(images.shape[1:3]) // _BLOCKS)
    sample = np.asarray(images[:: max(1, len(images) // _AXES_ROWS)])
    means = _unit(_block_means(_middle(sample), block))
    _, _, axes = randomized_svd(means, min(_NUM_AXES, *means.shape), n_iter=4, random_state=0)
    return Axes(block, np.ascontiguousarray(axes.T, np.float32))


def describe(images: NDArray[np.uint8], axes: Axes) -> NDArray[np.float32]:
    """Describe images and their blurred selves for the tree, float32 (n, 2, axes)."""
    described = np.zeros((len(images), 2, axes.axes.shape[1]), np.float32)
    for part in chunks(len(images), images[:1].size):
        middle = _middle(np.asarray(images[part]))
        described[part, 0] = _project(middle, axes)
        described[part, 1] = _project(_blurred(middle, _BLUR), axes)
    return described


def near_copies(
    images: NDArray[np.uint8],
    described: NDArray[np.float32],
    axes: Axes,
    rows: NDArray[np.int64],
    others: NDArray[np.int64],
    least: float,
    num_workers: int = 2,
) -> Pairs:
    """Find near-copies of some images among others.

    Args:
        images: All of them, uint8 (n, height, width, channels).
        described: By `describe`, float32 (n, 2, axes).
        axes: Of `fit_axes`.
        rows: Of the images to ask about, int64.
        others: Of the images that they may be copies of, int64.
        least: Correlation of a near-copy.
        num_workers: Threads of the search; another number changes no result.
    """
    if not len(rows) or not len(others):
        empty = np.zeros(0, np.int64)
        return Pairs(empty, empty, np.zeros(0))
    trees = [cKDTree(described[others, kind].astype(np.float64), leafsize=32) for kind in (0, 1)]
    found: dict[tuple[int, int], float] = {}
    for part in chunks(len(rows), images[:1].size):
        asked = rows[part]
        pixels = np.asarray(images[asked])
        for place, kind, radius, projected in _queries(pixels, described[asked], axes):
            hits = trees[kind].query_ball_point(
                projected.astype(np.float64), radius, workers=num_workers, return_sorted=True
            )
            sizes = np.fromiter(map(len, hits), np.int64, len(hits))
            if not sizes.sum():
                continue
            first = np.repeat(np.arange(len(asked)), sizes)
            second = others[np.concatenate([some for some in hits if some]).astype(np.int64)]
            first, second = first[asked[first] != second], second[asked[first] != second]
            alike = _correlations(pixels[first], images, second, place)
            near = alike >= least
            pairs = zip(asked[first[near]].tolist(), second[near].tolist(), strict=True)
            for pair, likeness in zip(pairs, alike[near].tolist(), strict=True):
                found[pair] = max(found.get(pair, 0.0), likeness)
    ordered = sorted(found)
    table = np.array(ordered, np.int64).reshape(-1, 2)
    return Pairs(table[:, 0], table[:, 1], np.array([found[pair] for pair in ordered]))


def _queries(
    pixels: NDArray[np.uint8], described: NDArray[np.float32], axes: Axes
) -> Iterator[tuple[tuple[int, int], int, float, NDArray[np.float32]]]:
    """Yield place to cut at, tree, radius and descriptors of each query."""
    plain, blurred = _RADII
    for place in _PLACES:
        parts = _project(_cut(pixels, place), axes) if place != _CENTRE else described[:, 0]
        yield place, 0, plain, parts
    yield _CENTRE, 0, blurred, described[:, 1]
    yield _CENTRE, 1, blurred, described[:, 0]


def _correlations(
    pixels: NDArray[np.uint8],
    images: NDArray[np.uint8],
    others: NDArray[np.int64],
    place: tuple[int, int],
) -> NDArray[np.float64]:
    """Return the correlation of pairs, the best over blurs of either."""
    best = np.full(len(pixels), -1.0)
    for part in chunks(len(pixels), 4 * pixels[:1].size):
        one = _cut(pixels[part], place).astype(np.float32)
        other = _middle(np.asarray(images[others[part]])).astype(np.float32)
        plain = _unit(_flat(one)), _unit(_flat(other))
        for blur in _BLURS if place == _CENTRE else _BLURS[:1]:
            ways = (
                (_unit(_flat(_blurred(one, blur))), plain[1]),
                (plain[0], _unit(_flat(_blurred(other, blur)))),
            )
            for left, right in ways:
                best[part] = np.maximum(best[part], (left * right).sum(axis=1))
    return best


def _cut(pixels: NDArray[np.uint8], place: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the part at a place, two pixels smaller than the images."""
    down, right = place
    height, width = pixels.shape[1:3]
    return pixels[:, down : height - 2 + down, right : width - 2 + right]


def _middle(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return _cut(pixels, _CENTRE)


def _project(parts: NDArray[np.uint8] | NDArray[np.float32], axes: Axes) -> NDArray[np.float32]:
    projected: NDArray[np.float32] = _unit(_block_means(parts, axes.block)) @ axes.axes
    return projected


def _block_means(parts: NDArray[np.uint8] | NDArray[np.float32], block: int) -> NDArray[np.float32]:
    high, wide = parts.shape[1] // block * block, parts.shape[2] // block * block
    places = [(down, right) for down in range(block) for right in range(block)]
    sums = np.zeros((len(parts), high // block, wide // block, parts.shape[3]), np.float32)
    for down, right in places:
        sums += parts[:, down:high:block, right:wide:block]
    return (sums.reshape(len(parts), -1) / np.float32(len(places))).astype(np.float32, copy=False)


def _flat(parts: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what is a pixel inside, where blur knows all neighbours."""
    return parts[:, 1:-1, 1:-1].reshape(len(parts), -1)


def _blurred(parts: NDArray[np.uint8] | NDArray[np.float32], blur: float) -> NDArray[np.float32]:
    blurred: NDArray[np.float32] = parts.astype(np.float32)
    for axis in (1, 2) if blur else ():
        blurred = gaussian_filter1d(blurred, blur, axis=axis, mode="nearest", truncate=3.0)
    return blurred


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return rows without their mean, of length 1; constant ones are all zero."""
    centred = rows - rows.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(centred, axis=1, keepdims=True)
    return np.where(lengths > 1e-3, centred / np.maximum(lengths, 1e-3), 0).astype(np.float32)
