"""Sources of labelled pictures for tests, made by seeded code."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from litesmith.data.formats.labelled import Labelled
from litesmith.data.formats.registry import read_source
from litesmith.params.sections.dataset import ImageForm


def form(**changes: Any) -> ImageForm:
    """Return 8 x 6 grey pixels on a dark ground, with changes."""
    values = {"height": 8, "width": 6, "channels": 1, "fit": "pad", "ground": "dark"}
    return ImageForm.model_validate({**values, **changes})


def noise(seed: int, *shape: int) -> NDArray[np.uint8]:
    """Return random pixels, by default 8 x 6 grey."""
    return np.random.default_rng(seed).integers(0, 256, shape or (8, 6), dtype=np.uint8)


def encoded(values: object, kind: str = "PNG", **options: Any) -> bytes:
    """Return pixels, or a picture, as the content of a file."""
    picture = values if isinstance(values, Image.Image) else Image.fromarray(np.asarray(values))
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def written(folder: Path, files: Mapping[str, bytes | str]) -> Path:
    """Write files below a folder and return it."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def zipped(path: Path, files: Mapping[str, bytes | str], **options: Any) -> Path:
    """Write files into a zip archive and return it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", **options) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def read(path: Path, **changes: Any) -> Labelled:
    """Read a source in the form of tests, with changes."""
    return read_source(path, form(**changes))


def reasons(labelled: Labelled) -> dict[str, str]:
    """Return why files were left out."""
    return {item.file: item.reason for item in labelled.unreadable}


def cats_and_dogs(num: int = 2) -> dict[str, bytes]:
    """Return pictures of two classes, each in its folder."""
    return {
        f"{label}/{row}.png": encoded(noise(10 * number + row))
        for number, label in enumerate(("cat", "dog"))
        for row in range(num)
    }
