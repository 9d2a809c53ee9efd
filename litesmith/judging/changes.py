"""What a candidate changes against the file in service."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from litesmith.analysis.exact import holm, mcnemar, share_at_least, share_at_most, smallest_shown
from litesmith.analysis.intervals import CONFIDENCE, Estimate, wilson
from litesmith.analysis.paired import paired_counts
from litesmith.records.service.judge import Changes, ClassChange, Comparison

Labels = NDArray[np.uint8]


def compare(
    labels: Labels, candidate: Labels, released: Labels, class_names: Sequence[str], level: float
) -> Changes:
    """Compare two models' answers to the same images.

    The bounds of the classes' shares are for all classes together: each leaves ``level`` divided by
    their number outside (Bonferroni).

    Args:
        labels: True classes, uint8 (n,), n at least 1.
        candidate: Classes that the candidate gave, uint8 (n,).
        released: Those of the file in service.
        class_names: In the order of the labels.
        level: Of the exact bounds, one-sided.
    """
    num_classes = len(class_names)
    now, before = candidate == labels, released == labels
    images = np.bincount(labels, minlength=num_classes).tolist()
    gained = np.bincount(labels[now & ~before], minlength=num_classes).tolist()
    lost = np.bincount(labels[before & ~now], minlength=num_classes).tolist()
    p_values = holm([mcnemar(*counts, one_sided=True) for counts in zip(lost, gained, strict=True)])
    return Changes(
        comparison=_comparison(
            int(now.sum()), int(before.sum()), sum(gained), sum(lost), len(labels), level
        ),
        flips=flip_share(sum(lost), len(labels), level),
        classes=tuple(
            ClassChange(
                name=name,
                num_images=images[label],
                num_gained=gained[label],
                num_lost=lost[label],
                p_worse=p_values[label],
                flips=flip_share(lost[label], images[label], level / num_classes),
            )
            for label, name in enumerate(class_names)
        ),
    )


def accuracy(num_right: int, num_images: int) -> Estimate:
    """Return an accuracy with its interval; `ValueError` without images."""
    estimate = wilson(num_right, num_images, CONFIDENCE)
    if estimate is None:
        raise ValueError("there is no gate image, expected at least one")
    return estimate


def flip_share(num_lost: int, num_images: int, level: float) -> Estimate:
    """Return negative flips as a share of images, with exact one-sided bounds."""
    return Estimate(
        num_lost / num_images if num_images else 0.0,
        share_at_least(num_lost, num_images, level),
        share_at_most(num_lost, num_images, level),
    )


def _comparison(
    num_now: int, num_before: int, gained: int, lost: int, num_images: int, level: float
) -> Comparison:
    return Comparison(
        candidate=accuracy(num_now, num_images),
        released=accuracy(num_before, num_images),
        num_gained=gained,
        num_lost=lost,
        difference=paired_counts(gained, lost, num_images),
        p_better=mcnemar(gained, lost, one_sided=True),
        p_worse=mcnemar(lost, gained, one_sided=True),
        smallest_gain=smallest_shown(gained + lost, num_images, level),
    )
