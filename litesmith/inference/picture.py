"""Conversion of any common image file to a model's input."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from litesmith.data.outliers import TrainingStatistics
from litesmith.errors import DataError
from litesmith.tflite.metadata import InputForm

# The largest cameras of phones take 200; a file that claims more is taken for an attack on the memory.
_MAX_MEGAPIXELS = 250
_PAPERS = {"black": 0, "white": 255}
# Pillow hands EPS files to a program of the system, which runs their code. MPEG and PDF it cannot read.
_NOT_READ = {"EPS", "MPEG", "PDF"}
# A cut-out whose grey levels differ by no more than this is of one tone, and one of whose visible pixels
# more than this share are opaque is an outline.
_ONE_TONE = 8
_OUTLINE_SHARE = 0.9
# Pillow multiplies the levels of grey PNG files of few bits, but not the level that is transparent.
_LEVEL_FACTORS = {"L;2": 85, "L;4": 17}


@dataclass(frozen=True)
class Picture:
    """A picture as a model takes it.

    Attributes:
        image: uint8 (height, width), with the ground that the model was trained on.
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
    """A picture fitted into the input, uint8 (height, width)."""

    image: NDArray[np.uint8]
    changes: tuple[str, ...]


def picture_suffixes() -> frozenset[str]:
    """Return the suffixes that `read_picture` reads, in lower case."""
    unread, known = _unread_formats(), Image.registered_extensions()
    return frozenset(suffix for suffix, name in known.items() if name not in unread)


def read_picture(path: Path, form: InputForm, training: TrainingStatistics | None = None) -> Picture:
    """Read an image file, of an animation the first frame, as a model's input.

    A cut-out is laid on the paper, black or white, on which it is more like the training images, or,
    where these are not known, with which it contrasts. A cut-out of one tone that is opaque in part is
    shown by its opacity. A picture whose background is the opposite of the ground is inverted, unless it
    is like the training images as it is, and unlike them when inverted.

    Raises:
        DataError: The file is missing, is no picture, is cut short, is too large, or shows nothing.
    """
    with _explaining(path):
        picture, changes = _opened(path)
        levels = _levels(picture)
    nothing, to_see = f"{path} shows nothing:", "Expected something to see."
    scale = min(form.width / picture.width, form.height / picture.height)
    if min(picture.size) * scale <= 0.5:
        size = f"{picture.width} x {picture.height}"
        raise DataError(f"{path} is a line of {size} pixels. Expected a picture.")
    if levels.alpha is None:
        fitted = _grounded(levels.grey, form, training)
    elif levels.alpha.getextrema() == (0, 0):
        raise DataError(f"{nothing} every pixel is transparent or not a number. {to_see}")
    else:
        fitted = _cut_out(levels.grey, levels.alpha, form, training)
        if np.ptp(fitted.image) == 0:
            raise DataError(f"{nothing} its opaque pixels are all alike. {to_see}")
    return Picture(fitted.image, (*changes, *levels.changes, *fitted.changes), picture.size)


@contextmanager
def _explaining(path: Path) -> Iterator[None]:
    """Turn any failure to read a picture into `DataError`."""
    if not path.is_file():
        state = "is no ordinary file" if path.exists() else "is missing"
        state = "is a folder" if path.is_dir() else state
        expected = "Expected an image file, such as a PNG or a JPEG: check its name."
        raise DataError(f"{path} {state}. {expected}")
    try:
        yield
    except UnidentifiedImageError as error:
        expected = "Expected a PNG, JPEG or the like: save it as one."
        raise DataError(f"{path} is not a picture that can be read. {expected}") from error
    except PermissionError as error:
        raise DataError(f"{path} may not be read by this user. Change its permissions.") from error
    except Image.DecompressionBombError as error:
        limit = f"{_MAX_MEGAPIXELS} megapixels"
        raise DataError(f"{path} has more than {limit}. Make it smaller.") from error
    except MemoryError as error:
        raise DataError(f"{path} does not fit into this machine's memory. Make it smaller.") from error
    except Exception as error:  # Pillow's many readers raise many things over a damaged file
        why = str(error) or type(error).__name__
        fix = "Save it again as a PNG or JPEG."
        raise DataError(f"{path} cannot be read as a picture: {why}. {fix}") from error


def _unread_formats() -> set[str]:
    """Return the formats that are not read, stubs included."""
    Image.init()
    readers = ((name, reader) for name, (reader, _) in Image.OPEN.items() if isinstance(reader, type))
    return _NOT_READ | {name for name, reader in readers if issubclass(reader, ImageFile.StubImageFile)}


def _opened(path: Path) -> tuple[Image.Image, list[str]]:
    """Read a picture, upright, and say what was left out."""
    unread = _unread_formats()
    formats = [name for name in Image.OPEN if name not in unread]
    with _large_pictures(), Image.open(path, formats=formats) as picture:
        num_frames = getattr(picture, "n_frames", 1)
        _correct_transparent_level(picture)
        picture.load()
        try:
            upright = ImageOps.exif_transpose(picture)
        except MemoryError:
            raise
        except Exception:  # the metadata can be damaged in many ways, and the picture is whole
            upright = picture.copy()
        return upright, [f"the first of {num_frames} frames"] if num_frames > 1 else []


@contextmanager
def _large_pictures() -> Iterator[None]:
    """Let Pillow read pictures up to `_MAX_MEGAPIXELS`."""
    before = Image.MAX_IMAGE_PIXELS
    # Pillow warns of more than this, and refuses twice of it.
    Image.MAX_IMAGE_PIXELS = _MAX_MEGAPIXELS * 500_000
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def _correct_transparent_level(picture: ImageFile.ImageFile) -> None:
    """Scale a PNG file's transparent level to Pillow's bit depth."""
    level, depth = picture.info.get("transparency"), picture.tile[0][3] if picture.tile else None
    if isinstance(level, int) and depth in _LEVEL_FACTORS:
        picture.info["transparency"] = level * _LEVEL_FACTORS[depth]
    elif isinstance(level, tuple) and depth == "RGB;16B":
        picture.info["transparency"] = tuple(value >> 8 for value in level)


def _levels(picture: Image.Image) -> _Levels:
    """Return the picture in 8-bit grey, with its opacity."""
    if picture.mode.startswith(("I", "F")):
        return _scaled(picture)
    grey_change = () if picture.mode in ("L", "LA", "La") else ("turned grey",)
    if picture.mode == "LAB":
        return _Levels(picture.getchannel("L"), None, grey_change)
    if not picture.has_transparency_data:
        return _Levels(picture.convert("L"), None, grey_change)
    colours = picture.convert("RGBA")
    alpha = colours.getchannel("A")
    return _Levels(colours.convert("L"), None if alpha.getextrema()[0] == 255 else alpha, grey_change)


def _scaled(picture: Image.Image) -> _Levels:
    """Return a 16-bit, 32-bit or float picture in 8 bits.

    Pillow's own conversion cuts everything above 255 off.
    """
    values = np.asarray(picture, np.float64)
    seen = ~np.isnan(values)
    if "transparency" in picture.info:
        seen &= values != picture.info["transparency"]
    grey = np.where(seen, _to_bytes(values), 0).astype(np.uint8)
    if seen.all():
        return _Levels(Image.fromarray(grey), None, ("brought to 8 bits",))
    alpha = Image.fromarray(np.where(seen, 255, 0).astype(np.uint8))
    num_holes = int(np.isnan(values).sum())
    holes = f"left out what is not a number ({num_holes} of {values.size} pixels)"
    changes = ("brought to 8 bits", *((holes,) if num_holes else ()))
    return _Levels(Image.fromarray(grey), alpha, changes)


def _to_bytes(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale values to 0 to 255, infinite ones to the ends."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return np.where(values > 0, 255.0, 0.0)
    # halved, since the span of the largest floats is larger than any of them
    low, high = finite.min() / 2, finite.max() / 2
    span = max(high - low, np.finfo(np.float64).tiny)
    with np.errstate(invalid="ignore", over="ignore"):
        shares = np.clip((values / 2 - low) / span, 0, 1)
    levels: NDArray[np.float64] = np.rint(np.nan_to_num(shares) * 255)
    return levels


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
    if form.ground is None or abs(255 - tone - form.ground) >= abs(tone - form.ground):
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
        return _Fitted(np.asarray(grey, np.uint8), ())
    padded = ImageOps.pad(
        grey, (form.width, form.height), Image.Resampling.LANCZOS, color=_background(grey)
    )
    before, after = f"{grey.width} x {grey.height}", f"{form.width} x {form.height}"
    change = f"resized from {before} to fit {after}, keeping its proportions"
    return _Fitted(np.asarray(padded, np.uint8), (change,))


def _background(grey: Image.Image) -> int:
    """Return the median of the outermost pixels, 0 to 255."""
    values = np.asarray(grey)
    frame = np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])
    return int(np.median(frame))
