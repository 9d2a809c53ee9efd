"""Pixels of a decoded picture, their digest, and their data set's form."""

import hashlib
import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from litesmith.errors import DataError
from litesmith.params.sections.dataset import ImageForm
from litesmith.records.form import FILLS

_DIGEST_BYTES = 16
# Every so manieth pixel is looked at first: most colour pictures show there that they are.
_PEEK_STEP = 61
# What remains to be resized with Lanczos' filter is at least so much larger than the result.
_REDUCING_GAP = 3.0


@dataclass(frozen=True)
class Pixels:
    """Upright pixels of a picture in 8 bits, whatever its file.

    Attributes:
        colours: uint8 (height, width, channels), of 1 channel if grey, else of 3; 0 where transparent.
        alpha: Opacity, uint8 (height, width); None if all of it is opaque.
    """

    colours: NDArray[np.uint8]
    alpha: NDArray[np.uint8] | None

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.colours.shape[0], self.colours.shape[1]

    def digest(self) -> str:
        """Return BLAKE2b of shape and bytes as 32 hex digits.

        The opacity, if there is some, counts as the last channel.
        """
        every = self.colours if self.alpha is None else np.dstack([self.colours, self.alpha])
        digest = hashlib.blake2b(struct.pack("<3I", *every.shape), digest_size=_DIGEST_BYTES)
        digest.update(np.ascontiguousarray(every).data)
        return digest.hexdigest()

    def grey(self) -> NDArray[np.uint8]:
        """Return grey levels by ITU-R BT.601, uint8 (height, width)."""
        if self.colours.shape[2] == 1:
            return self.colours[:, :, 0]
        return np.asarray(Image.fromarray(self.colours).convert("L"))

    def in_form(self, form: ImageForm) -> NDArray[np.uint8]:
        """Return the picture as a data set has it, uint8 (height, width, channels).

        What is transparent shows the ground. A picture of the declared size keeps its pixels.

        Raises:
            DataError: Padded, it would be a line too thin to be seen.
        """
        laid = Pixels(self.on(FILLS[form.ground]), None)
        channels = laid.grey()[:, :, None] if form.channels == 1 else laid.colours
        if channels.shape[2] < form.channels:
            channels = np.repeat(channels, form.channels, axis=2)
        return channels if self.size == (form.height, form.width) else _fitted(channels, form)

    def on(self, level: int) -> NDArray[np.uint8]:
        """Lay the picture on a grey level."""
        if self.alpha is None:
            return self.colours
        # In integers, rounded: (x * alpha + ground * (255 - alpha)) / 255.
        alpha = self.alpha[:, :, None].astype(np.uint32)
        mixed = self.colours * alpha + level * (255 - alpha)
        return ((mixed + 127) // 255).astype(np.uint8)


def canonical(values: NDArray[np.uint8]) -> Pixels:
    """Return the pixels of a decoded picture in the one way that is hashed.

    Colours whose three channels are the same everywhere become grey; opacity is left out where all is
    opaque; the colours of wholly transparent pixels become 0.

    Args:
        values: uint8 (height, width), or (height, width, channels): grey, grey and opacity, colour, or
            colour and opacity.
    """
    if values.ndim == 2:
        values = values[:, :, None]
    alpha = None
    if values.shape[2] in (2, 4):
        values, alpha = values[:, :, :-1], values[:, :, -1]
        if alpha.min(initial=255) == 255:
            alpha = None
        else:
            values = np.where(alpha[:, :, None] > 0, values, np.uint8(0))
    return Pixels(values[:, :, :1] if _is_grey(values) else values, alpha)


def require_extent(size: tuple[int, int], target: tuple[int, int], name: str) -> None:
    """Raise unless a picture can be padded to a size, both height and width.

    Raises:
        DataError: Its shorter side would be half a pixel or less.
    """
    (height, width), (target_height, target_width) = size, target
    if min(height, width) * min(target_width / width, target_height / height) <= 0.5:
        raise DataError(f"{name} is a line of {width} x {height} pixels. Expected a picture.")


def _is_grey(values: NDArray[np.uint8]) -> bool:
    if values.shape[2] == 1:
        return True
    flat = values.reshape(-1, 3)
    first, rest = flat[:, :1], flat[:, 1:]
    return bool((first[::_PEEK_STEP] == rest[::_PEEK_STEP]).all() and (first == rest).all())


def _fitted(channels: NDArray[np.uint8], form: ImageForm) -> NDArray[np.uint8]:
    """Bring a picture to the declared size, padded, cropped in its middle or stretched."""
    picture = Image.fromarray(channels[:, :, 0] if form.channels == 1 else channels)
    width, height = picture.size
    size = form.width, form.height
    if form.fit == "crop":
        scale = min(width / form.width, height / form.height)
        left, top = (width - form.width * scale) / 2, (height - form.height * scale) / 2
        fitted = _resized(picture, size, (left, top, width - left, height - top))
    elif form.fit == "stretch":
        fitted = _resized(picture, size)
    else:
        fitted = _padded(picture, form)
    return np.asarray(fitted).reshape(form.height, form.width, form.channels)


def _padded(picture: Image.Image, form: ImageForm) -> Image.Image:
    """Keep a picture's proportions, with the ground around it."""
    require_extent((picture.height, picture.width), (form.height, form.width), "the picture")
    scale = min(form.width / picture.width, form.height / picture.height)
    width, height = round(picture.width * scale), round(picture.height * scale)
    level = FILLS[form.ground]
    fill = level if form.channels == 1 else (level,) * 3
    padded = Image.new(picture.mode, (form.width, form.height), fill)
    place = round((form.width - width) / 2), round((form.height - height) / 2)
    padded.paste(_resized(picture, (width, height)), place)
    return padded


def _resized(
    picture: Image.Image,
    size: tuple[int, int],
    box: tuple[float, float, float, float] | None = None,
) -> Image.Image:
    """Resize a picture, or a part of it, to a width and height.

    A large one is reduced by a whole factor first, which takes half the time.
    """
    return picture.resize(size, Image.Resampling.LANCZOS, box, reducing_gap=_REDUCING_GAP)
