"""Convert Keras models to ``.tflite`` bytes."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

from litesmith.errors import ConversionError
from litesmith.params.sections.convert import Precision
from litesmith.quiet import hushed
from litesmith.tflite.slimming import slim
from litesmith.training.backend import keras, tf

# Images that Keras answers at once. No parameter: it moves results by less than a float's rounding.
_BATCH = 500


def convert(
    model: Any, precision: Precision, calibration_images: NDArray[np.uint8] | None = None
) -> bytes:
    """Convert a Keras model to the bytes of a ``.tflite`` file that takes one image at a time.

    The same model gives the same bytes, in this process or another, as long as its layers keep their names: they are
    written into the file.

    Args:
        model: Takes float32 pixels (n, height, width, 1) in [0, 1] and returns probabilities (n, classes).
        precision: ``float32``; ``float16`` (weights only); ``dynamic`` (int8 weights, float32 activations); ``int8``
            (everything, input and output included, one scale for each output channel of the weights).
        calibration_images: uint8 (n, height, width), from which int8 learns the ranges of activations. The others
            take no notice of it.

    Returns:
        The file's content, without what only TensorFlow has use for.

    Raises:
        ConversionError: int8 was asked for without calibration images, or TensorFlow cannot convert the model.
    """
    return slim(translate(model, precision, calibration_images))


def translate(
    model: Any, precision: Precision, calibration_images: NDArray[np.uint8] | None = None
) -> bytes:
    """Return the file as TensorFlow writes it, names of all tensors, signature and notes included.

    Arguments and errors are those of `convert`.

    Source: https://ai.google.dev/edge/litert/models/post_training_quantization
    """
    if precision == "int8" and (calibration_images is None or not len(calibration_images)):
        raise ConversionError(
            "int8 needs calibration images, got none. Give some of the training images."
        )
    door = tf.TensorSpec((1, *model.input_shape[1:]), tf.float32, name="pixels")
    traced = tf.function(lambda pixels: model(pixels, training=False)).get_concrete_function(door)
    # TensorFlow saves the object that holds the variables before it converts. Of a Keras model it would trace
    # every layer again, which took four fifths of the time; of a plain module it traces nothing more.
    holder = tf.Module()
    holder.held = list(traced.variables)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([traced], holder)
    _set_precision(converter, precision, calibration_images)
    settled = _settled(model) if precision == "int8" else nullcontext()
    with settled, hushed() as said:
        try:
            content: bytes = converter.convert()
        except Exception as error:  # whatever TensorFlow raises, and it raises many
            raise ConversionError(
                f"TensorFlow cannot convert {model.name} to {precision}: {error}\n{said()}"
            ) from error
    return content


def probabilities(model: Any, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return what a Keras model answers.

    Args:
        model: Takes float32 pixels (n, height, width, 1) in [0, 1].
        images: uint8 (n, height, width).

    Returns:
        float32 (n, classes).
    """
    # a model of others may take no more than one image at a time
    batch_size = model.input_shape[0] or _BATCH
    answers: NDArray[np.float32] = model.predict(pixels(images), batch_size=batch_size, verbose=0)
    return answers


def pixels(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return uint8 images (n, height, width) as float32 pixels (n, height, width, 1) in [0, 1]."""
    return images[..., None].astype(np.float32) / np.float32(255)


def _set_precision(
    converter: Any, precision: Precision, calibration_images: NDArray[np.uint8] | None
) -> None:
    if precision == "float32":
        return
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if precision == "int8" and calibration_images is not None:
        converter.representative_dataset = lambda: _calibration(calibration_images)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8


@contextmanager
def _settled(model: Any) -> Iterator[None]:
    """Put the kernels that run more than once onto the integers that they become, for as long as the block lasts.

    Each run has a batch normalisation of its own, which TensorFlow folds into a kernel of the run's own. These become
    the same integers, which a file holds once, but where a weight lies in the middle between two and rounding decides.
    """
    convs = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)
    shared = [
        layer for layer in model.submodules if isinstance(layer, convs) and len(layer.inbound_nodes) > 1
    ]
    kernels = {layer.weights[0].ref(): layer.weights[0].numpy() for layer in shared}
    try:
        for layer in shared:
            layer.weights[0].assign(_on_integers(layer.weights[0].numpy(), isinstance(layer, convs[1])))
        yield
    finally:
        for kernel, before in kernels.items():
            kernel.deref().assign(before)


def _on_integers(kernel: NDArray[np.float32], depthwise: bool) -> NDArray[np.float32]:
    """Return a kernel with each weight a whole number of steps, 127 of them to the largest of its output channel."""
    largest = np.abs(kernel).max(axis=(0, 1, 3) if depthwise else (0, 1, 2), keepdims=True)
    step = np.where(largest > 0, largest, 1) / np.float32(127)
    return np.asarray(np.rint(kernel / step) * step, np.float32)


def _calibration(images: NDArray[np.uint8]) -> Iterator[list[NDArray[np.float32]]]:
    """Yield one image at a time as the model's pixels."""
    for image in images:
        yield [pixels(image[None])]
