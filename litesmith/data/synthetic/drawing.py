"""A whole synthetic data set, as its parameters and its form declare it."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from litesmith.data.synthetic.garments import draw_garments
from litesmith.data.synthetic.glyphs import make_glyphs
from litesmith.data.synthetic.shapes import draw_shapes
from litesmith.errors import ParamsError
from litesmith.params.sections.dataset import Ground
from litesmith.params.synthetic import SyntheticBase

Images = NDArray[np.uint8]

_ROUNDING = 1e-9


@dataclass(frozen=True)
class Drawn:
    """Images, uint8 (n, height, width, channels), and their labels, uint8 (n,)."""

    images: Images
    labels: NDArray[np.uint8]


@dataclass(frozen=True)
class SyntheticSet:
    """A synthetic data set; without a given test set ``test`` has no images."""

    train: Drawn
    test: Drawn


def draw_set(
    base: SyntheticBase,
    *,
    num_classes: int,
    height: int,
    width: int,
    channels: int,
    ground: Ground,
) -> SyntheticSet:
    """Draw the images of a synthetic data set.

    The arguments decide every byte.

    Args:
        base: What is drawn, and how many.
        num_classes: 2 to 256; ten for garments.
        height: Of an image, in pixels.
        width: Of an image, in pixels.
        channels: 1 for grey, 3 for colour.
        ground: What lies behind the objects.

    Raises:
        ParamsError: ``base`` does not fit the form.
    """
    misfits = base.misfits(num_classes, height, width)
    if misfits:
        raise ParamsError("\n".join(misfits))
    shape = (height, width, channels)
    parts = [
        _draw_part(base, num, num_classes, shape, ground, np.random.default_rng(base.seed + turn))
        for turn, num in enumerate((base.num_train, base.num_test))
    ]
    train, test = parts
    # A generator of its own, so that the images are the same with and without noise.
    noisy = flip_labels(
        train.labels, base.label_noise, num_classes, np.random.default_rng((base.seed, num_classes))
    )
    return SyntheticSet(Drawn(train.images, noisy), test)


def count_classes(num_images: int, num_classes: int, base: SyntheticBase) -> NDArray[np.int64]:
    """Return how many images each class has, at least one where there are enough.

    What rounding down leaves over goes to the first classes.
    """
    # Evenly from the ratio down to 1, unless shares are given.
    weights = base.class_shares or np.linspace(base.imbalance or 1, 1, num_classes).tolist()
    wanted = np.array(weights) / sum(weights) * num_images
    least = min(1, num_images // num_classes)
    counts: NDArray[np.int64] = np.maximum(np.floor(wanted + _ROUNDING).astype(np.int64), least)
    while counts.sum() > num_images:
        counts[counts.argmax()] -= 1
    counts[: num_images - int(counts.sum())] += 1
    return counts


def flip_labels(
    labels: NDArray[np.uint8], share: float, num_classes: int, rng: Generator
) -> NDArray[np.uint8]:
    """Return labels of which a share, rounded down, is replaced by another class.

    Args:
        labels: uint8 (n,).
        share: 0 to 1.
        num_classes: Classes to choose from.
        rng: Decides which rows get which class.
    """
    flipped = labels.copy()
    rows = rng.permutation(len(labels))[: int(share * len(labels))]
    steps = rng.integers(1, num_classes, len(rows))
    flipped[rows] = (labels[rows] + steps) % num_classes
    return flipped


def _draw_part(
    base: SyntheticBase,
    num_images: int,
    num_classes: int,
    shape: tuple[int, int, int],
    ground: Ground,
    rng: Generator,
) -> Drawn:
    counts = count_classes(num_images, num_classes, base)
    is_even = counts.max() - counts.min() <= 1
    classes = (
        np.arange(num_images) % num_classes if is_even else np.repeat(np.arange(num_classes), counts)
    )
    labels = rng.permutation(classes).astype(np.uint8)
    if base.subject == "garments":
        return Drawn(draw_garments(labels, shape, ground, rng), labels)
    glyphs = make_glyphs(num_classes, coloured=shape[2] == 3, mirrored_pair=base.mirrored_pair)
    return Drawn(draw_shapes(labels, glyphs, shape, ground, base.difficulty, rng), labels)
