"""Where a base comes from: folders, and synthetic data."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import file_digest, md5
from pathlib import Path

from litesmith.data.formats.idx import encode_idx
from litesmith.data.synthetic.drawing import draw_set
from litesmith.files import write_bytes
from litesmith.params.sections.dataset import Origin, PublishedFile
from litesmith.params.synthetic import SyntheticBase


class NotServedError(Exception):
    """A source's failure to serve a file, with the reason.

    All methods of sources raise it: `save` writes a file to ``part``, unchecked; `probe` returns if a
    file is likely to be served.
    """


@dataclass(frozen=True)
class Folder:
    """A folder that holds the files."""

    path: Path

    def save(self, file: PublishedFile, part: Path) -> None:
        """Copy a file to ``part``."""
        self.probe(file)
        with _explaining(f"{file.name} cannot be read"):
            content = (self.path / file.name).read_bytes()
        part.write_bytes(content)

    def probe(self, file: PublishedFile) -> None:
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

    def check(self, file: PublishedFile) -> None:
        """Check a file's size and MD5 where it lies."""
        self.probe(file)
        with _explaining(f"{file.name} cannot be read"):
            check_file(file, self.path / file.name)


def idx_pairs(folder: Path) -> dict[str, tuple[Path, Path]]:
    """Return the images and the labels file of each part in a folder."""
    parts = {"train": "train", "test": "t10k"}
    return {name: _idx_pair(folder, part) for name, part in parts.items()}


def _idx_pair(folder: Path, part: str) -> tuple[Path, Path]:
    return folder / f"{part}-images-idx3-ubyte.gz", folder / f"{part}-labels-idx1-ubyte.gz"


def write_synthetic(base: SyntheticBase, dataset: Origin, folder: Path) -> None:
    """Draw a data set and write the four IDX files of MNIST's names.

    Raises:
        MachineError: The files cannot be written.
    """
    drawn = draw_set(
        base,
        num_classes=len(dataset.classes or ()),
        **dataset.model_dump(include={"height", "width", "channels", "ground"}),
    )
    for part, images in (("train", drawn.train), ("t10k", drawn.test)):
        for path, array in zip(
            _idx_pair(folder, part), (images.images[..., 0], images.labels), strict=True
        ):
            write_bytes(path, encode_idx(array))


def check_size(file: PublishedFile, size: int) -> None:
    """Raise `NotServedError` unless a size is the published one."""
    if size != file.size_bytes:
        more = "at least " if size > file.size_bytes else ""
        raise NotServedError(
            f"{file.name} has the wrong size: expected {file.size_bytes} bytes, got {more}{size}"
        )


def check_file(file: PublishedFile, path: Path) -> None:
    """Raise `NotServedError` unless a file's size and MD5 are right."""
    check_size(file, path.stat().st_size)
    with path.open("rb") as stream:
        # Not for security: it is the sum that the makers of the data set publish.
        actual = file_digest(stream, lambda: md5(usedforsecurity=False)).hexdigest()
    if actual != file.md5:
        raise NotServedError(f"{file.name} has the wrong MD5: expected {file.md5}, got {actual}")


@contextmanager
def _explaining(failure: str) -> Iterator[None]:
    """Turn an error of the file system into `NotServedError`."""
    try:
        yield
    except OSError as error:
        raise NotServedError(f"{failure}: {error.strerror}") from error
