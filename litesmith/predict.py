"""Name what is on a picture, with a ``.tflite`` or a Keras model."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from litesmith.errors import DataError
from litesmith.litert import LiteModel
from litesmith.picture import read_picture

Answer = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


@dataclass(frozen=True)
class Guess:
    """A class and the model's probability that the picture shows it."""

    name: str
    probability: float


@dataclass(frozen=True)
class Prediction:
    """What a model makes of a picture: the likeliest classes, likeliest first, and how the picture was prepared."""

    guesses: tuple[Guess, ...]
    changes: tuple[str, ...]


def predict_picture(model: Path, picture: Path, class_names: list[str], num_guesses: int = 3) -> Prediction:
    """Name what is on a picture.

    Args:
        model: A ``.tflite`` file, run by LiteRT, or a Keras ``.h5`` file, run by TensorFlow.
        picture: Any common image file; see `litesmith.picture.read_picture`.
        class_names: In the order of the model's outputs.
        num_guesses: How many classes to name.

    Raises:
        DataError: The model or the picture is missing or unreadable, or the model has another number of classes.
    """
    image_shape, answer = _opened(model)
    prepared = read_picture(picture, *image_shape)
    probabilities = answer(prepared.image[None])[0]
    if len(probabilities) != len(class_names):
        raise DataError(
            f"{model} tells {len(probabilities)} classes apart, but dataset.class_names in params.yaml has "
            f"{len(class_names)}. Name the model of this data set, or correct the names."
        )
    order = np.argsort(-probabilities, kind="stable")[:num_guesses]
    return Prediction(tuple(Guess(class_names[i], float(probabilities[i])) for i in order), prepared.changes)


def _opened(model: Path) -> tuple[tuple[int, int], Answer]:
    """Return the height and width of a model's images, and the function that answers them with probabilities."""
    if model.suffix == ".tflite":
        file = LiteModel(model)
        _, height, width, _ = file.input.shape
        return (height, width), file.probabilities
    if model.suffix == ".h5":
        # takes seconds, which a .tflite file need not wait for
        from litesmith import lite
        from litesmith.aware import load_aware

        network = load_aware(model)
        _, height, width, _ = network.input_shape
        return (height, width), partial(lite.probabilities, network)
    raise DataError(f"{model} is not a model that can be run here. Expected a .tflite or an .h5 file.")
