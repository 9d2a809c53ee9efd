"""Description of a precision of ``.tflite`` files."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from litesmith.errors import ConversionError
from litesmith.training.types import KerasModel

if TYPE_CHECKING:
    from litesmith.tflite.runtime import Weights


@dataclass(frozen=True)
class Precision:
    """A precision of ``.tflite`` files.

    Attributes:
        name: In file names and parameters; its tolerances are under it in ``convert.golden_tolerance``
            and ``convert.min_agreement``.
        translate: Returns the content of a file as the tools write it, names, signature and notes
            included, given a Keras model and calibration images, uint8 (n, height, width, channels).
            Raises `ConversionError` if it cannot.
        weights: Dtype of most weights.
        io_dtype: Dtype of input and output.
        weight_dtype: Returns the dtype expected of a layer's weights, given whether it is the first or
            last layer with weights; None where it is ``weights`` for all.
        needs_calibration: Whether ``translate`` learns ranges from the calibration images.
        may_be_final: Whether a file may be a candidate for the device.
    """

    name: str
    translate: Callable[[KerasModel, NDArray[np.uint8]], bytes]
    weights: str
    io_dtype: str = "float32"
    weight_dtype: "Callable[[Weights, bool], str] | None" = None
    needs_calibration: bool = False
    may_be_final: bool = False

    @property
    def is_integer(self) -> bool:
        """Whether a file computes with integers throughout, input and output included."""
        return self.io_dtype == "int8"

    def convert(self, model: KerasModel, calibration_images: NDArray[np.uint8]) -> bytes:
        """Return the slim file of a Keras model, for one image.

        The same model gives the same bytes, in this process or another, as long as its layers keep their
        names: they are written into the file.

        Args:
            model: Takes float32 pixels (n, height, width, channels) in [0, 1] and returns probabilities
                (n, classes).
            calibration_images: uint8 (n, height, width, channels), from which the ranges of activations
                follow.

        Raises:
            ConversionError: There are no calibration images and some are needed, or the model cannot be
                converted.
        """
        from litesmith.tflite.slimming import slim

        if self.needs_calibration and not len(calibration_images):
            raise ConversionError(
                f"{self.name} needs calibration images, got none. Give some of the training images."
            )
        return slim(self.translate(model, calibration_images))

    def expected_dtype(self, weights: "Weights", *, is_end: bool) -> str:
        """Return the dtype expected of a layer's weights; ``is_end``: first or last such layer."""
        return self.weights if self.weight_dtype is None else self.weight_dtype(weights, is_end)
