"""Filled outlines, and how they become pixels.

Trigonometry and matrix products are left out: how their last digits round depends on the processor.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

_OVERSAMPLING = 4
_BODY = 255

Outline = list[tuple[float, float]]


@dataclass(frozen=True)
class Piece:
    """A filled outline in units of the image; tone 0 to 255."""

    outline: Outline
    tone: int = _BODY


@dataclass(frozen=True)
class Placement:
    """An affine map about the image's centre, in units of the image.

    Attributes:
        along_x: Where a step to the right leads, float64 (2,).
        along_y: Where a step down leads, float64 (2,).
        shift: float64 (2,).
    """

    along_x: NDArray[np.float64]
    along_y: NDArray[np.float64]
    shift: NDArray[np.float64]


def rasterize(pieces: list[Piece], height: int, width: int, place: Placement) -> NDArray[np.uint8]:
    """Draw pieces over each other on black, uint8 (height, width), with smooth edges."""
    canvas = Image.new("L", (width * _OVERSAMPLING, height * _OVERSAMPLING), 0)
    pen = ImageDraw.Draw(canvas)
    for piece in pieces:
        points = np.asarray(piece.outline) - 0.5
        points = points[:, :1] * place.along_x + points[:, 1:] * place.along_y + place.shift + 0.5
        pen.polygon([(x * canvas.width, y * canvas.height) for x, y in points.tolist()], fill=piece.tone)
    return np.asarray(canvas.reduce(_OVERSAMPLING))


def symmetric(right: Outline) -> Outline:
    """Close an outline with the flipped copy of its right half, top down."""
    return [*right, *((1 - x, y) for x, y in reversed(right))]


def mirrored(outline: Outline) -> Outline:
    """Return the mirror image of an outline, left for right."""
    return [(1 - x, y) for x, y in outline]


def box(left: float, top: float, right: float, bottom: float) -> Outline:
    """Return the outline of an upright box."""
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def disc(radius: float) -> Outline:
    """Return the outline of a disc in the middle."""
    # Rational points of the circle: (1 - t²)/(1 + t²), 2t/(1 + t²).
    ends = [-1 + 0.25 * step for step in range(9)]
    return symmetric(
        [
            (0.5 + radius * (1 - end * end) / (1 + end * end), 0.5 + radius * 2 * end / (1 + end * end))
            for end in ends
        ]
    )
