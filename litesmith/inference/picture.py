"""Conversion of any common image file to a model's input."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from litesmith.data.formats.picture import Decoded, decode_picture
from litesmith.data.formats.pixels import require_extent
from litesmith.data.outliers import TrainingStatistics
from litesmith.errors import DataError
from litesmith.tflite.metadata import InputForm

_PAPERS = {"black": 0, "white": 255}
# A cut-out whose grey levels differ by no more than this is of one tone, and one of whose visible pixels
# more than this share are opaque is an outline.
_ONE_TONE = 8
_OUTLINE_SHARE = 0.9


@dataclass(frozen=True)
class Picture:
    """A picture as a model takes it.

    Attributes:
        image: uint8 (height, width, 1), with the ground that the model was trained on.
        changes: How the file's picture was changed, a phrase each, in order.
        size: Width and height of the file's picture.
    """

    image: NDArray[np.uint8]
    changes: tuple[str, ...]
    size: tuple[int, int]


@dataclass(frozen=True)
class _Levels:
    """A picture in 8-bit grey; ``alpha`` is None if opaque."""

    grey: Image.Image
    alpha: Image.Image | None
    changes: tuple[str, ...]


@dataclass(frozen=True)
class _Fitted:
    """A picture fitted into the input, uint8 (height, width, 1)."""

    image: NDArray[np.uint8]
    changes: tuple[str, ...]


def read_picture(path: Path, form: InputForm, training: TrainingStatistics | None = None) -> Picture:
    """Read an image file, of an animation the first frame, as a model's input.

    A cut-out is laid on the paper, black or white, on which it is more like the training images, or,
    where these are not known, with which it contrasts. A cut-out of one tone that is opaque in part is
    shown by its opacity. A picture whose background is the opposite of the ground is inverted, unless it
    is like the training images as it is, and unlike them when inverted.

    Raises:
        DataError: The file is missing, is no picture, is cut short, is too large, or shows nothing.
    """
    try:
        decoded = decode_picture(path, str(path))
    except MemoryError as error:
        raise DataError(f"{path} does not fit into this machine's memory. Make it smaller.") from error
    (height, width), levels = decoded.pixels.size, _levels(decoded)
    nothing, to_see = f"{path} shows nothing:", "Expected something to see."
    require_extent((height, width), (form.height, form.width), str(path))
    if levels.alpha is None:
        fitted = _grounded(levels.grey, form, training)
    elif levels.alpha.getextrema() == (0, 0):
        raise DataError(f"{nothing} every pixel is transparent or not a number. {to_see}")
    else:
        fitted = _cut_out(levels.grey, levels.alpha, form, training)
        if np.ptp(fitted.image) == 0:
            raise DataError(f"{nothing} its opaque pixels are all alike. {to_see}")
    return Picture(fitted.image, (*levels.changes, *fitted.changes), (width, height))


def _levels(decoded: Decoded) -> _Levels:
    """Return a decoded picture in 8-bit grey, with its opacity."""
    pixels = decoded.pixels
    alpha = None if pixels.alpha is None else Image.fromarray(pixels.alpha)
    grey_change = ("turned grey",) * (pixels.colours.shape[2] == 3)
    return _Levels(Image.fromarray(pixels.grey()), alpha, (*decoded.changes, *grey_change))


def _cut_out(
    grey: Image.Image, alpha: Image.Image, form: InputForm, training: TrainingStatistics | None
) -> _Fitted:
    """Fit a cut-out, on paper or shown by its opacity."""
    opacity = np.asarray(alpha)
    seen = opacity > 0
    is_of_one_tone = np.ptp(np.asarray(grey)[seen]) <= _ONE_TONE
    # Of an outline all but the edge is opaque. Where much is partly opaque, that is to be seen.
    if not is_of_one_tone or np.mean(opacity[seen] == 255) > _OUTLINE_SHARE:
        return _laid(grey, alpha, form, training)
    shape = _grounded(alpha, form, training)
    return _Fitted(shape.image, ("shown by its opacity, as it is of one tone", *shape.changes))


def _laid(
    grey: Image.Image, alpha: Image.Image, form: InputForm, training: TrainingStatistics | None
) -> _Fitted:
    """Fit a cut-out on black or white paper."""
    laid = {}
    for name, tone in _PAPERS.items():
        paper = Image.new("L", grey.size, tone)
        fitted = _grounded(Image.composite(grey, paper, alpha), form, training)
        laid[name] = _Fitted(fitted.image, (f"laid on {name}", *fitted.changes))
    if training is None:
        mean_seen = np.average(np.asarray(grey), weights=np.asarray(alpha, np.float64))
        return laid["black" if mean_seen > 127 else "white"]
    return min(laid.values(), key=lambda fitted: float(training.distances(fitted.image[None])[0]))


def _grounded(grey: Image.Image, form: InputForm, training: TrainingStatistics | None) -> _Fitted:
    """Fit a picture, inverted if its background opposes the ground."""
    tone, as_it_is = _background(grey), _fitted(grey, form)
    if form.ground == "any" or (form.ground == "dark") == (tone <= 127):
        return as_it_is
    opposite = _fitted(ImageOps.invert(grey), form)
    why = f"inverted, as its background is {'light' if tone > 127 else 'dark'} ({tone} of 255)"
    inverted = _Fitted(opposite.image, (why, *opposite.changes))
    if training is None:
        return inverted
    outside = training.outside(np.stack([inverted.image, as_it_is.image]))
    return as_it_is if outside.tolist() == [True, False] else inverted


def _fitted(grey: Image.Image, form: InputForm) -> _Fitted:
    """Resize a picture, padded with its own background."""
    if grey.size == (form.width, form.height):
        return _Fitted(np.asarray(grey, np.uint8)[..., None], ())
    padded = ImageOps.pad(
        grey, (form.width, form.height), Image.Resampling.LANCZOS, color=_background(grey)
    )
    before, after = f"{grey.width} x {grey.height}", f"{form.width} x {form.height}"
    change = f"resized from {before} to fit {after}, keeping its proportions"
    return _Fitted(np.asarray(padded, np.uint8)[..., None], (change,))


def _background(grey: Image.Image) -> int:
    """Return the median of the outermost pixels, 0 to 255."""
    values = np.asarray(grey)
    frame = np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])
    return int(np.median(frame))
