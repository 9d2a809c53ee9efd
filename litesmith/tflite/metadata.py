"""Metadata of a model: class names and form of the input, ``NAME.json`` beside ``NAME.tflite``.

Inside the ``.tflite`` they would take bytes of a device that has no use for them.
"""

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field, ValidationError, model_validator

from litesmith.data.outliers import TrainingStatistics, fit_statistics
from litesmith.errors import DataError
from litesmith.files import read_json, write_json
from litesmith.params.section import Section
from litesmith.params.sections.dataset import Ground, ImageForm, distinct_names
from litesmith.records.convert import TensorForm
from litesmith.records.form import DataForm

VERSION: Literal[3] = 3

# Of the first version's grey levels of a ground, those this near black or white are dark or light.
_NEAR_LEVELS = 64

Version = TypeVar("Version")
Input = TypeVar("Input", bound=Section)


class InputForm(ImageForm):
    """The form of a model's input, and how pictures come to it."""

    height: Annotated[int, Field(ge=1)]
    width: Annotated[int, Field(ge=1)]


class _AnyMetadata(Section, Generic[Version, Input]):
    """What all versions hold."""

    version: Version
    sha256: Annotated[str | None, Field(pattern=r"^[0-9a-f]{64}$")]
    dataset: str
    class_names: Annotated[
        tuple[str, ...], Field(min_length=2, max_length=256), AfterValidator(distinct_names)
    ]
    input: Input
    training: TrainingStatistics | None


class Tensors(Section):
    """Input and output of a file, for whoever runs it without litesmith."""

    input: TensorForm
    output: TensorForm


class Metadata(_AnyMetadata[Literal[3], InputForm]):
    """Metadata of a model.

    Attributes:
        version: Of this form of the metadata.
        sha256: Of the model's file; None lets the metadata serve any file.
        dataset: That the model was trained on.
        class_names: In the order of the model's outputs.
        training: Statistics of its training images; without them strange pictures go unnoticed.
        tensors: Of the file in a package; None beside other files, which say it themselves.
    """

    tensors: Tensors | None

    @model_validator(mode="after")
    def _require_channels(self) -> Self:
        if self.training is not None and self.training.channels != self.input.channels:
            raise ValueError(
                f"has training statistics of images of {self.training.channels} channels, and its input "
                f"has {self.input.channels}"
            )
        return self


class _SecondMetadata(_AnyMetadata[Literal[2], InputForm]):
    """Metadata of the second version, without tensors."""

    def upgraded(self) -> Metadata:
        """Return the same in today's version."""
        return Metadata(**{**dict(self), "version": VERSION, "tensors": None})


class _FirstInput(Section):
    """The input in the first version, with the ground's grey level, if any."""

    height: Annotated[int, Field(ge=1)]
    width: Annotated[int, Field(ge=1)]
    channels: Literal[1]
    ground: Annotated[int | None, Field(ge=0, le=255)]


class _FirstMetadata(_AnyMetadata[Literal[1], _FirstInput]):
    """Metadata of the first version, of models of grey pictures."""

    def upgraded(self) -> Metadata:
        """Return the same in today's version."""
        size = self.input.model_dump(include={"height", "width", "channels"})
        form = InputForm(**size, fit="pad", ground=_ground_word(self.input.ground))
        return Metadata(**{**dict(self), "version": VERSION, "input": form, "tensors": None})


_OLDER: dict[int | None, type[_FirstMetadata | _SecondMetadata]] = {
    1: _FirstMetadata,
    2: _SecondMetadata,
}


def describe(dataset: str, form: DataForm, train_images: NDArray[np.uint8]) -> Metadata:
    """Return the metadata of all models trained on the same images.

    Args:
        dataset: What the data set is called.
        form: Of the images, with the names of their classes.
        train_images: uint8 (n, height, width, channels).
    """
    return Metadata(
        version=VERSION,
        sha256=None,
        dataset=dataset,
        class_names=form.class_names,
        input=InputForm(**form.model_dump(include=set(InputForm.model_fields))),
        training=fit_statistics(train_images),
        tensors=None,
    )


def write_metadata(model: Path, metadata: Metadata) -> None:
    """Write ``NAME.json`` beside a model's file, with the hash of the file."""
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    content = metadata.model_copy(update={"sha256": digest}).model_dump(mode="json")
    write_json(path_beside(model), content)


def read_metadata(model: Path) -> Metadata:
    """Read ``NAME.json`` beside a model's file.

    Raises:
        DataError: It is missing, cannot be read, or belongs to another file.
    """
    path = path_beside(model)
    if not path.is_file():
        raise DataError(
            f"{path} is missing. It holds the class names and the form of the input of {model.name}, "
            "which cannot be guessed: bring it from where the model came from, or name another with "
            "--metadata FILE."
        )
    metadata = parse_metadata(path)
    if metadata.sha256 not in (None, hashlib.sha256(model.read_bytes()).hexdigest()):
        raise DataError(
            f"{path} belongs to another file than {model}: it names a SHA-256 that begins with "
            f"{metadata.sha256[:12] if metadata.sha256 else ''}. Bring the two that belong together."
        )
    return metadata


def parse_metadata(path: Path) -> Metadata:
    """Read a metadata file, whichever model it belongs to.

    Raises:
        DataError: It is missing, is not metadata, or is of a version that is not known here.
    """
    try:
        content = read_json(path)
    except OSError as error:
        text = f"{path} cannot be read: {error.strerror}. Expected a model's metadata."
        raise DataError(text) from error
    version, text = _known_version(path, content), json.dumps(content)
    try:
        if version in _OLDER:
            return _OLDER[version].model_validate_json(text).upgraded()
        return Metadata.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        words = [".".join(map(str, first["loc"])), first["msg"].removeprefix("Value error, ")]
        raise DataError(
            f"{path} is not a model's metadata: {': '.join(filter(None, words))}. "
            "docs/decisions/0017-what-travels-with-a-model.md describes its form."
        ) from error


def path_beside(model: Path) -> Path:
    """Return where the metadata of a model's file lies."""
    return model.with_suffix(".json")


def _known_version(path: Path, content: Any) -> int | None:
    """Return the version of metadata; None if they have none.

    Raises:
        DataError: It is newer than is known here.
    """
    version = content.get("version") if isinstance(content, dict) else None
    if not isinstance(version, int) or isinstance(version, bool):
        return None
    if version > VERSION:
        raise DataError(
            f"{path} has version {version}, and this litesmith reads up to {VERSION}: it was written by "
            "a newer one. Use that, or convert the model again."
        )
    return version


def _ground_word(level: int | None) -> Ground:
    """Return the word for the first version's grey level of a ground."""
    if level is None or _NEAR_LEVELS <= level <= 255 - _NEAR_LEVELS:
        return "any"
    return "dark" if level < _NEAR_LEVELS else "light"
