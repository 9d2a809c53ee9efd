"""The regression set: pictures that once went wrong in the field.

For each data set there is a folder with the pictures and a table ``metadata.csv``, a format of
`litesmith.data.formats`, with the columns ``file_name`` and ``label``. A picture in no row of it counts
as not there: so an addition that was killed leaves nothing that is judged.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from litesmith.data.formats.labelled import class_name
from litesmith.data.formats.layout import TABLE_NAME
from litesmith.data.formats.picture import decode_picture
from litesmith.data.formats.pixels import require_extent
from litesmith.data.formats.registry import read_source
from litesmith.errors import DataError, ParamsError, did_you_mean
from litesmith.files import write_bytes, write_text
from litesmith.params.sections.dataset import ImageForm

_HEADER = ("file_name", "label")


@dataclass(frozen=True)
class RegressionSet:
    """The pictures in a data set's form.

    Attributes:
        files: Their names.
        images: uint8 (n, height, width, channels).
        labels: True classes, uint8 (n,).
    """

    files: tuple[str, ...]
    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]


def read_regressions(folder: Path, form: ImageForm, class_names: Sequence[str]) -> RegressionSet:
    """Return the pictures in a folder; none if there is no table in it.

    Raises:
        DataError: A picture cannot be read, or its label is none of the classes: which and why, for all.
    """
    if not (folder / TABLE_NAME).is_file() or not _rows(folder / TABLE_NAME):
        empty = np.empty((0, form.height, form.width, form.channels), np.uint8)
        return RegressionSet((), empty, np.empty(0, np.uint8))
    labelled = read_source(folder, form)
    wrong = [f"{item.file} {item.reason}" for item in labelled.unreadable]
    wrong += [
        f"{file} has the label {label!r}, which is none of the classes. Correct its row."
        for file, label in zip(labelled.files, labelled.labels, strict=True)
        if label not in class_names
    ]
    if wrong:
        raise DataError("\n".join([f"the regression set {folder} cannot be used:", *wrong]))
    labels = [class_names.index(label) for label in labelled.labels]
    return RegressionSet(labelled.files, labelled.images, np.array(labels, np.uint8))


def add_regression(
    folder: Path, picture: Path, label: str, form: ImageForm, class_names: Sequence[str]
) -> str:
    """Add a picture to a set, and return a text on it.

    The picture is called by its pixels, so that it is there once; adding it again changes its label. The
    caller sees to it that no other process adds one meanwhile.

    Args:
        folder: Of the data set's pictures; made if missing.
        picture: A file that `litesmith.data.formats.picture` reads.
        label: The name of its class.
        form: That the data set brings it to.
        class_names: The classes; empty if they are not known yet.

    Raises:
        DataError: The picture cannot be read.
        ParamsError: There is no such class.
        MachineError: A file cannot be written.
    """
    label = class_name(label)
    if not label or (class_names and label not in class_names):
        raise ParamsError(
            f"{label!r} is not a class.{did_you_mean(label, class_names)} The classes are: "
            f"{', '.join(class_names) or 'not known yet, and a name was expected'}."
        )
    pixels = decode_picture(picture, str(picture)).pixels
    require_extent(pixels.size, (form.height, form.width), str(picture))
    digest = pixels.digest()
    rows = _rows(folder / TABLE_NAME)
    same = next((name for name in rows if name.partition(".")[0] == digest), None)
    name = same or f"{digest}{picture.suffix.lower()}"
    before = rows.get(name)
    # The table comes last: a picture that it does not name counts as not there.
    write_bytes(folder / name, picture.read_bytes())
    write_text(folder / TABLE_NAME, _table({**rows, name: label}))
    told = (
        "added" if before is None else f"was {before}, changed to" if before != label else "was there as"
    )
    return f"{folder / name}: {told} {label}; {len({**rows, name: label})} pictures must stay right"


def _rows(table: Path) -> dict[str, str]:
    """Return the labels in a table by the names of their files.

    Raises:
        DataError: It has other columns, or cannot be read.
    """
    if not table.is_file():
        return {}
    try:
        header, *rows = [
            row for row in csv.reader(io.StringIO(table.read_text(encoding="utf-8"))) if row
        ]
        if tuple(header) != _HEADER:
            raise ValueError(f"its columns are {', '.join(header)}")
        return {file: label for file, label, *_ in rows}
    except (ValueError, OSError, csv.Error) as error:
        raise DataError(
            f"{table} cannot be read: {error}. Expected the columns {' and '.join(_HEADER)} alone: "
            "correct or restore it."
        ) from error


def _table(rows: dict[str, str]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_HEADER)
    writer.writerows(sorted(rows.items()))
    return text.getvalue()
