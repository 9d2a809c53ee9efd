"""Labelled images as files, in the forms in which people keep them."""

import csv
import gzip
import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.datasets.images import LabelledImages
from litesmith.files import write_bytes

TABLE = "metadata.csv"

# What is left of a picture's file in each kind of damage.
_DAMAGE = (
    lambda content: content[: len(content) // 2],
    lambda _: b"",
    lambda _: b"<html><body>404 Not Found</body></html>",
    lambda content: bytes(len(content)),
)  # fmt: skip


def write_picture(path: Path, image: NDArray[np.uint8]) -> None:
    """Write an image, uint8 (height, width, channels), in the format of the path's suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(image if image.shape[2] == 3 else image[..., 0])
    if path.suffix in (".jpg", ".jpeg"):
        # The best there is, since colours of a few pixels are lost otherwise.
        picture.save(path, quality=95, subsampling=0)
    else:
        picture.save(path)


def write_folders(folder: Path, data: LabelledImages, suffixes: Sequence[str] = (".png",)) -> list[Path]:
    """Write a folder for each class, below ``train`` and ``test`` where images are given as such.

    Args:
        folder: Is made if it is not there.
        data: What to write.
        suffixes: Formats, each for the next picture.

    Returns:
        The file of each image.
    """
    paths = [
        folder / given / name / f"{row:05}{suffixes[row % len(suffixes)]}"
        for row, (given, name) in enumerate(zip(data.given, data.names, strict=True))
    ]
    for path, image in zip(paths, data.images, strict=True):
        write_picture(path, image)
    return paths


def write_table(
    folder: Path,
    data: LabelledImages,
    *,
    groups: Sequence[str] | None = None,
    unreadable: Sequence[int] = (),
    missing: Sequence[int] = (),
) -> list[Path]:
    """Write pictures and a table that names the class of each.

    Args:
        folder: Is made if it is not there.
        data: What to write; nothing in it may be given as test set.
        groups: Of each image, for a column of its own.
        unreadable: Rows whose picture is damaged, in one of several ways.
        missing: Rows that have no picture.

    Returns:
        The file of each image, of missing ones too.
    """
    paths = [folder / "pictures" / f"{row:05}.png" for row in range(len(data.labels))]
    for path, image in zip(paths, data.images, strict=True):
        write_picture(path, image)
    for turn, row in enumerate(unreadable):
        damaged = _DAMAGE[turn % len(_DAMAGE)](paths[row].read_bytes())
        write_bytes(paths[row], damaged)
    for row in missing:
        paths[row].unlink()
    names = [path.relative_to(folder).as_posix() for path in paths]
    columns = {"file_name": names, "label": data.names, **({"group": groups} if groups else {})}
    with (folder / TABLE).open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(columns)
        table.writerows(zip(*columns.values(), strict=True))
    return paths


def write_npz(path: Path, data: LabelledImages, *, named: bool = False) -> None:
    """Write arrays: ``x_train`` and so on where images are given, else ``images`` and ``labels``.

    Args:
        path: Ends in ``.npz``.
        data: What to write; grey images lose their axis of channels, as most have it.
        named: Whether the labels are names of classes, else their numbers.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = [given for given in ("train", "test", "") if given in data.given]
    arrays: dict[str, NDArray[np.generic]] = {}
    for given in parts:
        part = data.part(given)
        images = part.images if part.images.shape[3] == 3 else part.images[..., 0]
        labels = np.array(part.names) if named else part.labels
        keys = (f"x_{given}", f"y_{given}") if given else ("images", "labels")
        arrays |= dict(zip(keys, (images, labels), strict=True))
    np.savez_compressed(path, allow_pickle=False, **arrays)


def write_idx(folder: Path, data: LabelledImages, *, packed: bool) -> None:
    """Write IDX files with the names of MNIST's; without test images the two of ``train`` alone.

    Args:
        folder: Is made if it is not there.
        data: What to write, in grey.
        packed: Whether with gzip.
    """
    for given, name in (("train", "train"), ("", "train"), ("test", "t10k")):
        part = data.part(given)
        if not len(part.labels):
            continue
        arrays = (("images", part.images[..., 0]), ("labels", part.labels))
        for role, array in arrays:
            content = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()
            path = folder / f"{name}-{role}-idx{array.ndim}-ubyte{'.gz' if packed else ''}"
            write_bytes(path, gzip.compress(content, mtime=0) if packed else content)


def zip_folder(folder: Path, path: Path) -> None:
    """Pack the files of a folder into a ``.zip``, by name and with fixed dates."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(inner for inner in folder.rglob("*") if inner.is_file()):
            name = file.relative_to(folder).as_posix()
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), file.read_bytes())
