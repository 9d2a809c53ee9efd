"""Metadata of a model: class names and form of the input, ``NAME.json`` beside ``NAME.tflite``.

Inside the ``.tflite`` they would take bytes of a device that has no use for them.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field, ValidationError

from litesmith.data.outliers import TrainingStatistics, fit_statistics
from litesmith.errors import DataError
from litesmith.files import read_json, write_json
from litesmith.params.section import Section
from litesmith.params.sections.dataset import distinct_names

VERSION: Literal[1] = 1

# Images have a ground if at least this share of their borders is within these grey levels of the median.
_TONE_TOLERANCE = 32
_LEAST_SHARE = 0.75


class InputForm(Section):
    """The form of a model's input.

    Attributes:
        ground: Grey level around the things on the training images; None where they have none in common.
    """

    height: Annotated[int, Field(ge=1)]
    width: Annotated[int, Field(ge=1)]
    channels: Literal[1]
    ground: Annotated[int | None, Field(ge=0, le=255)]


class Metadata(Section):
    """Metadata of a model.

    Attributes:
        version: Of this form of the metadata.
        sha256: Of the model's file; None lets the metadata serve any file.
        dataset: That the model was trained on.
        class_names: In the order of the model's outputs.
        training: Statistics of its training images; without them strange pictures go unnoticed.
    """

    version: Literal[1]
    sha256: Annotated[str | None, Field(pattern=r"^[0-9a-f]{64}$")]
    dataset: str
    class_names: Annotated[
        tuple[str, ...], Field(min_length=2, max_length=256), AfterValidator(distinct_names)
    ]
    input: InputForm
    training: TrainingStatistics | None


def describe(dataset: str, class_names: Sequence[str], train_images: NDArray[np.uint8]) -> Metadata:
    """Return the metadata of all models trained on the same uint8 (n, height, width)."""
    height, width = train_images.shape[1:]
    return Metadata(
        version=VERSION,
        sha256=None,
        dataset=dataset,
        class_names=tuple(class_names),
        input=InputForm(height=height, width=width, channels=1, ground=_ground(train_images)),
        training=fit_statistics(train_images),
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
    _require_version(path, content)
    try:
        return Metadata.model_validate_json(json.dumps(content))
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


def _require_version(path: Path, content: Any) -> None:
    version = content.get("version") if isinstance(content, dict) else None
    if isinstance(version, int) and version > VERSION:
        raise DataError(
            f"{path} has version {version}, and this litesmith reads up to {VERSION}: it was written by "
            "a newer one. Use that, or convert the model again."
        )


def _ground(images: NDArray[np.uint8]) -> int | None:
    """Return the median of all borders, None without a common tone."""
    sides = (images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1])
    border = np.concatenate([np.asarray(side).ravel() for side in sides])
    tone = int(np.median(border))
    near = np.mean(np.abs(border.astype(np.int16) - tone) <= _TONE_TOLERANCE)
    return tone if near >= _LEAST_SHARE else None
