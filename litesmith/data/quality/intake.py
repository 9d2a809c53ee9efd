"""Images and labels, batch by batch, as the step ``intake`` leaves them."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from litesmith.data.placement import SPLITS, place
from litesmith.data.rows import read_rows
from litesmith.errors import DataError
from litesmith.params.sections.dataset import Shares
from litesmith.records.form import DataForm
from litesmith.records.record import read_record

_UNREADABLE = ("batch", "file", "reason")
_BATCHES = ("batch", "digest", "kind", "num_images", "num_unreadable")
_FOREIGN = ("row", "label")
_NUMBERS = ("num_images", "num_unreadable", "row")


@dataclass(frozen=True)
class Intake:
    """Images of all batches, in the order in which they are judged.

    Attributes:
        form: Size, channels, ground and classes.
        images: uint8 (n, height, width, channels).
        rows: A row for each image: ``batch``, ``file``, ``label`` (its index, or -1 where the label is
            no class), ``group``, ``given`` (``train``, ``test`` or nothing), ``digest`` of the pixels.
        unreadable: A row for each file without an image: ``batch``, ``file``, ``reason``.
        batches: A row for each batch in order: ``batch``, ``digest``, ``kind``, ``num_images``,
            ``num_unreadable``.
        by_hand: Digests of batches and of images that a person accepts.
        foreign: Labels that are no class as they were given, by row.
    """

    form: DataForm
    images: NDArray[np.uint8]
    rows: pd.DataFrame
    unreadable: pd.DataFrame
    batches: pd.DataFrame
    by_hand: frozenset[str] = frozenset()
    foreign: Mapping[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.rows)

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        """Indices of the classes, int64 (n,), or -1."""
        return np.array(self.rows.label.tolist(), np.int64)

    @cached_property
    def digests(self) -> NDArray[np.object_]:
        """Digests of the pixels, each a text, (n,)."""
        return np.array(self.rows.digest.tolist(), object)

    def spans(self) -> Mapping[str, slice]:
        """Return the rows of each batch, by its name, in order."""
        ends = np.cumsum(self.batches.num_images.to_numpy(np.int64)).tolist()
        names = self.batches.batch.tolist()
        return dict(zip(names, map(slice, [0, *ends], ends), strict=False))

    @property
    def first(self) -> str:
        """The first batch that has images; those before it are not judged."""
        return next(name for name, span in self.spans().items() if span.stop > span.start)

    def where(self, row: int) -> str:
        """Return batch and file of a row, for people."""
        return f"{self.rows.batch.iat[row]}/{self.rows.file.iat[row]}"

    def label_name(self, row: int) -> str:
        """Return the name of a row's class, or its foreign label."""
        label = int(self.labels[row])
        if label >= 0:
            return self.form.class_names[label]
        return f"{self.foreign[row]!r}, which is no class" if row in self.foreign else "no class"


def read_intake(folder: Path) -> Intake:
    """Read what the step ``intake`` wrote; images stay mapped to their file.

    It holds ``images.npy``, ``rows.csv``, ``foreign.csv``, ``unreadable.csv``, ``batches.csv`` and
    ``form.json``.

    Raises:
        DataError: A file is missing or broken, or two of them do not fit together.
    """
    try:
        images = np.load(folder / "images.npy", mmap_mode="r", allow_pickle=False)
        rows = _rows(folder / "rows.csv")
        unreadable = _table(folder / "unreadable.csv", _UNREADABLE)
        batches = _table(folder / "batches.csv", _BATCHES)
        foreign = _table(folder / "foreign.csv", _FOREIGN)
        form = read_record(folder / "form.json", DataForm)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(
            f"{folder} is not what the step intake writes: {error}. Run intake again."
        ) from error
    given = dict(zip(foreign.row.tolist(), foreign.label.tolist(), strict=True))
    intake = Intake(form, images, rows, unreadable, batches, foreign=given)
    _require_fit(folder, intake)
    return intake


def place_rows(intake: Intake, shares: Shares, seed: int) -> NDArray[np.str_]:
    """Return the split of each image, (n,), as `prepare` places it; empty for none.

    Args:
        intake: The images; the first batch may have a given test set.
        shares: Of the images that are held back.
        seed: Of the places.
    """
    rows = intake.rows
    if bool(((rows.batch == intake.first) & (rows.given == "test")).any()):
        shares = shares.replace(test=0.0)
    columns = rows.digest.tolist(), rows.group.tolist(), rows.given.tolist()
    names = np.array([*SPLITS, ""])
    return names[place(*columns, shares, seed)]


def _rows(path: Path) -> pd.DataFrame:
    rows = read_rows(path)
    return pd.DataFrame(
        {
            "batch": [row.batch for row in rows],
            "file": [row.file for row in rows],
            "label": np.array([row.label for row in rows], np.int64),
            "group": [row.group for row in rows],
            "given": [row.given for row in rows],
            "digest": [row.digest for row in rows],
        }
    )


def _table(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    """Read a CSV file whose cells are text, but for counts."""
    text = io.StringIO(path.read_text(encoding="utf-8"), newline="")
    table = pd.read_csv(text, dtype=str, keep_default_na=False, na_filter=False)
    if tuple(table.columns) != columns:
        raise ValueError(f"{path.name} has the columns {', '.join(table.columns)}, expected {columns}")
    return table.astype({name: np.int64 for name in _NUMBERS if name in columns})


def _require_fit(folder: Path, intake: Intake) -> None:
    form, images, rows = intake.form, intake.images, intake.rows
    shape = (len(rows), form.height, form.width, form.channels)
    names = np.repeat(intake.batches.batch.tolist(), intake.batches.num_images.tolist())
    if images.dtype != np.uint8 or images.shape != shape:
        wrong = f"images.npy is {images.dtype} {images.shape}, expected uint8 {shape}"
    elif names.tolist() != rows.batch.tolist():
        wrong = "rows.csv has other batches, or another order of them, than batches.csv"
    elif len(rows) and not -1 <= rows.label.min() <= rows.label.max() < form.num_classes:
        wrong = f"rows.csv has labels from {rows.label.min()} to {rows.label.max()}, expected -1 to "
        wrong += str(form.num_classes - 1)
    else:
        return
    raise DataError(f"{folder}: {wrong}. Run intake again.")
