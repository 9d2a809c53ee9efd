"""Differences between a model's answers and its smaller version's."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.integer]
Rows = NDArray[np.intp]


@dataclass(frozen=True)
class FlipCounts:
    """Images that two models answer differently, by which is right."""

    right_to_wrong: int
    wrong_to_right: int
    wrong_to_wrong: int
    num_images: int

    @property
    def num_changed(self) -> int:
        """Number of differing answers."""
        return self.right_to_wrong + self.wrong_to_right + self.wrong_to_wrong

    @property
    def net(self) -> float:
        """Accuracy of the second minus accuracy of the first."""
        return (self.wrong_to_right - self.right_to_wrong) / self.num_images

    @property
    def agreement(self) -> float:
        """Share of the images with equal answers, right or wrong."""
        return 1 - self.num_changed / self.num_images


@dataclass(frozen=True)
class Flips:
    """Flipped images as rows of the split, int (k,)."""

    right_to_wrong: Rows
    wrong_to_right: Rows
    wrong_to_wrong: Rows
    num_images: int

    @property
    def counts(self) -> FlipCounts:
        """Number of rows of each kind."""
        num_wrong, num_right = len(self.right_to_wrong), len(self.wrong_to_right)
        return FlipCounts(num_wrong, num_right, len(self.wrong_to_wrong), self.num_images)


def find_flips(labels: Labels, before: Labels, after: Labels) -> Flips:
    """Compare two models' predicted classes with the true ones; all (n,), n > 0."""
    changed, was, now = before != after, before == labels, after == labels
    return Flips(
        right_to_wrong=np.flatnonzero(changed & was),
        wrong_to_right=np.flatnonzero(changed & now),
        wrong_to_wrong=np.flatnonzero(changed & ~was & ~now),
        num_images=len(labels),
    )
