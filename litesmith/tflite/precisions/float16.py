"""Files with float16 weights that compute in float32."""

import numpy as np
from numpy.typing import NDArray

from litesmith.tflite import converter
from litesmith.tflite.precisions.precision import Precision
from litesmith.training import backend
from litesmith.training.types import KerasModel, LiteConverter


def translate(model: KerasModel, _: NDArray[np.uint8]) -> bytes:
    """Return a file with float16 weights; the images are not used."""
    return converter.translate(model, "float16", _configure)


def _configure(lite: LiteConverter) -> None:
    lite.optimizations = [backend.tf.lite.Optimize.DEFAULT]
    lite.target_spec.supported_types = [backend.tf.float16]


FLOAT16 = Precision(name="float16", translate=translate, weights="float16")
