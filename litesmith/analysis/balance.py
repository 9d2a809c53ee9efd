"""Recognition of all classes: balanced accuracy, worst class, and what a guess reaches."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from litesmith.analysis.intervals import CONFIDENCE, Estimate, mean_estimate, wilson
from litesmith.analysis.paired import Difference, paired_counts

Labels = NDArray[np.integer]


@dataclass(frozen=True)
class WorstClass:
    """The class that is recognized least often.

    Attributes:
        label: Of the class.
        recall: Share of its images that were predicted as it.
        num_images: Images of the class.
    """

    label: int
    recall: Estimate
    num_images: int


@dataclass(frozen=True)
class Balance:
    """How evenly a model recognizes the classes of which there are images.

    Attributes:
        accuracy: Balanced accuracy, the mean of the classes' recalls.
        chance: Balanced accuracy of any constant answer: one divided by the number of classes.
        worst: The class with the lowest recall, the first of equals.
    """

    accuracy: Estimate
    chance: float
    worst: WorstClass

    @property
    def above_chance(self) -> bool | None:
        """Whether it is better than any constant answer; None where the images cannot tell."""
        if self.accuracy.value <= self.chance:
            return False
        return True if self.accuracy.low > self.chance else None


@dataclass(frozen=True)
class Majority:
    """Always answering the most frequent class, against a model.

    Attributes:
        label: Of that class, the first of equals.
        share: Its share of the images, which is the accuracy of that answer.
        gain: Accuracy of the model minus that share.
    """

    label: int
    share: float
    gain: Difference

    @property
    def surpassed(self) -> bool | None:
        """Whether the model is more accurate; None where the images cannot tell."""
        if self.gain.mean <= 0:
            return False
        return True if self.gain.low > 0 else None


def balance(right: NDArray[np.number], images: NDArray[np.integer]) -> Balance:
    """Return balanced accuracy and worst class, from counts by class.

    Args:
        right: Images that were predicted as their class (classes,); a fraction where one counts in part.
        images: All images of each class (classes,). Classes without any do not count.

    Raises:
        ValueError: There is no image.

    Source: Brodersen et al., "The balanced accuracy and its posterior distribution", ICPR, 2010.
    """
    recalls = {
        label: estimate
        for label, (num_right, num) in enumerate(zip(right.tolist(), images.tolist(), strict=True))
        if (estimate := wilson(num_right, num, CONFIDENCE)) is not None
    }
    if not recalls:
        raise ValueError("there is no image, expected at least one")
    worst = min(recalls, key=lambda label: recalls[label].value)
    return Balance(
        accuracy=mean_estimate(list(recalls.values())),
        chance=1 / len(recalls),
        worst=WorstClass(worst, recalls[worst], int(images[worst])),
    )


def balance_of(labels: Labels, predicted: Labels) -> Balance:
    """Return the `balance` of predictions.

    Args:
        labels: True classes (n,), n at least 1.
        predicted: Predicted classes (n,), or (k, n) of k pictures of each image: an image counts once,
            with the share of its pictures.
    """
    right = (labels == predicted).reshape(-1, len(labels)).mean(axis=0)
    return balance(np.bincount(labels, right), np.bincount(labels))


def balance_of_confusion(confusion: NDArray[np.integer]) -> Balance:
    """Return the `balance` of counts (classes, classes), rows true and columns predicted."""
    return balance(np.diag(confusion), confusion.sum(axis=1))


def over_majority(confusion: NDArray[np.integer]) -> Majority:
    """Compare a model with always answering the most frequent class, image by image.

    Args:
        confusion: Counts (classes, classes), at least one image: rows true, columns predicted.
    """
    images, right = confusion.sum(axis=1), np.diag(confusion)
    label, num_images = int(images.argmax()), int(images.sum())
    num_gained, num_lost = int(right.sum() - right[label]), int(images[label] - right[label])
    return Majority(
        label, int(images[label]) / num_images, paired_counts(num_gained, num_lost, num_images)
    )
