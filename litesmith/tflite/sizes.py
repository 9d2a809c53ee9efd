"""Sizes of a file as it is stored and as it is sent."""

import gzip
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Size:
    """Sizes of one file.

    Attributes:
        raw_bytes: On a disk or in a device's flash.
        gzip_bytes: Compressed by gzip at level 9. Here alone zeros that pruning left count.
    """

    raw_bytes: int
    gzip_bytes: int


def measure_size(path: Path) -> Size:
    """Return the sizes of the file at ``path``."""
    content = path.read_bytes()
    return Size(len(content), len(gzip.compress(content, compresslevel=9, mtime=0)))
