"""Batches of small pictures, made by seeded code."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from litesmith.params.sections.dataset import LabelledForm, Shares

CLASSES = ("ant", "bee", "fly")
SIDE = 6


def form(**values: Any) -> LabelledForm:
    """Return the form of the pictures that `write_pictures` writes."""
    own = {"height": SIDE, "width": SIDE, "channels": 1, "fit": "pad", "ground": "dark"}
    return LabelledForm.model_validate({**own, "classes": None, "mirror_safe": False, **values})


def shares(**values: float) -> Shares:
    """Return shares that leave half for training."""
    return Shares(**{"test": 0.2, "validation": 0.15, "gate": 0.15, **values})


def write_pictures(folder: Path, per_class: int, seed: int, classes: tuple[str, ...] = CLASSES) -> Path:
    """Write noise as PNG files, a folder for each class."""
    rng = np.random.default_rng(seed)
    for name in classes:
        (folder / name).mkdir(parents=True)
        for number in range(per_class):
            pixels = rng.integers(0, 256, (SIDE, SIDE), np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number:03}.png")
    return folder


def write_arrays(path: Path, num_images: int, seed: int) -> Path:
    """Write noise as one ``.npz`` file with integer labels."""
    rng = np.random.default_rng(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    images = rng.integers(0, 256, (num_images, SIDE, SIDE), np.uint8)
    np.savez(path, images=images, labels=np.arange(num_images) % len(CLASSES))
    return path
