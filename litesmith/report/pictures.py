"""Images as they stand in the page."""

import base64
import io
from typing import Any

import numpy as np
from PIL import Image


def png_address(image: np.ndarray[Any, Any]) -> str:
    """Return a uint8 (height, width) image as a PNG data address, dark ink on a light ground."""
    buffer = io.BytesIO()
    Image.fromarray(255 - image).save(buffer, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
