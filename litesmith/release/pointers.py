"""Which version is in service, for each data set and device."""

from dataclasses import dataclass
from pathlib import Path

from litesmith.errors import DataError
from litesmith.records.record import read_record
from litesmith.records.service.release import Pointers, no_pointers


@dataclass(frozen=True)
class Key:
    """The data set and the device of a pointer."""

    dataset: str
    device: str

    def __str__(self) -> str:
        return f"{self.dataset}/{self.device}"

    @property
    def stem(self) -> str:
        """What the names of its versions begin with."""
        return f"{self.dataset}-{self.device}"


def read_pointers(path: Path) -> Pointers:
    """Return the versions in service; none where there is no file.

    Raises:
        DataError: The file cannot be read.
    """
    try:
        return read_record(path, Pointers)
    except FileNotFoundError:
        return no_pointers()
    except DataError as error:
        text = f"{error} `git checkout -- {path}` restores the committed one."
        raise DataError(text) from error
