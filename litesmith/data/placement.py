"""The split of each image, which follows from its pixels."""

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from litesmith.errors import DataError
from litesmith.params.sections.dataset import Shares

SPLITS = ("train", "validation", "gate", "test")
LEFT_OUT = -1
_TRAIN, _VALIDATION, _GATE, _TEST = range(4)
_BITS = 64


def place(
    digests: Sequence[str], groups: Sequence[str], given: Sequence[str], shares: Shares, seed: int
) -> NDArray[np.int8]:
    """Place images into splits by their content.

    An image's place is drawn by a keyed hash of its digest, or of its group if it has one. It depends on
    no other image, so more images move none, and exact copies share a split. What a source gives as test
    images are test images. Their copies among other images, and other images of their groups, are left
    out. So is a copy of an earlier image whose group has another place.

    Sizes of splits are binomial: a share of 1/12 of 60,000 images is 5,000 with a standard deviation of
    68 (`expected_size`).

    Args:
        digests: Of the decoded pixels, one for each image.
        groups: What belongs together; empty for none.
        given: ``train``, ``test`` or empty; what is given as ``train`` is never drawn for the test.
        shares: Of the images; ``test`` is 0 where a given test set stays the only one.
        seed: Key of the hash; another one gives another division.

    Returns:
        Index into `SPLITS`, or `LEFT_OUT`, int8 (n,).
    """
    draw = _Draw(shares, seed)
    test = {digest for digest, part in zip(digests, given, strict=True) if part == "test"}
    test_groups = {group for group, part in zip(groups, given, strict=True) if group and part == "test"}
    places = np.full(len(digests), LEFT_OUT, np.int8)
    of_units: dict[str, int] = {}
    of_digests: dict[str, int] = {}
    for row, (digest, group, part) in enumerate(zip(digests, groups, given, strict=True)):
        if part == "test":
            places[row] = _TEST
        elif digest not in test and group not in test_groups:
            unit = f"group {group}" if group else f"image {digest}"
            if unit not in of_units:
                of_units[unit] = draw(unit, part == "train")
            if of_digests.setdefault(digest, of_units[unit]) == of_units[unit] or not group:
                places[row] = of_digests[digest]
    return places


def expected_size(num_images: int, share: float) -> tuple[int, int]:
    """Return the bounds of a split's size in 95 of 100 seeds.

    It is binomial; here by its normal approximation.
    """
    spread = 1.96 * (num_images * share * (1 - share)) ** 0.5
    return max(round(num_images * share - spread), 0), round(num_images * share + spread)


def require_enough(
    counts: Mapping[str, NDArray[np.int64]], class_names: Sequence[str], least: int, dataset: str
) -> None:
    """Check that each split has enough images of each class.

    Args:
        counts: For each split its images by class, int64 (classes,).
        class_names: In the order of the labels.
        least: Images of each class in each split.
        dataset: The file that says so, for the text.

    Raises:
        DataError: A class has fewer in a split; the text has all counts that are too small.
    """
    lines = [
        f"  {name}: "
        + ", ".join(f"{per_class[row]} in {split}" for split, per_class in few.items())
        + f"; {sum(int(per_class[row]) for per_class in counts.values())} in all"
        for row, name in enumerate(class_names)
        if (few := {split: numbers for split, numbers in counts.items() if numbers[row] < least})
    ]
    if lines:
        raise DataError(
            f"{len(lines)} of {len(class_names)} classes have fewer than {least} images in a split "
            f"(min_per_class of {dataset}):\n"
            + "\n".join(lines)
            + "\nAdd images of these classes (`python -m tasks add`), leave the classes out, or change "
            f"shares or min_per_class in {dataset}. Each image's split is drawn by itself: the sizes of "
            "splits are binomial, and small ones vary most."
        )


class _Draw:
    """Keyed draws of places, the same for the same text."""

    def __init__(self, shares: Shares, seed: int) -> None:
        self._key = seed.to_bytes(8, "big")
        ends = np.cumsum([shares.test, shares.validation, shares.gate])
        self._ends = [int(end * 2**_BITS) for end in ends]

    def __call__(self, text: str, is_given_train: bool) -> int:
        digest = hashlib.blake2b(text.encode(), digest_size=_BITS // 8, key=self._key).digest()
        number = int.from_bytes(digest, "big")
        for end, split in zip(self._ends, (_TEST, _VALIDATION, _GATE), strict=True):
            if number < end:
                return _TRAIN if split == _TEST and is_given_train else split
        return _TRAIN
