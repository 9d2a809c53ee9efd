"""Statistics of raw images, labels and whole files."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from litesmith.data.formats.idx import read_images, read_labels
from litesmith.errors import DataError
from litesmith.records.validate import RawFiles, RuleResult

_CHUNK_IMAGES = 5000


@dataclass(frozen=True)
class LabelledImages:
    """Images, uint8 (n, height, width), and labels, uint8 (n,), of raw files."""

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]


@dataclass(frozen=True)
class Offender:
    """A row of a table that breaks a rule.

    ``file`` is such as ``train`` or ``test labels``; ``index`` is the image's row in it, or None where
    the rule is about the whole file.
    """

    file: str
    index: int | None
    value: str

    def __str__(self) -> str:
        """Return file, index and value as text."""
        where = self.file if self.index is None else f"{self.file} {self.index}"
        return f"{where} ({self.value})"


class Finding(RuleResult):
    """The result of a rule, with all rows that break it."""

    rows: Annotated[tuple[Offender, ...], Field(exclude=True)]

    @property
    def blocks(self) -> bool:
        """Whether it stops the pipeline."""
        return self.severity == "critical" and not self.success

    def __str__(self) -> str:
        """Return the finding as a line of a log."""
        mark = "passed" if self.success else f"failed ({self.severity})"
        return f"{self.name} {mark}: expected {self.expected}; observed {self.observed}"


RawSet = Mapping[str, LabelledImages]
"""The pairs of files by name, in order: ``train`` and ``test``."""


def read_raw(paths: Mapping[str, tuple[Path, Path]]) -> RawSet:
    """Read the images file and the labels file of each name.

    Raises:
        DataError: Some cannot be read; has a line for each.
    """
    errors: list[str] = []
    raw = {
        name: LabelledImages(_try(read_images, images, errors), _try(read_labels, labels, errors))
        for name, (images, labels) in paths.items()
    }
    if errors:
        raise DataError("\n".join(errors))
    return raw


def files_table(raw: RawSet, height: int, width: int) -> pd.DataFrame:
    """Describe what the four files hold and should hold.

    Expected are images of ``height`` x ``width`` pixels, with a label for each.

    Returns:
        One row per file: ``file``, ``dtype``, ``shape``, ``expected_shape``.
    """
    rows = []
    for name, pair in raw.items():
        num = len(pair.images)
        parts = {"images": (pair.images, (num, height, width)), "labels": (pair.labels, (num,))}
        for part, (array, expected) in parts.items():
            shapes = {"shape": _sizes(array.shape), "expected_shape": _sizes(expected)}
            rows.append({"file": f"{name} {part}", "dtype": array.dtype.name, **shapes})
    return pd.DataFrame(rows)


def images_table(raw: RawSet) -> pd.DataFrame:
    """Measure every image.

    Returns:
        One row per image: ``file`` (train or test), ``index`` (row in that file), ``label``,
        ``mean`` (0 to 1), ``ink_share`` (share of non-zero pixels), ``contrast`` (brightest minus
        darkest value, 0 to 255), ``copy_of`` (the first image of the same file that is the same, or ""),
        ``overlap_with`` (for images after the first file, the first image of that file that is the same,
        or "").
    """
    table = pd.concat([_file_rows(name, pair) for name, pair in raw.items()], ignore_index=True)
    names = table.file + " " + table["index"].astype(str)
    contents = (image.tobytes() for pair in raw.values() for image in pair.images)
    pixels = pd.Series([hashlib.blake2b(content, digest_size=16).digest() for content in contents])
    table["copy_of"] = (
        names.groupby([table.file, pixels]).transform("first").mask(lambda first: first == names, "")
    )
    is_first_file = table.file == next(iter(raw))
    originals = names[is_first_file].groupby(pixels).first()
    table["overlap_with"] = pixels.map(originals).fillna("").mask(is_first_file, "")
    return table


def classes_table(raw: RawSet, num_classes: int) -> pd.DataFrame:
    """Count the labels below ``num_classes`` of each file.

    Returns:
        One row per file and class: ``file``, ``label``, ``num_images``, ``share`` (0 to 1).
    """
    tables = []
    for name, pair in raw.items():
        counts = np.bincount(pair.labels, minlength=num_classes)[:num_classes]
        shares = counts / max(len(pair.labels), 1)
        columns = {"label": range(num_classes), "num_images": counts, "share": shares}
        tables.append(pd.DataFrame({"file": name, **columns}))
    return pd.concat(tables, ignore_index=True)


def sets_table(raw: RawSet) -> pd.DataFrame:
    """Measure the brightness of all pixels of each file.

    Returns:
        One row per pair of files: ``file``, ``num_images``, ``mean``, ``std``, ``mean_shift`` (from the
        first file's mean); brightness from 0 to 1.
    """
    rows = [
        {"file": name, "num_images": len(pair.images), **_brightness(pair.images)}
        for name, pair in raw.items()
    ]
    table = pd.DataFrame(rows)
    table["mean_shift"] = (table["mean"] - table["mean"].iloc[0]).abs()
    return table


def describe_files(
    images: pd.DataFrame, classes: pd.DataFrame, sets: pd.DataFrame, min_ink_share: float
) -> dict[str, RawFiles]:
    """Summarize the three tables for each pair of files.

    Images with a share of non-zero pixels below ``min_ink_share`` count as near-empty.
    """
    near_empty = (images.ink_share < min_ink_share).groupby(images.file).sum()
    duplicates = (images.copy_of != "").groupby(images.file).sum()
    per_class = classes.groupby("file").num_images.agg(tuple)
    return {
        name: RawFiles(
            num_images=int(num),
            mean=float(mean),
            std=float(std),
            per_class=per_class[name],
            near_empty=int(near_empty[name]),
            duplicates=int(duplicates[name]),
        )
        for name, num, mean, std, _ in sets.itertuples(index=False, name=None)
    }


def _try(read: Callable[[Path], NDArray[np.uint8]], path: Path, errors: list[str]) -> NDArray[np.uint8]:
    """Read a file, or note why that fails."""
    try:
        return read(path)
    except DataError as error:
        errors.append(str(error))
        return np.zeros(0, np.uint8)


def _sizes(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _file_rows(name: str, pair: LabelledImages) -> pd.DataFrame:
    flat = pair.images.reshape(len(pair.images), -1)
    return pd.DataFrame(
        {
            "file": name,
            "index": np.arange(len(flat)),
            "label": pair.labels.astype(np.int64),
            "mean": flat.mean(axis=1) / 255,
            "ink_share": np.count_nonzero(flat, axis=1) / flat.shape[1],
            "contrast": np.ptp(flat, axis=1).astype(np.int64),
        }
    )


def _brightness(images: NDArray[np.uint8]) -> dict[str, float]:
    """Return mean and deviation of all pixels, exact, from their histogram."""
    counts = np.zeros(256, np.int64)
    for start in range(0, len(images), _CHUNK_IMAGES):
        counts += np.bincount(images[start : start + _CHUNK_IMAGES].ravel(), minlength=256)
    values, num = np.arange(256), max(int(counts.sum()), 1)
    mean = int((counts * values).sum()) / num
    mean_square = int((counts * values**2).sum()) / num
    return {"mean": mean / 255, "std": float(np.sqrt(max(mean_square - mean**2, 0))) / 255}
