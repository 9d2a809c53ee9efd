"""Conversion of any common image file to a model's input."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from litesmith.data.formats.picture import decode_picture
from litesmith.data.formats.pixels import Pixels, canonical, require_extent
from litesmith.data.outliers import TrainingStatistics
from litesmith.errors import DataError
from litesmith.params.sections.dataset import Fit
from litesmith.records.form import FILLS
from litesmith.tflite.metadata import InputForm

# A cut-out whose levels differ by no more than this is of one tone, and one of whose visible pixels more
# than this share are opaque is an outline.
_ONE_TONE = 8
_OUTLINE_SHARE = 0.9
# A background is clearly light from this grey level on, and clearly dark up to its opposite.
_LIGHT = 160

_FITTED: dict[Fit, str] = {
    "pad": "resized from {} to fit {}, keeping its proportions",
    "crop": "resized from {} to fill {}, cut at its edges",
    "stretch": "stretched from {} to {}",
}


@dataclass(frozen=True)
class Picture:
    """A picture as a model takes it.

    Attributes:
        image: uint8 (height, width, channels), with the ground that the model was trained on.
        changes: How the file's picture was changed, a phrase each, in order.
        size: Width and height of the file's picture.
    """

    image: NDArray[np.uint8]
    changes: tuple[str, ...]
    size: tuple[int, int]


@dataclass(frozen=True)
class _Fitted:
    """A picture in the form of the input, uint8 (height, width, channels)."""

    image: NDArray[np.uint8]
    changes: tuple[str, ...]

    def after(self, change: str) -> "_Fitted":
        """Return the same with a change that came before."""
        return _Fitted(self.image, (change, *self.changes))


def read_picture(path: Path, form: InputForm, training: TrainingStatistics | None = None) -> Picture:
    """Read an image file, of an animation the first frame, as a model's input.

    It comes to the input's size and channels as the pictures of a data set do. A cut-out is laid on the
    paper, of the ground's level, black or white, on which it is most like the training images, or, where
    these are not known, with which it contrasts. For a model of grey pictures a cut-out of one tone that
    is opaque in part is shown by its opacity. A picture whose background is clearly the opposite of the
    ground is inverted, unless it is like the training images as it is; of colours the lightness is.

    Raises:
        DataError: The file is missing, is no picture, is cut short, is too large, or shows nothing.
    """
    try:
        decoded = decode_picture(path, str(path))
    except MemoryError as error:
        raise DataError(f"{path} does not fit into this machine's memory. Make it smaller.") from error
    pixels, nothing = decoded.pixels, f"{path} shows nothing:"
    height, width = pixels.size
    require_extent((height, width), (form.height, form.width), str(path))
    if pixels.alpha is None:
        fitted = _grounded(pixels, form, training)
    elif not pixels.alpha.any():
        raise DataError(
            f"{nothing} every pixel is transparent or not a number. Expected something to see."
        )
    else:
        fitted = _cut_out(pixels, pixels.alpha, form, training)
        if level_range(fitted.image) == 0:
            raise DataError(f"{nothing} its opaque pixels are all alike. Expected something to see.")
    turned_grey = pixels.colours.shape[2] > form.channels
    changes = (*decoded.changes, *("turned grey",) * turned_grey, *fitted.changes)
    return Picture(fitted.image, changes, (width, height))


def level_range(image: NDArray[np.uint8]) -> int:
    """Return the largest range of levels of a channel of (height, width, channels)."""
    return int(np.ptp(image, axis=(0, 1)).max())


def _cut_out(
    pixels: Pixels, alpha: NDArray[np.uint8], form: InputForm, training: TrainingStatistics | None
) -> _Fitted:
    """Fit a cut-out, on paper or shown by its opacity."""
    seen = alpha > 0
    is_of_one_tone = np.ptp(pixels.grey()[seen]) <= _ONE_TONE
    # Of an outline all but the edge is opaque. Where much is partly opaque, that is to be seen.
    is_outline = np.mean(alpha[seen] == 255) > _OUTLINE_SHARE
    if form.channels > 1 or not is_of_one_tone or is_outline:
        return _laid(pixels, alpha, form, training)
    shape = _grounded(canonical(alpha), form, training)
    return shape.after("shown by its opacity, as it is of one tone")


def _laid(
    pixels: Pixels, alpha: NDArray[np.uint8], form: InputForm, training: TrainingStatistics | None
) -> _Fitted:
    """Fit a cut-out on paper of the ground's level, on black or on white."""
    papers = {FILLS[form.ground]: "grey", 0: "black", 255: "white"}
    laid = {
        name: _grounded(Pixels(pixels.on(level), None), form, training).after(f"laid on {name}")
        for level, name in papers.items()
    }
    if training is not None:
        return min(laid.values(), key=lambda fitted: float(training.distances(fitted.image[None])[0]))
    if form.ground == "any":
        return laid["grey"]
    mean_seen = np.average(pixels.grey(), weights=alpha.astype(np.float64))
    return laid["black" if mean_seen > 127 else "white"]


def _grounded(pixels: Pixels, form: InputForm, training: TrainingStatistics | None) -> _Fitted:
    """Fit an opaque picture, inverted if its background opposes the ground."""
    as_it_is, tone = _fitted(pixels, form), _background(pixels)
    opposes = tone >= _LIGHT if form.ground == "dark" else tone <= 255 - _LIGHT
    if form.ground == "any" or not opposes:
        return as_it_is
    if training is not None and not training.outside(as_it_is.image[None])[0]:
        return as_it_is
    inverted = _fitted(_inverted(pixels), form)
    return inverted.after(
        f"inverted, as its background is {'light' if tone > 127 else 'dark'} ({tone} of 255)"
    )


def _fitted(pixels: Pixels, form: InputForm) -> _Fitted:
    """Bring a picture to the form of the input."""
    height, width = pixels.size
    image = pixels.in_form(form)
    if (height, width) == (form.height, form.width):
        return _Fitted(image, ())
    change = _FITTED[form.fit].format(f"{width} x {height}", f"{form.width} x {form.height}")
    return _Fitted(image, (change,))


def _inverted(pixels: Pixels) -> Pixels:
    """Turn light to dark and dark to light; hues stay."""
    if pixels.colours.shape[2] == 1:
        return Pixels(255 - pixels.colours, None)
    lightness, *hue = Image.fromarray(pixels.colours).convert("YCbCr").split()
    turned = Image.merge("YCbCr", (lightness.point(lambda level: 255 - level), *hue))
    return Pixels(np.asarray(turned.convert("RGB")), None)


def _background(pixels: Pixels) -> int:
    """Return the median grey level of the outermost pixels, 0 to 255."""
    grey = pixels.grey()
    frame = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    return int(np.median(frame))
