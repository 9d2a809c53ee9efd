"""Test images that are saved as picture files are answered as they were evaluated."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from litesmith.inference.predict import Prediction, predict_pictures
from litesmith.params.sections.dataset import Ground
from litesmith.records.form import DataForm
from litesmith.tflite import runtime
from litesmith.tflite.metadata import describe, write_metadata
from litesmith.tflite.precisions.int8 import INT8
from litesmith.training.backend import keras, seed_everything

pytestmark = pytest.mark.slow

CLASS_NAMES = ("left", "right", "around")
HEIGHT, WIDTH = 10, 14


def draw(
    num_images: int, channels: int, ground: Ground, seed: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return things at the left, at the right, or all around on a ground, and their classes.

    Things all around cover the border, so that what seems the background is the opposite of the ground.
    """
    rng = np.random.default_rng(seed)
    labels = (np.arange(num_images) % 3).astype(np.uint8)
    things = rng.integers(140, 216, (num_images, 1, 1, channels))
    behind = rng.integers(0, 256, (num_images, 1, 1, channels)) if ground == "any" else 0
    where = np.zeros((3, HEIGHT, WIDTH, 1), bool)
    where[0, 2:-2, 1:6] = where[1, 2:-2, -6:-1] = where[2] = True
    where[2, 3:-3, 4:-4] = False
    images = np.where(where[labels], (behind + things) % 256 if ground == "any" else things, behind)
    images = np.clip(images + rng.integers(0, 30, (num_images, HEIGHT, WIDTH, channels)), 0, 255)
    return np.asarray(255 - images if ground == "light" else images, np.uint8), labels


def trained(images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> object:
    layers = keras.layers
    seed_everything(1)
    model = keras.Sequential(
        [
            layers.InputLayer(images.shape[1:], name="pixels"),
            layers.Conv2D(8, 3, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Conv2D(16, 3, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    model.fit(images / np.float32(255), labels, epochs=6, verbose=0)
    return model


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("ground", ["dark", "light", "any"])
def test_of_100_test_images_in_files_nearly_all_are_answered_as_evaluated(
    tmp_path: Path, channels: int, ground: Ground
) -> None:
    images, labels = draw(600, channels, ground, seed=1)
    content = INT8.convert(trained(images, labels), images[:60])
    file = tmp_path / "model.tflite"
    file.write_bytes(content)
    form = DataForm.model_validate(
        {"class_names": CLASS_NAMES, "height": HEIGHT, "width": WIDTH, "channels": channels, "fit": "pad",
         "ground": ground, "mirror_safe": False}
    )  # fmt: skip
    write_metadata(file, describe("things", form, images))
    test, test_labels = draw(100, channels, ground, seed=2)
    evaluated = runtime.predict(file, test).argmax(axis=1)
    assert np.mean(evaluated == test_labels) > 0.9
    paths = [tmp_path / f"{row:03}.png" for row in range(100)]
    for image, path in zip(test, paths, strict=True):
        Image.fromarray(image[..., 0] if channels == 1 else image).save(path)
    answers = [outcome for _, outcome in predict_pictures(file, paths, num_guesses=1)]
    names = [answer.guesses[0].name for answer in answers if isinstance(answer, Prediction)]
    same = np.array(names) == np.array(CLASS_NAMES)[evaluated]
    assert same.sum() >= 95
    unchanged = [not answer.changes for answer in answers if isinstance(answer, Prediction)]
    assert sum(unchanged) >= 95
