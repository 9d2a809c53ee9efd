"""Images as they stand in the page."""

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def png_address(image: NDArray[np.uint8]) -> str:
    """Return a uint8 (height, width) image, inverted, as a PNG data address."""
    buffer = io.BytesIO()
    Image.fromarray(255 - image).save(buffer, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
