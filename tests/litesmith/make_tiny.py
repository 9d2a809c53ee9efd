"""Make the files in ``tiny/``: ``python -m tests.litesmith.make_tiny`` from the project's folder."""

from pathlib import Path
from typing import Any

import numpy as np

from litesmith.params.sections.dataset import Ground
from litesmith.records.form import DataForm

TINY = Path(__file__).with_name("tiny")
CLASS_NAMES = ["left", "right", "neither"]


def images(num_images: int, seed: int) -> tuple[Any, Any]:
    """Return 8 x 8 grey images lit on the left, on the right, or nowhere, with noise, and their labels."""
    rng = np.random.default_rng(seed)
    labels = np.arange(num_images, dtype=np.uint8) % 3
    drawn = rng.integers(0, 60, (num_images, 8, 8, 1), dtype=np.uint8)
    drawn[labels == 0, :, :4] += 195
    drawn[labels == 1, :, 4:] += 195
    return drawn, labels


def tiny_form(side: int, ground: Ground = "dark") -> DataForm:
    """Return the form of images of ``side`` x ``side`` pixels in the three classes."""
    return DataForm(
        class_names=tuple(CLASS_NAMES),
        height=side,
        width=side,
        channels=1,
        fit="pad",
        ground=ground,
        mirror_safe=True,
    )


def network(width: int = 8) -> Any:
    """Return a Conv-BN-ReLU network that tells the three apart after a little training."""
    from litesmith.training.backend import keras

    keras.utils.set_random_seed(3)
    layers = keras.layers
    stacked = keras.Sequential(
        [
            layers.InputLayer((8, 8, 1), name="pixels"),
            layers.Conv2D(width, 3, padding="same", use_bias=False, name="conv_1"),
            layers.BatchNormalization(name="norm_1"),
            layers.ReLU(name="relu_1"),
            layers.MaxPooling2D(name="pool_1"),
            layers.Flatten(name="flat"),
            layers.Dense(8, activation="relu", name="dense_1"),
            layers.Dense(3, activation="softmax", name="classes"),
        ]
    )
    return keras.Model(stacked.inputs, stacked.outputs, name="tiny")


def trained() -> Any:
    """Return the network, trained."""
    from litesmith.training.backend import keras

    drawn, labels = images(300, seed=1)
    model = network()
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    model.fit(drawn / np.float32(255), labels, epochs=5, verbose=0)
    return model


def main() -> None:
    """Write one file for each precision, as TensorFlow writes it, its metadata, and the Keras model's answers."""
    from litesmith.tflite.metadata import describe, write_metadata
    from litesmith.tflite.precisions.registry import PRECISIONS

    model = trained()
    drawn, _ = images(30, seed=2)
    for precision in PRECISIONS:
        content = precision.translate(model, images(60, seed=1)[0])
        (TINY / f"{precision.name}.tflite").write_bytes(content)
    metadata = describe("left or right", tiny_form(8, "any"), images(300, seed=1)[0])
    for path in sorted(TINY.glob("*.tflite")):
        write_metadata(path, metadata)
    np.save(TINY / "answers.npy", model.predict(drawn / np.float32(255), verbose=0))


if __name__ == "__main__":
    main()
