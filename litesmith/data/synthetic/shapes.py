"""Synthetic images of shapes: any number of classes, in any form.

Size, place, tone, light and what is around vary from image to image, so that brightness tells little.
The same arguments give the same bytes on every machine.
"""

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from litesmith.data.synthetic.glyphs import Glyph
from litesmith.data.synthetic.grounds import Floats, draw_grounds
from litesmith.data.synthetic.outlines import Placement, rasterize
from litesmith.params.sections.dataset import Ground

_CHUNK_VALUES = 1 << 21
_NUM_SPOTS = 2
# The hues of a colour circle from 0 to 1, on which 0 is red and 2/3 blue.
_HUES = {"warm": (-0.06, 0.15), "cold": (0.45, 0.68), "any": (0.0, 1.0)}


def draw_shapes(
    labels: NDArray[np.uint8],
    glyphs: Sequence[Glyph],
    shape: tuple[int, int, int],
    ground: Ground,
    difficulty: float,
    rng: Generator,
) -> NDArray[np.uint8]:
    """Draw the shape of each label.

    Args:
        labels: uint8 (n,), rows of ``glyphs``.
        glyphs: What each class looks like.
        shape: Height, width and channels, 1 or 3.
        ground: What lies behind: on dark the shapes are light, on light dark, on any either.
        difficulty: 0 to 1.
        rng: Decides everything that varies.

    Returns:
        uint8 (n, height, width, channels).
    """
    images = np.empty((len(labels), *shape), np.uint8)
    # In chunks, whose size follows from the form alone: floats of all images may not fit into memory.
    step = max(1, _CHUNK_VALUES // (shape[0] * shape[1] * shape[2]))
    for start in range(0, len(labels), step):
        chosen = [glyphs[label] for label in labels[start : start + step]]
        pixels = _compose(chosen, shape, ground, difficulty, rng)
        images[start : start + step] = np.rint(pixels * 255).astype(np.uint8)
    return images


def _compose(
    glyphs: Sequence[Glyph],
    shape: tuple[int, int, int],
    ground: Ground,
    difficulty: float,
    rng: Generator,
) -> Floats:
    """Return shapes on their ground with shade, clutter and noise, in [0, 1]."""
    num, (height, width, channels) = len(glyphs), shape
    behind = draw_grounds(ground, (num, *shape), rng)
    cover = _cover(glyphs, height, width, difficulty, rng)
    colour = _tones(ground, behind, difficulty, rng)
    if channels == 3:
        colour = _coloured(colour, np.array([_HUES[glyph.hue] for glyph in glyphs]), rng)
    colour = colour * _lights(num, height, width, rng)
    for _ in range(_NUM_SPOTS):
        behind = _spotted(behind, ground, difficulty, rng)
    noise = np.float32(0.02 + 0.12 * difficulty) * _bell((num, *shape), rng)
    if ground != "any":
        noise = _off_ground(noise, cover, ground)
    pixels: Floats = np.clip(behind + cover * (colour - behind) + noise, 0, 1)
    return pixels


def _cover(
    glyphs: Sequence[Glyph], height: int, width: int, difficulty: float, rng: Generator
) -> Floats:
    """Return how much of each pixel a glyph covers, float32 (n, height, width, 1)."""
    masks = np.stack([_mask(glyph, height, width, difficulty, rng) for glyph in glyphs])
    hidden = (rng.random((len(glyphs), 1, 1, 1)) < difficulty).astype(np.float32)
    hidden = hidden * _boxes(len(glyphs), height, width, (0.04, 0.04 + 0.12 * difficulty), rng)
    cover: Floats = masks[..., None].astype(np.float32) / np.float32(255) * (1 - hidden)
    return cover


def _spotted(behind: Floats, ground: Ground, difficulty: float, rng: Generator) -> Floats:
    """Return grounds with a box of another tone on each."""
    num, height, width, _ = behind.shape
    strength = rng.uniform(0, 0.9 * difficulty, (num, 1, 1, 1)).astype(np.float32)
    spot = strength * _boxes(num, height, width, (0.03, 0.12), rng)
    spotted: Floats = behind + spot * (_tones(ground, behind, difficulty, rng) - behind)
    return spotted


def _mask(glyph: Glyph, height: int, width: int, difficulty: float, rng: Generator) -> NDArray[np.uint8]:
    """Draw a glyph turned, scaled and shifted a little, uint8 (height, width)."""
    scale = rng.uniform(0.85 - 0.15 * difficulty, 1.05, 2)
    turn, shear = rng.uniform(-1, 1, 2) * (0.1 + 0.15 * difficulty)
    shift = rng.uniform(-1, 1, 2) * (0.04 + 0.08 * difficulty)
    place = Placement(np.array([scale[0], turn]), np.array([shear - turn, scale[1]]), shift)
    return rasterize(list(glyph.pieces), height, width, place)


def _tones(ground: Ground, behind: Floats, difficulty: float, rng: Generator) -> Floats:
    """Return tones apart from the ground's, float32 (n, 1, 1, 1)."""
    contrast = rng.uniform(0.5 - 0.3 * difficulty, 1, (len(behind), 1, 1, 1))
    if ground == "any":
        middle = behind[:, behind.shape[1] // 2, behind.shape[2] // 2, 0].reshape(contrast.shape)
        tones = middle + np.where(middle < 0.5, 1 - middle, -middle) * contrast
    else:
        tones = contrast if ground == "dark" else 1 - contrast
    return tones.astype(np.float32)


def _coloured(tone: Floats, hues: NDArray[np.float64], rng: Generator) -> Floats:
    """Return colours of tones and ranges of hue.

    From (n,) and (n, 2) to float32 (n, 1, 1, 3).
    """
    num = len(tone)
    hue = (hues[:, 0] + (hues[:, 1] - hues[:, 0]) * rng.random(num)).reshape(num, 1, 1, 1)
    # A full colour has one channel at 1, one at 0 and one between: a triangle wave for each.
    offset = (hue * 6 + np.array([0.0, 4.0, 2.0])) % 6
    pure = np.clip(abs(offset - 3) - 1, 0, 1)
    strength = rng.uniform(0.5, 0.9, (num, 1, 1, 1))
    light = np.where(tone < 0.5, tone + 0.25 * strength, tone)
    colours: Floats = (light * (1 - strength * (1 - pure))).astype(np.float32)
    return colours


def _lights(num: int, height: int, width: int, rng: Generator) -> Floats:
    """Return the light from one side, factors, float32 (n, height, width, 1)."""
    down, across = _axes(height, width)
    slope = rng.uniform(-0.4, 0.4, (2, num, 1, 1, 1)).astype(np.float32)
    lights: Floats = 1 + slope[0] * down + slope[1] * across
    return lights


def _boxes(num: int, height: int, width: int, half: tuple[float, float], rng: Generator) -> Floats:
    """Return 1 within a random box, else 0, float32 (n, height, width, 1).

    ``half`` has the least and the greatest half side, as a share of the image.
    """
    down, across = _axes(height, width)
    sides, centre = rng.uniform(*half, (2, num, 1, 1, 1)), rng.uniform(-0.45, 0.45, (2, num, 1, 1, 1))
    inside = (abs(down - centre[0]) < sides[0]) & (abs(across - centre[1]) < sides[1])
    boxes: Floats = inside.astype(np.float32)
    return boxes


def _bell(shape: tuple[int, ...], rng: Generator) -> Floats:
    """Return nearly normal values, of mean 0 and standard deviation 1.

    They are sums of whole numbers, which are the same everywhere.
    """
    sums = rng.integers(0, 256, (4, *shape), np.uint8).sum(axis=0, dtype=np.int16)
    values: Floats = (sums.astype(np.float32) - np.float32(510)) / np.float32(147.8)
    return values


def _axes(height: int, width: int) -> tuple[Floats, Floats]:
    """Return how far down and across each pixel's centre is, from -0.5 to 0.5."""
    down = ((np.arange(height) + 0.5) / height - 0.5).astype(np.float32)
    across = ((np.arange(width) + 0.5) / width - 0.5).astype(np.float32)
    return down.reshape(1, height, 1, 1), across.reshape(1, 1, width, 1)


def _off_ground(noise: Floats, cover: Floats, ground: Ground) -> Floats:
    """Return noise that leaves a plain ground nearly clean."""
    faint = np.maximum(abs(noise) - np.float32(0.08), 0)
    kept: Floats = noise * cover + (faint if ground == "dark" else -faint) * (1 - cover)
    return kept
