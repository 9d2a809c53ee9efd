"""The images that the frontier learns from and is judged on: official rows, in a committed list.

They are those of a division at random by class, as the pipeline made it before it placed images by
their content. Students and teachers are compared across versions of the pipeline, so their images stay.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.cache import name_for
from litesmith.data.formats.idx import read_pair
from litesmith.data.sources import idx_pairs
from litesmith.data.splits import Split, sha256
from litesmith.errors import DataError
from litesmith.files import read_json
from litesmith.params.section import Items, Section
from tasks import catalog

ROWS = Path(__file__).parents[1] / "frontier_rows.json"


class Rows(Section):
    """Rows of the official training file.

    Attributes:
        digest: Of the images, labels and rows of both splits, by `digest_of`.
        validation: Rows that every choice is made on.
        last: Rows that come last among those that are learned from; they were the gate split.
    """

    digest: str
    validation: Items[int]
    last: Items[int]


@dataclass(frozen=True)
class FrontierData:
    """The images that are learned from, and those that choices are made on."""

    training: Split
    validation: Split


def read_rows() -> Rows:
    """Return the committed rows."""
    return Rows.model_validate(read_json(ROWS))


def read_data(raw: Path = catalog.RAW) -> FrontierData:
    """Return the images of the official files in a folder.

    Raises:
        DataError: A file cannot be read, or holds other images than the committed rows are of.
    """
    rows = read_rows()
    images, labels = read_pair(*idx_pairs(raw)["train"])
    data = divided(images, labels, rows)
    if digest_of(data) != rows.digest:
        raise DataError(
            f"{raw} does not hold the images that {ROWS.name} is of. Run `dvc repro fetch`, and name "
            "the official files of Fashion-MNIST as its source."
        )
    return data


def divided(images: NDArray[np.uint8], labels: NDArray[np.uint8], rows: Rows) -> FrontierData:
    """Divide images, uint8 (n, height, width), and labels, uint8 (n,)."""
    last, validation = np.asarray(rows.last), np.asarray(rows.validation)
    first = np.setdiff1d(np.arange(len(labels)), [*last, *validation])
    learned, chosen_on = np.concatenate([first, last]), validation
    return FrontierData(
        *(Split(images[ids][..., None], labels[ids], ids) for ids in (learned, chosen_on))
    )


def digest_of(data: FrontierData) -> str:
    """Return 16 hexadecimal digits that follow from images, labels and rows."""
    return name_for([sha256(data.training), sha256(data.validation)], num_digits=16)
