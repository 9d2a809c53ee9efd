"""Sources of raw files: folders and synthetic data."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from hashlib import file_digest, md5
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from litesmith.data.formats.idx import encode_idx
from litesmith.data.synthetic import draw_images
from litesmith.params.sections.dataset import DatasetParams
from litesmith.params.sections.fetch import RawFile


class NotServedError(Exception):
    """A source's failure to serve a file, with the reason.

    All methods of sources raise it: `save` writes a file (``role`` of `RawFiles`) to ``part``,
    unchecked; `probe` returns if a file is likely to be served.
    """


@dataclass(frozen=True)
class Folder:
    """A folder that holds the files."""

    path: Path

    def save(self, role: str, file: RawFile, part: Path) -> None:
        """Copy a file to ``part``."""
        self.probe(file)
        with _explaining(f"{file.name} cannot be read"):
            content = (self.path / file.name).read_bytes()
        part.write_bytes(content)

    def probe(self, file: RawFile) -> None:
        """Look for a file of the right size."""
        path = self.path / file.name
        with _explaining(f"{self.path} cannot be looked into"):
            if not self.path.is_dir():
                exists = self.path.exists()
                raise NotServedError(
                    f"{self.path} is not a folder"
                    if exists
                    else f"the folder {self.path} does not exist"
                )
            if not path.is_file():
                raise NotServedError(f"{file.name} is missing in {self.path}")
            check_size(file, path.stat().st_size)

    def check(self, file: RawFile) -> None:
        """Check a file's size and MD5 where it lies."""
        self.probe(file)
        with _explaining(f"{file.name} cannot be read"):
            check_file(file, self.path / file.name)


@dataclass(frozen=True)
class Synthetic:
    """Synthetic images, generated here."""

    dataset: DatasetParams
    seed: int

    def save(self, role: str, file: RawFile, part: Path) -> None:
        """Write a file; all four are generated together."""
        self.probe(file)
        part.write_bytes(encode_idx(self._arrays[role]))

    def probe(self, file: RawFile) -> None:
        """Return if the parameters request synthetic data."""
        if not self.dataset.synthetic:
            raise NotServedError(
                f"dataset.synthetic is false: synthetic images may not pass for {self.dataset.name}"
            )

    @cached_property
    def _arrays(self) -> dict[str, NDArray[np.uint8]]:
        data = self.dataset
        arrays: dict[str, NDArray[np.uint8]] = {}
        sizes = (("train", data.num_train), ("test", data.num_test))
        for seed, (part, num_images) in enumerate(sizes, self.seed):
            images, labels = draw_images(num_images, data.height, data.width, data.num_classes, seed)
            arrays |= {f"{part}_images": images, f"{part}_labels": labels}
        return arrays


def check_size(file: RawFile, size: int) -> None:
    """Raise `NotServedError` unless a size is the published one."""
    if file.size_bytes is not None and size != file.size_bytes:
        more = "at least " if size > file.size_bytes else ""
        raise NotServedError(
            f"{file.name} has the wrong size: expected {file.size_bytes} bytes, got {more}{size}"
        )


def check_file(file: RawFile, path: Path) -> None:
    """Raise `NotServedError` unless a file's size and MD5 are right."""
    check_size(file, path.stat().st_size)
    with path.open("rb") as stream:
        # Not for security: it is the sum that the makers of the data set publish.
        actual = file_digest(stream, lambda: md5(usedforsecurity=False)).hexdigest()
    if file.md5 is not None and actual != file.md5:
        raise NotServedError(f"{file.name} has the wrong MD5: expected {file.md5}, got {actual}")


@contextmanager
def _explaining(failure: str) -> Iterator[None]:
    """Turn an error of the file system into `NotServedError`."""
    try:
        yield
    except OSError as error:
        raise NotServedError(f"{failure}: {error.strerror}") from error
