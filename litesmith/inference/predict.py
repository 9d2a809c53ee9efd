"""Classification of pictures with any model."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from litesmith.data.formats.picture import picture_suffixes
from litesmith.errors import DataError
from litesmith.inference.foreign import ForeignModel, open_foreign
from litesmith.inference.picture import Picture, level_range, read_picture
from litesmith.tflite.metadata import Metadata, parse_metadata, read_metadata

# A class that is less likely than this is left out, unless it is the likeliest.
_LEAST_PROBABILITY = 0.01
# A picture whose pixels differ by no more than this shows nothing.
_BLANK_LEVELS = 8


@dataclass(frozen=True)
class Guess:
    """A class and the model's probability for it."""

    name: str
    probability: float


@dataclass(frozen=True)
class Prediction:
    """The classification of a picture: the likeliest classes, likeliest first.

    ``changes`` say how the picture was prepared, a phrase each; ``warnings``, none for a picture like
    the training images, why the guesses may be wrong.
    """

    guesses: tuple[Guess, ...]
    changes: tuple[str, ...]
    warnings: tuple[str, ...]

    def lines(self) -> list[str]:
        """Return all of it as text."""
        guesses = [f"{guess.probability:7.1%}  {guess.name}" for guess in self.guesses]
        return [*self.changes, *(f"warning: {warning}" for warning in self.warnings), *guesses]


@dataclass(frozen=True)
class PictureFiles:
    """The pictures that paths name, those of folders sorted by name.

    ``left_out`` has a phrase about each folder's other files, ``failures`` a sentence about each folder
    that cannot be looked into or holds no picture.
    """

    pictures: tuple[Path, ...]
    left_out: tuple[str, ...]
    failures: tuple[str, ...]


def find_pictures(paths: Sequence[Path]) -> PictureFiles:
    """Return the pictures at paths and in folders.

    Hidden files, hidden folders and folders behind links are left out.
    """
    pictures: list[Path] = []
    left_out: list[str] = []
    failures: list[str] = []
    for path in paths:
        if path.is_dir():
            _look_into(path, pictures, left_out, failures)
        else:
            pictures.append(path)
    return PictureFiles(tuple(pictures), tuple(left_out), tuple(failures))


def predict_pictures(
    model: Path, pictures: Sequence[Path], metadata: Path | None = None, num_guesses: int = 3
) -> Iterator[tuple[Path, Prediction | DataError]]:
    """Name what is on pictures, one after the other.

    Args:
        model: A ``.tflite`` or Keras ``.h5`` file, run in a child process.
        pictures: Common image files; see `litesmith.inference.picture.read_picture`.
        metadata: Class names and form of the input; by default ``NAME.json`` beside the model.
        num_guesses: The most classes to name of each.

    Yields:
        Each picture with its prediction, or with the reason why it cannot be read.

    Raises:
        DataError: The model or its metadata is missing, unreadable or unfit for pictures, or the two do
            not belong together.
    """
    with open_foreign(model) as opened:
        known = read_metadata(model) if metadata is None else parse_metadata(metadata)
        _require_match(model, opened, known)
        for path in pictures:
            try:
                picture = read_picture(path, known.input, known.training)
            except DataError as error:
                yield path, error
            else:
                guesses = _guesses(
                    opened.probabilities(picture.image[None])[0], known.class_names, num_guesses
                )
                yield path, Prediction(guesses, picture.changes, _warnings(picture, known))


def _look_into(folder: Path, pictures: list[Path], left_out: list[str], failures: list[str]) -> None:
    """Add the pictures in and below a folder, by suffix."""
    unreadable: list[str] = []
    members = sorted(_members(folder, unreadable))
    known = picture_suffixes()
    inside = [path for path in members if path.suffix.lower() in known and not path.is_dir()]
    others = sorted(set(members).difference(inside))
    if others and inside:
        left_out.append(f"left out of {folder}: {_kinds(others)}")
    if not inside and not unreadable:
        failures.append(
            f"the folder {folder} holds no file that is named like a picture, such as a .png or a .jpg."
            f"{f' It holds {_kinds(others)}.' if others else ''}"
        )
    pictures += inside
    failures += unreadable


def _members(folder: Path, failures: list[str]) -> Iterator[Path]:
    """Yield files and links below a folder, without hidden ones."""

    def fail(error: OSError) -> None:
        why = f"{error.strerror}. Change its permissions."
        failures.append(f"the folder {error.filename} cannot be looked into: {why}")

    for place, folders, files in os.walk(folder, onerror=fail):
        folders[:] = [name for name in folders if not name.startswith(".")]
        links = [name for name in folders if Path(place, name).is_symlink()]
        yield from (Path(place, name) for name in (*links, *files) if not name.startswith("."))


def _kinds(paths: Sequence[Path]) -> str:
    """Describe paths that are no pictures, by suffix."""
    suffixes = [path.suffix.lower() or "no suffix" for path in paths if not path.is_dir()]
    num_files, num_links = len(suffixes), len(paths) - len(suffixes)
    files = f"{num_files} other file{'s' * (num_files > 1)} ({', '.join(sorted(set(suffixes)))})"
    links = f"{num_links} link{'s' * (num_links > 1)} to folders"
    return " and ".join([*[files] * bool(num_files), *[links] * bool(num_links)])


def _require_match(model: Path, opened: ForeignModel, known: Metadata) -> None:
    """Raise unless a model and its metadata belong together."""
    form = known.input
    expected = (form.height, form.width, form.channels)
    if opened.shape != expected:
        raise DataError(
            f"{model} takes {_form_text(*opened.shape)}, and its metadata says {_form_text(*expected)}. "
            "Name the metadata that belongs to it."
        )
    if opened.num_classes != len(known.class_names):
        raise DataError(
            f"{model} tells {opened.num_classes} classes apart, and its metadata names "
            f"{len(known.class_names)}. Name the metadata that belongs to it."
        )


def _form_text(height: int, width: int, channels: int) -> str:
    return f"{'grey' if channels == 1 else 'colour'} pictures of {width} x {height} pixels"


def _guesses(
    probabilities: NDArray[np.float32], class_names: Sequence[str], num_guesses: int
) -> tuple[Guess, ...]:
    order = np.argsort(-probabilities, kind="stable")[:num_guesses]
    likely = [row for row in order if row == order[0] or probabilities[row] >= _LEAST_PROBABILITY]
    return tuple(Guess(class_names[row], float(probabilities[row])) for row in likely)


def _warnings(picture: Picture, known: Metadata) -> tuple[str, ...]:
    """Return in what a picture is unlike the training images."""
    (width, height), form, training = picture.size, known.input, known.training
    warnings = []
    if width < form.width / 2 or height < form.height / 2:
        warnings.append(
            f"tiny: {width} x {height} pixels, and the model looks at {form.width} x {form.height}"
        )
    levels = level_range(picture.image)
    if levels <= _BLANK_LEVELS:
        warnings.append(f"blank: its pixels differ by {levels} of 255 levels at most")
    elif training is not None:
        distance = float(training.distances(picture.image[None])[0])
        if distance > training.max_distance:
            warnings.append(
                "unlike the model's training images, most of all in "
                f"{training.strangest(picture.image)}: distance {distance:.1f}, and "
                f"{training.share_within:.1%} of those are within {training.max_distance:.1f}"
            )
    return tuple(warnings)
