"""What became of a model's answers when it was made smaller."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.intp]


@dataclass(frozen=True)
class FlipCounts:
    """Images that two models answer differently.

    Attributes:
        right_to_wrong: The first was right.
        wrong_to_right: The second is right.
        wrong_to_wrong: Neither is.
        num_images: Images that both answered.
    """

    right_to_wrong: int
    wrong_to_right: int
    wrong_to_wrong: int
    num_images: int

    @property
    def num_changed(self) -> int:
        """How many answers differ."""
        return self.right_to_wrong + self.wrong_to_right + self.wrong_to_wrong

    @property
    def net(self) -> float:
        """Accuracy of the second minus accuracy of the first."""
        return (self.wrong_to_right - self.right_to_wrong) / self.num_images

    @property
    def agreement(self) -> float:
        """Share of the images that both answer alike, right or wrong."""
        return 1 - self.num_changed / self.num_images


@dataclass(frozen=True)
class Flips:
    """The same as `FlipCounts`, as rows of the split, int (k,)."""

    right_to_wrong: Rows
    wrong_to_right: Rows
    wrong_to_wrong: Rows
    num_images: int

    @property
    def counts(self) -> FlipCounts:
        """How many rows of each kind there are."""
        return FlipCounts(
            len(self.right_to_wrong), len(self.wrong_to_right), len(self.wrong_to_wrong), self.num_images
        )


def find_flips(
    labels: NDArray[np.integer], before: NDArray[np.integer], after: NDArray[np.integer]
) -> Flips:
    """Compare the answers of two models image by image.

    Args:
        labels: True classes (n,), n at least 1.
        before: What the first model predicted (n,).
        after: What the second predicted (n,).
    """
    changed, was, now = before != after, before == labels, after == labels
    return Flips(
        right_to_wrong=np.flatnonzero(changed & was),
        wrong_to_right=np.flatnonzero(changed & now),
        wrong_to_wrong=np.flatnonzero(changed & ~was & ~now),
        num_images=len(labels),
    )
