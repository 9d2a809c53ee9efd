"""Files with float32 weights."""

import numpy as np
from numpy.typing import NDArray

from litesmith.tflite import converter
from litesmith.tflite.precisions.precision import Precision
from litesmith.training.types import KerasModel


def translate(model: KerasModel, _: NDArray[np.uint8] | None = None) -> bytes:
    """Return a file with the model's weights; the images are not used."""
    return converter.translate(model, "float32", lambda _: None)


FLOAT32 = Precision(name="float32", translate=translate, weights="float32")
