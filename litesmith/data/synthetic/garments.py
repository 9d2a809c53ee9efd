"""Synthetic images of garments.

Ten classes in the order of Fashion-MNIST, light on black. The same seed gives the same bytes. A small
convolutional network learns most of it; shirts, pullovers and coats are hard to tell apart in both.
"""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from litesmith.data.synthetic.grounds import draw_grounds
from litesmith.data.synthetic.outlines import Piece, Placement, box, rasterize, symmetric
from litesmith.errors import ParamsError
from litesmith.params.sections.dataset import Ground

# Of a side in pixels, and of classes.
SIDE, NUM_CLASSES = 28, 10

_GAP = 0


def draw_images(
    num_images: int, height: int, width: int, num_classes: int, seed: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Draw garments of all classes, evenly many and shuffled.

    The seed decides everything.

    Returns:
        Images, uint8 (num_images, height, width), light on black, and labels, uint8 (num_images,).

    Raises:
        ParamsError: ``num_classes`` is not the ten of Fashion-MNIST.
    """
    if num_classes != len(_GARMENTS):
        raise ParamsError(
            f"dataset.class_names must name {len(_GARMENTS)} classes for synthetic images, "
            f"got {num_classes}."
        )
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(num_images) % num_classes).astype(np.uint8)
    return draw_garments(labels, (height, width, 1), "dark", rng)[..., 0], labels


def draw_garments(
    labels: NDArray[np.uint8], shape: tuple[int, int, int], ground: Ground, rng: Generator
) -> NDArray[np.uint8]:
    """Draw the garment of each label.

    Args:
        labels: uint8 (n,), 0 to 9.
        shape: Height, width and channels, 1 or 3.
        ground: What lies behind: black, white, or a texture.
        rng: Decides everything that varies.

    Returns:
        uint8 (n, height, width, channels).
    """
    height, width, channels = shape
    if not len(labels):
        return np.empty((0, *shape), np.uint8)
    tones = np.stack([_draw_garment(int(label), height, width, rng) for label in labels])
    woven = _woven(tones, rng)[..., None]
    if ground == "dark" and channels == 1:
        return woven
    return _on_ground(tones[..., None], woven, channels, ground, rng)


def _on_ground(
    tones: NDArray[np.uint8], woven: NDArray[np.uint8], channels: int, ground: Ground, rng: Generator
) -> NDArray[np.uint8]:
    """Lay garments, uint8 (n, height, width, 1), on a ground, dyed if in colour."""
    num, height, width, _ = woven.shape
    cloth = woven.astype(np.float32) / np.float32(255)
    if channels == 3:
        cloth = cloth * rng.uniform(0.35, 1, (num, 1, 1, channels)).astype(np.float32)
    if ground == "dark":
        pixels = cloth
    elif ground == "light":
        pixels = 1 - cloth
    else:
        behind = draw_grounds(ground, (num, height, width, channels), rng)
        cover = np.minimum(tones.astype(np.float32) / np.float32(64), 1)
        is_dark = behind[:, :1, :1, :1] < 0.5
        pixels = behind + cover * (np.where(is_dark, cloth, 1 - cloth) - behind)
    images: NDArray[np.uint8] = np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8)
    return images


def _draw_garment(label: int, height: int, width: int, rng: Generator) -> NDArray[np.uint8]:
    """Draw a garment, uint8 (height, width), turned, scaled and shifted a little."""
    scale_x, scale_y = rng.uniform(0.95, 1.18, 2)
    turn, shear = rng.uniform(-0.09, 0.09, 2)
    shift = rng.uniform(-0.05, 0.05, 2)
    place = Placement(np.array([scale_x, turn]), np.array([shear - turn, scale_y]), shift)
    return rasterize(_GARMENTS[label](rng), height, width, place)


def _woven(tones: NDArray[np.uint8], rng: Generator) -> NDArray[np.uint8]:
    """Give garments, uint8 (n, height, width), shade, gradient, stripes, wear and noise."""
    num, height, width = tones.shape
    each = (num, 1, 1)
    down = np.linspace(-0.5, 0.5, height).reshape(1, height, 1)
    across = np.linspace(-0.5, 0.5, width).reshape(1, 1, width)
    shade = rng.uniform(0.5, 1.15, each)
    slope = rng.uniform(-0.35, 0.35, each) * down + rng.uniform(-0.35, 0.35, each) * across
    cloth = shade * (1 + slope + _stripes(num, height, width, rng)) + rng.normal(0, 0.07, tones.shape)
    faint = np.maximum(rng.normal(-0.05, 0.03, tones.shape), 0)
    pixels = np.clip(tones / 255 * cloth * _patches(down, across, num, rng) + faint, 0, 1)
    return np.rint(pixels * 255).astype(np.uint8)


def _stripes(num: int, height: int, width: int, rng: Generator) -> NDArray[np.float64]:
    """Return dark stripes for about a third of the garments."""
    strength = rng.uniform(0, 0.5, (num, 1, 1)) * (rng.random((num, 1, 1)) < 0.35)
    period = rng.integers(4, 8, (num, 1, 1))
    upright = rng.random((num, 1, 1)) < 0.5
    count = np.where(upright, np.arange(width), np.arange(height).reshape(height, 1))
    bars: NDArray[np.float64] = -strength * (count % period < period // 2)
    return bars


def _patches(
    down: NDArray[np.float64], across: NDArray[np.float64], num: int, rng: Generator
) -> NDArray[np.float64]:
    """Return factors that darken a box on half the garments."""
    size = rng.uniform(0.05, 0.16, (2, num, 1, 1))
    centre = rng.uniform(-0.3, 0.3, (2, num, 1, 1))
    inside = (abs(down - centre[0]) < size[0]) & (abs(across - centre[1]) < size[1])
    strength = rng.uniform(0.0, 0.9, (num, 1, 1)) * (rng.random((num, 1, 1)) < 0.5)
    factors: NDArray[np.float64] = 1 - strength * inside
    return factors


def _top(rng: Generator, *, sleeve: float, length: float, waist: float, hem: float) -> Piece:
    """Draw what is worn above: a body with two sleeves.

    Lengths of sleeves (0 for none) and body are shares of the image; ``waist`` and ``hem`` are half the
    body's width below the arms and at its lower end.
    """
    top = 0.5 - length / 2
    neck, shoulder = rng.uniform(0.06, 0.12), rng.uniform(0.19, 0.25)
    spread, cuff = rng.uniform(0.25, 0.55), rng.uniform(0.08, 0.12)
    end_x, end_y = 0.5 + shoulder + sleeve * spread, top + 0.04 + sleeve
    collar = (0.5, top + rng.uniform(0.02, 0.08))
    arm = [(end_x, end_y), (end_x - cuff, end_y + 0.03)] if sleeve > 0 else []
    side = [(0.5 + waist, top + rng.uniform(0.16, 0.22)), (0.5 + waist, 0.5), (0.5 + hem, top + length)]
    return Piece(symmetric([collar, (0.5 + neck, top), (0.5 + shoulder, top + 0.04), *arm, *side]))


def _front(rng: Generator, top: float, bottom: float, half_width: float) -> Piece:
    """Draw the line down an open front, randomly toned."""
    middle = 0.5 + rng.uniform(-0.03, 0.03)
    return Piece(box(middle - half_width, top, middle + half_width, bottom), int(rng.integers(20, 235)))


def _tshirt(rng: Generator) -> list[Piece]:
    waist = rng.uniform(0.18, 0.25)
    sleeve, length = rng.uniform(0.1, 0.26), rng.uniform(0.66, 0.84)
    return [_top(rng, sleeve=sleeve, length=length, waist=waist, hem=waist + rng.uniform(-0.02, 0.03))]


def _trouser(rng: Generator) -> list[Piece]:
    hip, hem, gap = rng.uniform(0.13, 0.19), rng.uniform(0.15, 0.22), rng.uniform(0.02, 0.05)
    body = [(0.5, 0.06), (0.5 + hip, 0.06), (0.5 + hip + 0.02, 0.3), (0.5 + hem, 0.94)]
    crotch = rng.uniform(0.3, 0.45)
    return [Piece(symmetric([*body, (0.5 + gap, 0.94), (0.5 + gap / 2, crotch)]))]


def _pullover(rng: Generator) -> list[Piece]:
    waist = rng.uniform(0.19, 0.26)
    sleeve, length = rng.uniform(0.5, 0.66), rng.uniform(0.68, 0.82)
    body = _top(rng, sleeve=sleeve, length=length, waist=waist, hem=waist + rng.uniform(-0.03, 0.01))
    band = 0.5 + length / 2 - rng.uniform(0.05, 0.09)
    return [body, Piece(box(0.5 - waist, band, 0.5 + waist, band + 0.03), int(rng.integers(90, 240)))]


def _dress(rng: Generator) -> list[Piece]:
    sleeve = float(rng.choice([0.0, rng.uniform(0.08, 0.2), rng.uniform(0.3, 0.5)], p=[0.6, 0.25, 0.15]))
    waist, length = rng.uniform(0.1, 0.16), rng.uniform(0.84, 0.94)
    return [_top(rng, sleeve=sleeve, length=length, waist=waist, hem=waist + rng.uniform(0.03, 0.16))]


def _coat(rng: Generator) -> list[Piece]:
    waist = rng.uniform(0.19, 0.25)
    sleeve, length = rng.uniform(0.52, 0.7), rng.uniform(0.78, 0.92)
    body = _top(rng, sleeve=sleeve, length=length, waist=waist, hem=waist + rng.uniform(0.0, 0.05))
    return [body, _front(rng, 0.5 - length / 2 + 0.05, 0.5 + length / 2, rng.uniform(0.012, 0.03))]


def _sandal(rng: Generator) -> list[Piece]:
    sole, heel = rng.uniform(0.66, 0.72), rng.uniform(0.03, 0.2)
    base = [(0.06, sole), (0.55, sole), (0.94, sole - heel), (0.96, sole)]
    base += [(0.9, sole + 0.07), (0.06, sole + 0.07)]
    starts = np.sort(rng.uniform(0.1, 0.75, int(rng.integers(2, 5))))
    height, thick = rng.uniform(0.14, 0.3), rng.uniform(0.04, 0.07)
    lean, end = rng.uniform(0.0, 0.14), sole - height
    straps = [
        Piece([(x, sole), (x + lean, end), (x + lean + thick, end), (x + thick, sole)])
        for x in starts.tolist()
    ]
    bar = Piece(box(starts[0] + lean, end, starts[-1] + lean + thick, end + thick))
    return [Piece(base), *straps, bar]


def _shirt(rng: Generator) -> list[Piece]:
    waist = rng.uniform(0.18, 0.25)
    sleeve, length = rng.uniform(0.16, 0.64), rng.uniform(0.68, 0.86)
    body = _top(rng, sleeve=sleeve, length=length, waist=waist, hem=waist + rng.uniform(-0.02, 0.04))
    bottom = 0.5 + length * rng.uniform(0.1, 0.5)
    return [body, _front(rng, 0.5 - length / 2 + 0.03, bottom, rng.uniform(0.01, 0.02))]


def _sneaker(rng: Generator) -> list[Piece]:
    sole, ankle = rng.uniform(0.66, 0.74), rng.uniform(0.2, 0.34)
    upper = [(0.05, sole - 0.1), (0.25, sole - 0.16), (rng.uniform(0.48, 0.6), sole - ankle)]
    upper += [(0.92, sole - ankle + 0.03), (0.95, sole)]
    band = Piece(box(0.05, sole - 0.03, 0.95, sole), int(rng.integers(60, 240)))
    return [Piece([*upper, (0.93, sole + 0.05), (0.05, sole + 0.05)]), band]


def _bag(rng: Generator) -> list[Piece]:
    top, half, flare = rng.uniform(0.3, 0.5), rng.uniform(0.28, 0.42), rng.uniform(-0.06, 0.06)
    body = symmetric([(0.5, top), (0.5 + half, top), (0.5 + half + flare, 0.88)])
    reach, rise, thick = rng.uniform(0.1, 0.24), rng.uniform(0.08, 0.22), rng.uniform(0.03, 0.06)
    handle = box(0.5 - reach, top - rise, 0.5 + reach, top)
    hole = box(0.5 - reach + thick, top - rise + thick, 0.5 + reach - thick, top)
    start = top + rng.uniform(0.08, 0.2)
    flap = Piece(box(0.5 - half, start, 0.5 + half, top + 0.22), int(rng.integers(90, 255)))
    return [Piece(handle), Piece(hole, _GAP), Piece(body), flap]


def _boot(rng: Generator) -> list[Piece]:
    shaft, sole = rng.uniform(0.08, 0.36), rng.uniform(0.78, 0.86)
    front, toe = rng.uniform(0.42, 0.56), rng.uniform(0.05, 0.12)
    upper = [(toe, sole - 0.14), (front, sole - 0.3), (front, shaft), (0.9, shaft), (0.93, sole + 0.08)]
    heel = [(0.68, sole + 0.08), (0.66, sole), (toe, sole)]
    return [Piece([*upper, *heel])]


_GARMENTS = (_tshirt, _trouser, _pullover, _dress, _coat, _sandal, _shirt, _sneaker, _bag, _boot)
