"""Floats from grey levels and colours, the one way everywhere."""

import numpy as np
from numpy.typing import NDArray


def to_pixels(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return images, uint8 of any shape, as float32 in [0, 1].

    Inside TensorFlow's graph `litesmith.training.augmentation.to_pixels` does the same.
    """
    return images.astype(np.float32) / np.float32(255)
