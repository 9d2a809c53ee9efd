"""Picture files of any common kind, decoded.

The one decoder, for data sets and for pictures to classify. EXIF turns a picture upright, deep ones
come to 8 bits, and what is transparent stays so until somebody lays it on a ground.
"""

import functools
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import psutil
from PIL import Image, ImageCms, ImageFile, ImageOps, UnidentifiedImageError

from litesmith.data.formats.levels import picture_in_bytes
from litesmith.data.formats.pixels import Pixels, canonical
from litesmith.errors import DataError

# The largest cameras of phones take 200; a file that claims more is taken for an attack on the memory.
_MAX_MEGAPIXELS = 250
# Pillow hands EPS files to a program of the system, which runs their code. MPEG and PDF it cannot read.
_NOT_READ = {"EPS", "MPEG", "PDF"}
# Pillow multiplies the levels of grey PNG files of few bits, but not the level that is transparent.
_LEVEL_FACTORS = {"L;2": 85, "L;4": 17}
# Where Pillow has the level or colour that is transparent.
_KEY = "transparency"
# Pictures of more megapixels than this are held against the memory that is free. Decoding takes up to so
# many bytes for each pixel, most where the picture is transparent in part.
_LARGE_MEGAPIXELS = 8
_BYTES_PER_PIXEL = 26


@dataclass(frozen=True)
class Decoded:
    """A decoded picture.

    Attributes:
        pixels: Upright, in 8 bits.
        changes: What was changed or left out, a phrase each, in order.
    """

    pixels: Pixels
    changes: tuple[str, ...]


def picture_suffixes() -> frozenset[str]:
    """Return the suffixes of pictures that are decoded, in lower case."""
    unread, known = _unread_formats(), Image.registered_extensions()
    return frozenset(suffix for suffix, name in known.items() if name not in unread)


def decode_picture(source: Path | BinaryIO, name: str) -> Decoded:
    """Decode a picture file, of an animation the first frame.

    Levels of more than 8 bits are scaled as `picture_in_bytes` does; what is no number is transparent.

    Args:
        source: The file, or a stream that can seek.
        name: Of the file, for messages.

    Raises:
        DataError: The file is missing, is no picture, is cut short, or has more than 250 megapixels.
        MemoryError: The picture does not fit into the memory that is free.
    """
    if isinstance(source, Path):
        _require_file(source, name)
    with _explaining(name):
        picture, changes = _opened(source)
        return _decoded(picture, changes)


def _require_file(path: Path, name: str) -> None:
    if not path.is_file():
        state = "is no ordinary file" if path.exists() else "is missing"
        state = "is a folder" if path.is_dir() else state
        expected = "Expected an image file, such as a PNG or a JPEG: check its name."
        raise DataError(f"{name} {state}. {expected}")


@contextmanager
def _explaining(name: str) -> Iterator[None]:
    """Turn any failure to read a picture into `DataError`."""
    try:
        yield
    except (MemoryError, DataError):
        raise
    except UnidentifiedImageError as error:
        expected = "Expected a PNG, JPEG or the like: save it as one."
        raise DataError(f"{name} is not a picture that can be read. {expected}") from error
    except PermissionError as error:
        raise DataError(f"{name} may not be read by this user. Change its permissions.") from error
    except Image.DecompressionBombError as error:
        limit = f"{_MAX_MEGAPIXELS} megapixels"
        raise DataError(f"{name} has more than {limit}. Make it smaller.") from error
    except Exception as error:  # Pillow's many readers raise many things over a damaged file
        why = str(error) or type(error).__name__
        fix = "Save it again as a PNG or JPEG."
        raise DataError(f"{name} cannot be read as a picture: {why}. {fix}") from error


@functools.cache
def _unread_formats() -> frozenset[str]:
    """Return the formats that are not read; of stubs Pillow knows the name alone."""
    Image.init()
    readers = ((name, reader) for name, (reader, _) in Image.OPEN.items() if isinstance(reader, type))
    stubs = {name for name, reader in readers if issubclass(reader, ImageFile.StubImageFile)}
    return frozenset(_NOT_READ | stubs)


@functools.cache
def _read_formats() -> tuple[str, ...]:
    unread = _unread_formats()
    return tuple(name for name in Image.OPEN if name not in unread)


def _opened(source: Path | BinaryIO) -> tuple[Image.Image, list[str]]:
    """Read a picture, upright, and say what was left out."""
    with _large_pictures(), Image.open(source, formats=_read_formats()) as picture:
        _require_memory(picture.size)
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


def _require_memory(size: tuple[int, int]) -> None:
    """Raise `MemoryError` for a large picture, before it is decoded."""
    num_pixels = size[0] * size[1]
    if num_pixels == 0:
        raise ValueError("it has no pixels")
    if num_pixels <= _LARGE_MEGAPIXELS * 10**6:
        return
    needed, available = num_pixels * _BYTES_PER_PIXEL, psutil.virtual_memory().available
    if needed > available:
        raise MemoryError(f"{needed} bytes are needed, and {available} are free")


def _correct_transparent_level(picture: ImageFile.ImageFile) -> None:
    """Scale a PNG file's transparent level to Pillow's bit depth."""
    level, depth = picture.info.get(_KEY), picture.tile[0][3] if picture.tile else None
    if isinstance(level, int) and depth in _LEVEL_FACTORS:
        picture.info[_KEY] = level * _LEVEL_FACTORS[depth]
    elif isinstance(level, tuple) and depth == "RGB;16B":
        picture.info[_KEY] = tuple(value >> 8 for value in level)


def _decoded(picture: Image.Image, changes: list[str]) -> Decoded:
    """Return a picture's pixels in 8 bits, with their opacity."""
    if picture.mode.startswith(("I", "F")):
        return _scaled(picture, changes)
    if picture.mode == "LAB":
        colours = ImageCms.profileToProfile(
            picture, ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
        if colours is None:
            raise ValueError("its colours cannot be converted")
        return Decoded(canonical(np.asarray(colours)), tuple(changes))
    if picture.has_transparency_data:
        mode = "LA" if picture.mode in ("LA", "La") else "RGBA"
    else:
        mode = "L" if picture.mode in ("L", "1") else "RGB"
    return Decoded(canonical(np.asarray(picture.convert(mode))), tuple(changes))


def _scaled(picture: Image.Image, changes: list[str]) -> Decoded:
    """Return a 16-bit, 32-bit or float picture in 8 bits.

    Pillow's own conversion cuts everything above 255 off.
    """
    values = np.asarray(picture)
    changes = [*changes, "brought to 8 bits"]
    holes = np.isnan(values) if values.dtype.kind == "f" else np.zeros(values.shape, bool)
    seen = ~holes
    if _KEY in picture.info:
        seen &= values != picture.info[_KEY]
    grey = np.where(seen, picture_in_bytes(values), 0).astype(np.uint8)
    if seen.all():
        return Decoded(canonical(grey), tuple(changes))
    if num_holes := int(holes.sum()):
        changes.append(f"left out what is not a number ({num_holes} of {values.size} pixels)")
    alpha = np.where(seen, 255, 0).astype(np.uint8)
    return Decoded(canonical(np.stack([grey, alpha], axis=2)), tuple(changes))
