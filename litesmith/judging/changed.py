"""Pictures of what a candidate gains and loses."""

import numpy as np
from numpy.typing import NDArray

from litesmith.data.splits import Split
from litesmith.data.thumbnails import png_base64
from litesmith.records.service.changed import ChangedImage, ChangedImages

Probabilities = NDArray[np.float32]


def changed_images(
    split: Split, released: Probabilities | None, candidate: Probabilities, most: int
) -> ChangedImages:
    """Return images that changed the most for the worse and for the better.

    Of those that one file alone got right come first the ones whose true class lost, or gained, the
    most probability; among equals, which integer files have many of, the first of the split.

    Args:
        split: The images, their true classes, and their rows in the tables of intake.
        released: Of the file in service, float32 (n, classes); None if it cannot be compared.
        candidate: Of the candidate, float32 (n, classes).
        most: Images of each kind.
    """
    if released is None:
        return ChangedImages(regressed=(), repaired=())
    rows = np.arange(len(split.labels))
    moved = candidate[rows, split.labels] - released[rows, split.labels]
    before, now = released.argmax(axis=1), candidate.argmax(axis=1)
    was, is_now = before == split.labels, now == split.labels

    def pictured(chosen: NDArray[np.bool_], sign: int) -> tuple[ChangedImage, ...]:
        places = np.flatnonzero(chosen)
        order = np.argsort(-sign * moved[places], kind="stable")[:most]
        return tuple(
            ChangedImage(
                row=int(split.ids[place]),
                label=int(split.labels[place]),
                released=int(before[place]),
                candidate=int(now[place]),
                released_confidence=_rounded(released[place].max()),
                candidate_confidence=_rounded(candidate[place].max()),
                moved=_rounded(moved[place]),
                image=png_base64(np.asarray(split.images[place])),
            )
            for place in places[order].tolist()
        )

    return ChangedImages(regressed=pictured(was & ~is_now, -1), repaired=pictured(is_now & ~was, 1))


def _rounded(probability: np.float32) -> float:
    """Round a probability; a softmax of floats may exceed 1 by a little."""
    return round(min(float(probability), 1.0), 4)
