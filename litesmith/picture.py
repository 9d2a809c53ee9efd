"""Turn any common image file into a model's input, and say what was done to it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from litesmith.errors import DataError

# The pictures a model is trained on are bright things on black, so a brighter frame than this is the wrong way round.
_LIGHT = 127


@dataclass(frozen=True)
class Picture:
    """A picture as a model takes it.

    Attributes:
        image: uint8 (height, width), dark background.
        changes: What was done to the file's picture, a phrase each, in order.
    """

    image: NDArray[np.uint8]
    changes: tuple[str, ...]


def read_picture(path: Path, height: int, width: int) -> Picture:
    """Read an image file in grey, with a dark background, fitted into ``height`` x ``width``.

    Args:
        path: Any format that Pillow reads; the first frame of an animation, transparency on white.
        height: Of the result, in pixels.
        width: Of the result, in pixels.

    Raises:
        DataError: The file is missing, is no picture, is cut short, or is too large to be one.
    """
    grey, changes = _grey(_opened(path))
    if _background(grey) > _LIGHT:
        changes.append(f"inverted, as its background is light ({_background(grey)} of 255)")
        grey = ImageOps.invert(grey)
    if grey.size != (width, height):
        changes.append(f"resized from {grey.width} x {grey.height} to fit {width} x {height}, keeping its proportions")
        grey = ImageOps.pad(grey, (width, height), Image.Resampling.LANCZOS, color=_background(grey))
    return Picture(np.asarray(grey, np.uint8), tuple(changes))


def _opened(path: Path) -> Image.Image:
    """Read a whole picture, the way up its camera says."""
    if not path.is_file():
        raise DataError(f"{path} is missing. Expected an image file, such as a PNG or a JPEG: check its name.")
    try:
        with Image.open(path) as picture:
            picture.load()
            return ImageOps.exif_transpose(picture)
    except UnidentifiedImageError as error:
        raise DataError(f"{path} is not a picture that can be read. Expected a PNG, JPEG or the like.") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(f"{path} cannot be read as a picture: {error}. Save it again as a PNG or JPEG.") from error


def _grey(picture: Image.Image) -> tuple[Image.Image, list[str]]:
    """Return the picture as 8-bit grey, and what that took."""
    if picture.mode == "L" and not picture.has_transparency_data:
        return picture, []
    if picture.has_transparency_data:
        paper = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(paper, picture.convert("RGBA")).convert("L"), ["laid on white", "turned grey"]
    if picture.mode.startswith(("I", "F")):
        # Pillow's own conversion cuts everything above 255 off
        return _stretched(picture), ["brought to 8 bits"]
    return picture.convert("L"), ["turned grey"]


def _stretched(picture: Image.Image) -> Image.Image:
    """Return a 16-bit, 32-bit or float picture with its own darkest and brightest values at 0 and 255."""
    values = np.asarray(picture, np.float64)
    span = max(float(np.ptp(values)), np.finfo(np.float64).tiny)
    return Image.fromarray(np.rint((values - values.min()) / span * 255).astype(np.uint8))


def _background(grey: Image.Image) -> int:
    """Return the median of the picture's outermost pixels, 0 to 255."""
    values = np.asarray(grey)
    frame = np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])
    return int(np.median(frame))
