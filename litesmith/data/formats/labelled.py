"""Labelled images as they come from a source, in a data set's form."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Unreadable:
    """A file that holds no image that can be read, and why."""

    file: str
    reason: str


@dataclass(frozen=True)
class Sample:
    """What a source says of an image.

    Attributes:
        file: POSIX path within the source, or part and row such as ``train[12]``.
        label: Name of its class, or digits.
        group: Of images that belong together; empty if there is none.
        given: The part that the source puts it into, ``train`` or ``test``; empty if none.
    """

    file: str
    label: str
    group: str = ""
    given: str = ""


@dataclass(frozen=True)
class Labelled:
    """All images of a source.

    Attributes:
        images: uint8 (n, height, width, channels), by file within a source of files, else by row.
        labels: Names, or digits for integer labels.
        files: POSIX paths within the source, or part and row such as ``train[12]``.
        groups: Empty where there is none.
        given: ``train``, ``test`` or empty.
        digests: Of the decoded pixels before they were fitted; see `litesmith.data.formats.pixels`.
        unreadable: What was left out, by file.
        kind: Name of the format.
        notes: What else to know of how it was read, a sentence each.
    """

    images: NDArray[np.uint8]
    labels: tuple[str, ...]
    files: tuple[str, ...]
    groups: tuple[str, ...]
    given: tuple[str, ...]
    digests: tuple[str, ...]
    unreadable: tuple[Unreadable, ...]
    kind: str
    notes: tuple[str, ...]


def class_name(word: str) -> str:
    """Return the name of a class as one line in Unicode's composed form.

    File systems differ in how they write letters with marks.
    """
    shown = (letter if letter.isprintable() else " " for letter in unicodedata.normalize("NFC", word))
    return " ".join("".join(shown).split())


def sorted_names(labels: Iterable[str]) -> tuple[str, ...]:
    """Return the distinct names, sorted; by number if all of them are digits."""
    names = set(labels)
    if all(re.fullmatch(r"\d{1,18}", name, re.ASCII) for name in names):
        return tuple(sorted(names, key=lambda name: (int(name), name)))
    return tuple(sorted(names))


def count_noun(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun, such as ``1 picture`` or ``2,000 pictures``."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"
