"""The data sets: what each is, and how it is written."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.datasets import writing
from benchmarks.datasets.images import (
    LabelledImages,
    mnist_digits,
    real_digits,
    synthetic_images,
)
from litesmith.data.synthetic.glyphs import class_names
from litesmith.params.sections.dataset import Ground
from litesmith.params.synthetic import SyntheticBase

_GARMENTS = (
    "T-shirt",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Boot",
)
_UNREADABLE_SHARE, _MISSING_SHARE, _GROUP_SIZE = 0.01, 0.002, 3


@dataclass(frozen=True)
class DataSet:
    """A data set of the benchmark.

    Attributes:
        name: Of its YAML file.
        what: For people.
        form: What its YAML file must say: height, width, channels and ground.
        write: Writes it into a folder, with so many images or all of them for None, and returns what to
            name to ``tasks dataset``.
    """

    name: str
    what: str
    form: tuple[int, int, int, Ground]
    write: Callable[[Path, int | None], Path]


def data_set(name: str) -> DataSet:
    """Return the data set of a name.

    Raises:
        KeyError: There is none.
    """
    return {chosen.name: chosen for chosen in DATA_SETS}[name]


def _digits(folder: Path, num_images: int | None) -> Path:
    writing.write_npz(folder / "digits.npz", _first(real_digits(), num_images))
    return folder / "digits.npz"


def _mnist(folder: Path, num_images: int | None) -> Path:
    digits = _first(mnist_digits(), num_images)
    writing.write_idx(folder, digits.with_test(len(digits.labels) // 5), packed=True)
    return folder


def _colour(folder: Path, num_images: int | None) -> Path:
    writing.write_folders(
        folder, _shapes(7, (32, 32, 3), "dark", num_images or 4200, 0.2, seed=11, difficulty=0.8)
    )
    return folder


def _mirror(folder: Path, num_images: int | None) -> Path:
    data = _shapes(
        3,
        (24, 40, 1),
        "light",
        num_images or 3000,
        0.0,
        seed=12,
        arrows=True,
        imbalance=4.0,
        difficulty=1.0,
    )
    writing.write_folders(folder, data)
    return folder


def _two(folder: Path, num_images: int | None) -> Path:
    data = _shapes(2, (28, 28, 1), "dark", num_images or 2000, 0.2, seed=13, difficulty=1.0)
    writing.write_folders(folder, data)
    return folder


def _whole(folder: Path, num_images: int | None) -> Path:
    base = _base(num_images or 4000, 0, seed=14, subject="garments")
    writing.write_folders(folder, synthetic_images(base, _GARMENTS, (28, 28, 1), "dark"), (".jpg",))
    return folder


def _table(folder: Path, num_images: int | None) -> Path:
    data = _shapes(5, (40, 40, 3), "any", num_images or 3000, 0.0, seed=15, difficulty=0.7)
    num = len(data.labels)
    rows = [int(row) for row in np.random.default_rng(15).permutation(num)]
    num_unreadable, num_missing = max(4, int(num * _UNREADABLE_SHARE)), max(1, int(num * _MISSING_SHARE))
    writing.write_table(
        folder,
        data,
        groups=data.groups(_GROUP_SIZE),
        unreadable=rows[:num_unreadable],
        missing=rows[num_unreadable : num_unreadable + num_missing],
    )
    return folder


def _npz(folder: Path, num_images: int | None) -> Path:
    data = _shapes(6, (20, 28, 1), "any", num_images or 4000, 0.2, seed=16)
    writing.write_npz(folder / "arrays.npz", data, named=True)
    return folder / "arrays.npz"


DATA_SETS = (
    DataSet("digits", "real digits of 8 x 8, .npz", (8, 8, 1, "dark"), _digits),
    DataSet("mnist-5000", "5,000 of MNIST's digits, IDX", (28, 28, 1, "dark"), _mnist),
    DataSet("colour", "7 classes in colour, folders of PNG", (32, 32, 3, "dark"), _colour),
    DataSet("mirror", "3 unequal classes on light, two of them mirrored", (24, 40, 1, "light"), _mirror),
    DataSet("two", "2 classes, folders of PNG", (28, 28, 1, "dark"), _two),
    DataSet("no-test", "no test split, folders of JPEG", (28, 28, 1, "dark"), _whole),
    DataSet("table", "a table, some pictures unreadable", (40, 40, 3, "any"), _table),
    DataSet("npz", "textured ground, .npz with names", (20, 28, 1, "any"), _npz),
)


def _base(num_train: int, num_test: int, **changes: object) -> SyntheticBase:
    """Return the parameters of even shapes of medium difficulty, with changes."""
    content = {
        "kind": "synthetic",
        "subject": "shapes",
        "num_train": num_train,
        "num_test": num_test,
        "imbalance": 1.0,
        "class_shares": None,
        "difficulty": 0.5,
        "mirrored_pair": False,
        "label_noise": 0.0,
    }
    return SyntheticBase.model_validate({**content, **changes})


def _shapes(
    num_classes: int,
    shape: tuple[int, int, int],
    ground: Ground,
    num_images: int,
    test_share: float,
    *,
    seed: int,
    arrows: bool = False,
    **changes: object,
) -> LabelledImages:
    """Draw shapes, a share of them given as test set."""
    num_test = int(num_images * test_share)
    base = _base(num_images - num_test, num_test, seed=seed, mirrored_pair=arrows, **changes)
    names = class_names(num_classes, coloured=shape[2] == 3, mirrored_pair=arrows)
    return synthetic_images(base, names, shape, ground)


def _first(data: LabelledImages, num_images: int | None) -> LabelledImages:
    chosen = slice(num_images)
    return LabelledImages(data.images[chosen], data.labels[chosen], data.class_names, data.given[chosen])
