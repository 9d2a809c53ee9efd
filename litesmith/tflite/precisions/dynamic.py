"""Files with int8 weights and float32 activations."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from litesmith.tflite import converter
from litesmith.tflite.precisions.precision import Precision
from litesmith.training import backend
from litesmith.training.types import KerasModel, LiteConverter

if TYPE_CHECKING:
    from litesmith.tflite.runtime import Weights

# Smaller tensors stay in float32 (`kWeightsMinNumElementsDefault` in TensorFlow Lite's
# quantize_weights.cc).
_MIN_WEIGHTS = 1024


def translate(model: KerasModel, _: NDArray[np.uint8]) -> bytes:
    """Return a file with int8 weights; the images are not used."""
    return converter.translate(model, "dynamic", _configure)


def _configure(lite: LiteConverter) -> None:
    lite.optimizations = [backend.tf.lite.Optimize.DEFAULT]


def _weight_dtype(weights: "Weights", _: bool) -> str:
    return "int8" if weights.num_weights >= _MIN_WEIGHTS else "float32"


DYNAMIC = Precision(name="dynamic", translate=translate, weights="int8", weight_dtype=_weight_dtype)
