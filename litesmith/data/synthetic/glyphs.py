"""What each class of shapes looks like.

All shapes but the arrows are their own mirror images. A class is one of sixteen outlines; where there
are more classes, each group of sixteen has other marks around it; in colour, every outline is there in
warm and in cold colours, so that neither outline nor colour tells the class alone.
"""

from dataclasses import dataclass
from typing import Literal

from litesmith.data.synthetic.outlines import Outline, Piece, box, disc, mirrored, symmetric

_GAP = 0
# How large an outline is with marks around it.
_INNER = 0.62

Hue = Literal["warm", "cold", "any"]


@dataclass(frozen=True)
class Glyph:
    """The shape of a class: name, pieces and colours."""

    name: str
    pieces: tuple[Piece, ...]
    hue: Hue = "any"


def make_glyphs(num_classes: int, *, coloured: bool, mirrored_pair: bool) -> tuple[Glyph, ...]:
    """Return the shape of each class, all of them different.

    Args:
        num_classes: 2 to 256.
        coloured: Whether colour tells classes apart too.
        mirrored_pair: Whether the first two are an arrow to the right and one to the left.
    """
    arrows = _ARROWS if mirrored_pair else ()
    hues: tuple[Hue, ...] = ("warm", "cold") if coloured else ("any",)
    num_shapes = -(-(num_classes - len(arrows)) // len(hues))
    marked = num_shapes > len(_OUTLINES)
    shapes = [_shape(number, marked) for number in range(max(num_shapes, 0))]
    others = [Glyph(_named(shape.name, hue), shape.pieces, hue) for shape in shapes for hue in hues]
    return (*arrows, *others)[:num_classes]


def class_names(num_classes: int, *, coloured: bool, mirrored_pair: bool) -> tuple[str, ...]:
    """Return what the classes of `make_glyphs` show, in words of letters and spaces."""
    glyphs = make_glyphs(num_classes, coloured=coloured, mirrored_pair=mirrored_pair)
    return tuple(glyph.name for glyph in glyphs)


def _named(name: str, hue: Hue) -> str:
    return name if hue == "any" else f"{hue} {name}"


def _shape(number: int, marked: bool) -> Glyph:
    """Return an outline with marks around it; the first sixteen have none."""
    name, pieces = tuple(_OUTLINES.items())[number % len(_OUTLINES)]
    if not marked:
        return Glyph(name, pieces)
    chosen = [
        mark for bit, mark in enumerate(_MARKS) if number // len(_OUTLINES) & (1 << bit)
    ]  # fmt: skip
    inner = [Piece([_smaller(point) for point in piece.outline], piece.tone) for piece in pieces]
    marks = [Piece(outline) for mark in chosen for outline in _MARKS[mark]]
    return Glyph(" ".join([name, *chosen]), (*inner, *marks))


def _smaller(point: tuple[float, float]) -> tuple[float, float]:
    return 0.5 + (point[0] - 0.5) * _INNER, 0.5 + (point[1] - 0.5) * _INNER


def _whole(*right: tuple[float, float]) -> tuple[Piece, ...]:
    """Return one piece from its right half, top down."""
    return (Piece(symmetric(list(right))),)


def _cut(outer: Outline, inner: Outline) -> tuple[Piece, ...]:
    return Piece(outer), Piece(inner, _GAP)


# Those that are told apart most easily come first.
_OUTLINES: dict[str, tuple[Piece, ...]] = {
    "disc": (Piece(disc(0.34)),),
    "cross": _whole((0.61, 0.13), (0.61, 0.39), (0.87, 0.39), (0.87, 0.61), (0.61, 0.61), (0.61, 0.87)),
    "triangle": _whole((0.5, 0.12), (0.9, 0.84)),
    "ring": _cut(disc(0.38), disc(0.2)),
    "tee": _whole((0.86, 0.14), (0.86, 0.36), (0.61, 0.36), (0.61, 0.87)),
    "hourglass": _whole((0.84, 0.13), (0.54, 0.5), (0.84, 0.87)),
    "cup": _cut(box(0.15, 0.15, 0.85, 0.85), box(0.36, 0.14, 0.64, 0.62)),
    "beams": (Piece(box(0.14, 0.18, 0.86, 0.39)), Piece(box(0.14, 0.61, 0.86, 0.82))),
    "saltire": _whole(
        (0.5, 0.36), (0.73, 0.13), (0.87, 0.27), (0.64, 0.5), (0.87, 0.73), (0.73, 0.87), (0.5, 0.64)
    ),
    "arch": _cut(box(0.15, 0.15, 0.85, 0.85), box(0.36, 0.38, 0.64, 0.86)),
    "posts": (Piece(box(0.18, 0.14, 0.39, 0.86)), Piece(box(0.61, 0.14, 0.82, 0.86))),
    "wedge": _whole((0.9, 0.16), (0.5, 0.88)),
    "frame": _cut(box(0.16, 0.16, 0.84, 0.84), box(0.35, 0.35, 0.65, 0.65)),
    "bow": _whole((0.5, 0.42), (0.88, 0.14), (0.88, 0.86), (0.5, 0.58)),
    "diamond": _whole((0.5, 0.1), (0.88, 0.5), (0.5, 0.9)),
    "tree": _whole((0.5, 0.1), (0.87, 0.58), (0.6, 0.58), (0.6, 0.9)),
}
_MARKS: dict[str, tuple[Outline, ...]] = {
    "topped": (box(0.22, 0.03, 0.78, 0.12),),
    "underlined": (box(0.22, 0.88, 0.78, 0.97),),
    "flanked": (box(0.03, 0.34, 0.12, 0.66), box(0.88, 0.34, 0.97, 0.66)),
    "cornered": (
        box(0.02, 0.02, 0.14, 0.14),
        box(0.86, 0.02, 0.98, 0.14),
        box(0.02, 0.86, 0.14, 0.98),
        box(0.86, 0.86, 0.98, 0.98),
    ),
}
_ARROW: Outline = [
    (0.12, 0.39),
    (0.48, 0.39),
    (0.48, 0.15),
    (0.9, 0.5),
    (0.48, 0.85),
    (0.48, 0.61),
    (0.12, 0.61),
]
_ARROWS = (
    Glyph("right arrow", (Piece(_ARROW),)),
    Glyph("left arrow", (Piece(mirrored(_ARROW)),)),
)
