"""The tables of images that the steps ``intake`` and ``validate`` leave."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from litesmith.errors import DataError
from litesmith.files import replacing

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

NO_CLASS = -1


@dataclass(frozen=True)
class Row:
    """What is known of an image besides its pixels.

    Attributes:
        batch: Name of its batch; ``base`` for what was there before any.
        file: Path within the batch, or part and row such as ``train[12]``.
        label: Index of its class; `NO_CLASS` if its label is none.
        group: Of images that belong together; empty for none.
        given: Part that its source puts it into, ``train`` or ``test``; empty for none.
        digest: Of the decoded pixels before they were fitted.
    """

    batch: str
    file: str
    label: int
    group: str
    given: str
    digest: str


def read_rows(path: Path) -> list[Row]:
    """Return the rows that the step ``intake`` wrote, in the order of the images.

    Raises:
        DataError: The file is another.
    """
    return [
        Row(batch, file, int(label), group, given, digest)
        for batch, file, label, group, given, digest in _lines(path, _columns(Row), "intake")
    ]


def read_verdicts(path: Path, num_rows: int) -> NDArray[np.bool_]:
    """Return which rows the step ``validate`` accepted, bool (num_rows,).

    Raises:
        DataError: The file is another, or has another number of rows.
    """
    accepted = [word == "1" for word, _ in _lines(path, ["accepted", "reason"], "validate")]
    if len(accepted) != num_rows:
        raise DataError(f"{path} has {len(accepted)} rows, expected {num_rows}. Run validate again.")
    return np.array(accepted, np.bool_)


def write_table(path: Path, kind: "type[DataclassInstance]", lines: Iterable[object]) -> None:
    """Write dataclasses of one type as CSV, in one step.

    Raises:
        MachineError: The file cannot be written.
    """
    names = _columns(kind)
    with replacing(path) as new, new.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([getattr(line, name) for name in names] for line in lines)


def _lines(path: Path, columns: list[str], step: str) -> list[list[str]]:
    """Return the lines of a table below its header."""
    with path.open(encoding="utf-8", newline="") as stream:
        header, *lines = [*csv.reader(stream)] or [[]]
    if header != columns or any(len(line) != len(columns) for line in lines):
        raise DataError(f"{path} has not the columns {', '.join(columns)} alone. Run {step} again.")
    return lines


def _columns(kind: "type[DataclassInstance]") -> list[str]:
    return [field.name for field in fields(kind)]
