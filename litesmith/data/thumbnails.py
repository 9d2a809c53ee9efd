"""Images for people: typical ones and odd ones."""

import base64
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_CHUNK_IMAGES = 5000
_MOST_SIDE = 96
# Of an image beyond twice this side every so many-th pixel counts.
_COMPARED_SIDE = 64


@dataclass(frozen=True)
class Odd:
    """An odd image: its row, and why."""

    row: int
    reason: str


def class_distances(
    images: NDArray[np.uint8], labels: NDArray[np.int64], rows: NDArray[np.int64], num_classes: int
) -> NDArray[np.float64]:
    """Return distances of images from the mean image of their class.

    Args:
        images: All of them, uint8 (all, height, width, channels).
        labels: Of all of them, int64 (all,).
        rows: Of the images that count, int64 (n,).
        num_classes: In all.

    Returns:
        float64 (n,): root mean square of the pixels' differences in [0, 1].
    """
    step = max(1, max(images.shape[1:3]) // _COMPARED_SIDE)
    images = images[:, ::step, ::step]
    sums = np.zeros((num_classes, images[:1].size))
    counts = np.bincount(labels[rows], minlength=num_classes)
    for part in _parts(rows):
        pixels = images[part].reshape(len(part), -1)
        for label in np.unique(labels[part]):
            sums[label] += pixels[labels[part] == label].sum(axis=0, dtype=np.int64)
    means = (sums / 255 / np.maximum(counts, 1)[:, None]).astype(np.float32)
    squares = [
        np.square(images[part].reshape(len(part), -1) / np.float32(255) - means[labels[part]]).mean(
            axis=1
        )
        for part in _parts(rows)
    ]
    roots: NDArray[np.float64] = np.sqrt(np.concatenate([np.zeros(0), *squares]))
    return roots


def typical_rows(
    labels: NDArray[np.int64], rows: NDArray[np.int64], distances: NDArray[np.float64]
) -> dict[int, int]:
    """Return each class's row of least distance, float64 (n,), the first of equals."""
    own = labels[rows]
    members = {int(label): np.flatnonzero(own == label) for label in np.unique(own)}
    return {label: int(rows[some[np.argmin(distances[some])]]) for label, some in members.items()}


def odd_rows(
    labels: NDArray[np.int64],
    rows: NDArray[np.int64],
    distances: NDArray[np.float64],
    brightness: NDArray[np.float32],
    most: int,
) -> tuple[Odd, ...]:
    """Return the darkest, brightest and least typical images, in turn.

    Args:
        labels: Of all images, int64 (all,).
        rows: Of the images that count, int64 (n,).
        distances: Of `class_distances`, float64 (n,).
        brightness: Their mean pixel, float32 (n,), 0 to 1.
        most: Images to return.
    """
    own = labels[rows]
    medians = np.ones(len(rows))
    for label in np.unique(own):
        medians[own == label] = np.median(distances[own == label])
    times = distances / np.where(medians > 0, medians, 1.0)

    def kind(order: NDArray[np.intp], reason: Callable[[int], str]) -> Iterator[Odd]:
        for place in order[:most].tolist():
            yield Odd(int(rows[place]), reason(place))

    kinds = [
        kind(
            np.argsort(brightness, kind="stable"), lambda at: f"darkest: mean pixel {brightness[at]:.3f}"
        ),
        kind(
            np.argsort(-brightness, kind="stable"),
            lambda at: f"brightest: mean pixel {brightness[at]:.3f}",
        ),
        kind(
            np.argsort(-times, kind="stable"),
            lambda at: f"unlike its class: {times[at]:.1f} times the median distance from its mean",
        ),
    ]
    return _in_turn(kinds, most)


def png_base64(image: NDArray[np.uint8]) -> str:
    """Return an image, uint8 (height, width) or (height, width, channels), as PNG in base64.

    A side of more than 96 pixels is shrunk to that.
    """
    buffer = io.BytesIO()
    picture = Image.fromarray(
        np.ascontiguousarray(image.squeeze(2) if image.shape[2:] == (1,) else image)
    )
    if max(picture.size) > _MOST_SIDE:
        picture.thumbnail((_MOST_SIDE, _MOST_SIDE))
    picture.save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def _parts(rows: NDArray[np.int64]) -> Iterable[NDArray[np.int64]]:
    for start in range(0, len(rows), _CHUNK_IMAGES):
        yield rows[start : start + _CHUNK_IMAGES]


def _in_turn(kinds: Sequence[Iterator[Odd]], most: int) -> tuple[Odd, ...]:
    """Take from each kind in turn the next new image."""
    waiting = list(kinds)
    chosen: dict[int, Odd] = {}
    while waiting and len(chosen) < most:
        kind = waiting.pop(0)
        new = next((odd for odd in kind if odd.row not in chosen), None)
        if new is not None:
            chosen[new.row] = new
            waiting.append(kind)
    return tuple(chosen.values())
