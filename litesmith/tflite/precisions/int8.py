"""Files with int8 weights and activations, input and output included."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from litesmith.data.scaling import to_pixels
from litesmith.tflite import converter
from litesmith.tflite.calibration import with_rounded_ranges
from litesmith.tflite.precisions.precision import Precision
from litesmith.training import backend
from litesmith.training.types import KerasModel, LiteConverter


def translate(model: KerasModel, calibration_images: NDArray[np.uint8]) -> bytes:
    """Return a file of integers, one scale for each output channel of weights."""
    tf = backend.tf

    def configure(lite: LiteConverter) -> None:
        lite.optimizations = [tf.lite.Optimize.DEFAULT]
        lite.representative_dataset = lambda: ([to_pixels(image[None])] for image in calibration_images)
        lite.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        lite.inference_input_type = lite.inference_output_type = tf.int8
        # The ranges are rounded before they are used.
        lite._experimental_calibrate_only = True

    with _shared_kernels_on_integers(model):
        return converter.translate(model, "int8", configure, _quantize)


def _quantize(calibrated: bytes) -> bytes:
    """Quantize a calibrated file as TensorFlow's converter does."""
    from tensorflow.lite.python.convert import mlir_quantize

    tf = backend.tf
    ranged = with_rounded_ranges(calibrated)
    content: bytes = mlir_quantize(ranged, input_data_type=tf.int8, output_data_type=tf.int8)
    return content


@contextmanager
def _shared_kernels_on_integers(model: KerasModel) -> Iterator[None]:
    """Round the kernels that run more than once, inside the block.

    Each run has a batch normalisation of its own, which TensorFlow folds into a kernel of the run's own.
    These become the same integers, which a file holds once, but where a weight lies in the middle
    between two and rounding decides.
    """
    layers = backend.keras.layers
    shared = [
        layer
        for layer in model.submodules
        if isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D) and len(layer.inbound_nodes) > 1
    ]
    kernels = {layer.weights[0].ref(): layer.weights[0].numpy() for layer in shared}
    try:
        for layer in shared:
            is_depthwise = isinstance(layer, layers.DepthwiseConv2D)
            layer.weights[0].assign(_on_integers(layer.weights[0].numpy(), is_depthwise))
        yield
    finally:
        for kernel, before in kernels.items():
            kernel.deref().assign(before)


def _on_integers(kernel: NDArray[np.float32], depthwise: bool) -> NDArray[np.float32]:
    """Return a kernel in steps of 1/127 of each channel's largest weight."""
    largest = np.abs(kernel).max(axis=(0, 1, 3) if depthwise else (0, 1, 2), keepdims=True)
    step = np.where(largest > 0, largest, 1) / np.float32(127)
    return np.asarray(np.rint(kernel / step) * step, np.float32)


INT8 = Precision(
    name="int8",
    translate=translate,
    weights="int8",
    io_dtype="int8",
    needs_calibration=True,
    may_be_final=True,
)
