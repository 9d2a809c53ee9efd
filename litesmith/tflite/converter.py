"""Conversion and answers of Keras models by TensorFlow."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from litesmith.data.scaling import to_pixels
from litesmith.errors import ConversionError
from litesmith.quiet import hushed
from litesmith.training import backend
from litesmith.training.evaluation import EVALUATION_BATCH
from litesmith.training.types import KerasModel, LiteConverter


def translate(
    model: KerasModel,
    precision: str,
    configure: Callable[[LiteConverter], None],
    finish: Callable[[bytes], bytes] = bytes,
) -> bytes:
    """Return a file as TensorFlow writes it, with names, signature and notes.

    Args:
        model: As `Precision.convert` takes it.
        precision: Name of the precision, for the message.
        configure: Sets the precision.
        finish: Makes the file of what the converter returns.

    Raises:
        ConversionError: TensorFlow cannot convert the model.

    Source: https://ai.google.dev/edge/litert/models/post_training_quantization
    """
    tf = backend.tf
    pixels_spec = tf.TensorSpec((1, *model.input_shape[1:]), tf.float32, name="pixels")
    traced = tf.function(
        lambda pixels: model(pixels, training=False), autograph=False
    ).get_concrete_function(pixels_spec)
    # TensorFlow saves the object that holds the variables before it converts. Of a Keras model it would
    # trace every layer again, which took four fifths of the time; of a plain module it traces no more.
    holder = tf.Module()
    holder.held = list(traced.variables)
    lite = tf.lite.TFLiteConverter.from_concrete_functions([traced], holder)
    configure(lite)
    with hushed() as output:
        try:
            content = finish(lite.convert())
        except Exception as error:  # whatever TensorFlow raises, and it raises many
            raise ConversionError(
                f"TensorFlow cannot convert {model.name} to {precision}: {error}\n{output()}"
            ) from error
    return content


def probabilities(model: KerasModel, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return a Keras model's answers, float32 (n, classes), to uint8 (n, height, width, channels)."""
    # a model of others may take no more than one image at a time
    batch_size = model.input_shape[0] or EVALUATION_BATCH
    answers: NDArray[np.float32] = model.predict(to_pixels(images), batch_size=batch_size, verbose=0)
    return answers
