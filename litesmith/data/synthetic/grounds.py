"""What lies behind the shapes: black, white, or something like a photograph."""

from collections.abc import Iterator

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

from litesmith.params.sections.dataset import Ground

Floats = NDArray[np.float32]

# Points of the coarse and the fine grid that a texture is enlarged from, and how strong each is.
_GRIDS = ((3, 0.5), (7, 0.3))


def draw_grounds(ground: Ground, shape: tuple[int, int, int, int], rng: Generator) -> Floats:
    """Draw grounds, float32 (n, height, width, channels) in [0, 1].

    A ground is 0 all over for dark and 1 for light; for any it has a tone of its own with
    a texture and, in colour, a tint.
    """
    if ground != "any":
        return np.full(shape, 0 if ground == "dark" else 1, np.float32)
    num, _, _, channels = shape
    tone = rng.uniform(0.2, 0.8, (num, 1, 1, 1)).astype(np.float32)
    tint = rng.uniform(-0.12, 0.12, (num, 1, 1, channels)).astype(np.float32)
    texture = np.stack(list(_textures(shape, rng)))
    texture *= rng.uniform(0.15, 0.5, (num, 1, 1, 1)).astype(np.float32)
    grounds: Floats = np.clip(texture + (tone if channels == 1 else tone + tint), 0, 1)
    return grounds


def _textures(shape: tuple[int, int, int, int], rng: Generator) -> Iterator[Floats]:
    """Yield smooth random patterns around 0, float32 (height, width, channels)."""
    num, height, width, channels = shape
    grids = [
        (rng.integers(0, 256, (num, side, side, channels), np.uint8), weight) for side, weight in _GRIDS
    ]
    for row in range(num):
        layers = [weight * _enlarged(grid[row], height, width) for grid, weight in grids]
        yield sum(layers[1:], layers[0])


def _enlarged(grid: NDArray[np.uint8], height: int, width: int) -> Floats:
    """Enlarge a grid smoothly to (height, width, channels), with values from -0.5 to 0.5."""
    picture = Image.fromarray(grid if grid.shape[-1] == 3 else grid[..., 0])
    # Pillow enlarges 8-bit pictures with whole numbers, which are the same everywhere.
    large = np.asarray(picture.resize((width, height), Image.Resampling.BICUBIC))
    return large.reshape(height, width, -1).astype(np.float32) / np.float32(255) - np.float32(0.5)
