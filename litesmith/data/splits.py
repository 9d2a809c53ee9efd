"""Splits of labelled images, stored as memory-mapped arrays."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from litesmith.errors import DataError, ParamsError
from litesmith.files import replacing
from litesmith.records.prepare import PrepareResult, SplitSummary

_PARTS = ("images", "labels", "ids")


@dataclass(frozen=True)
class Split:
    """Labelled images: uint8 (n, height, width, channels) and uint8 (n,).

    Grey images have one channel, colour ones three: red, green, blue. ``ids``, int64 (n,), are their
    rows in the official file.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    ids: NDArray[np.int64]


def sample_rows(labels: NDArray[np.uint8], num_rows: int, seed: int) -> NDArray[np.int64]:
    """Choose rows at random, int64 (num_rows,), ascending, stratified by class.

    Where fewer rows are chosen, or left, than there are classes, some classes have none.

    Args:
        labels: uint8 (n,).
        num_rows: At least 1.
        seed: Decides which.

    Raises:
        ParamsError: There are too few rows.
    """
    rows = np.arange(len(labels), dtype=np.int64)
    if num_rows > len(rows):
        raise ParamsError(f"cannot choose {num_rows} of {len(rows)} rows. Ask for fewer rows.")
    if num_rows == len(rows):
        return rows
    try:
        # It takes a second to import, and whoever only reads a split needs none of it.
        from sklearn.model_selection import train_test_split

        chosen, _ = train_test_split(rows, train_size=num_rows, stratify=labels, random_state=seed)
    except ValueError:  # it asks for a row of each class on both sides, and for two of each in all
        chosen = _evenly(labels, num_rows, seed)
    return np.sort(chosen)


def _evenly(labels: NDArray[np.uint8], num_rows: int, seed: int) -> NDArray[np.int64]:
    """Return rows that take each class as evenly as their number allows."""
    order = np.random.default_rng(seed).permutation(len(labels))
    counts = np.bincount(labels)
    places = np.empty(len(labels))
    for label in np.flatnonzero(counts):
        members = order[labels[order] == label]
        places[members] = (np.arange(len(members)) + 0.5) / len(members)
    chosen: NDArray[np.int64] = order[np.argsort(places[order], kind="stable")][:num_rows]
    return chosen


def write_split(folder: Path, split: Split) -> None:
    """Write ``images.npy``, ``labels.npy`` and ``ids.npy`` into a folder."""
    for part in _PARTS:
        with replacing(folder / f"{part}.npy") as path:
            np.save(path, getattr(split, part), allow_pickle=False)


def read_split(folder: Path) -> Split:
    """Return a split's memory-mapped, read-only arrays.

    Raises:
        DataError: A file is missing or not an array, or the images have no axis for their channels.
    """
    try:
        images, labels, ids = (np.load(folder / f"{part}.npy", mmap_mode="r") for part in _PARTS)
    except (OSError, ValueError, EOFError) as error:
        files = ", ".join(f"{part}.npy" for part in _PARTS)
        raise DataError(
            f"{folder} is not a split, which holds {files}: {error}. Prepare the data again."
        ) from error
    if images.ndim != 4 or images.shape[3] not in (1, 3):
        raise DataError(
            f"{folder} holds images of shape {images.shape}, expected (n, height, width, channels) of 1 "
            "or 3 channels. Prepare the data again."
        )
    return Split(images, labels, ids)


def sha256(split: Split) -> str:
    """Return the SHA-256 of a split's shapes and bytes."""
    digest = hashlib.sha256()
    for part in _PARTS:
        array = np.ascontiguousarray(getattr(split, part))
        digest.update(f"{part} {array.dtype.str} {array.shape}".encode())
        digest.update(array.data)
    return digest.hexdigest()


def describe_splits(splits: Mapping[str, Split], num_classes: int) -> PrepareResult:
    """Return what splits hold."""
    return PrepareResult(
        splits={
            name: SplitSummary(
                num_images=len(split.labels),
                per_class=tuple(np.bincount(split.labels, minlength=num_classes).tolist()),
                sha256=sha256(split),
            )
            for name, split in splits.items()
        }
    )
