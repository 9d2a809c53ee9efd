"""Foreign Keras models, most of them run in this process: another takes seconds to import TensorFlow."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from litesmith.compression.flip_averaging import flip_averaged
from litesmith.compression.loading import load_aware
from litesmith.errors import DataError
from litesmith.inference import child, foreign
from litesmith.tflite import converter
from litesmith.tflite.contract import require_probabilities
from litesmith.training import h5_check
from litesmith.training.backend import keras, load_h5, save_h5, tfmot
from litesmith.training.networks import build_network
from tests.litesmith import make_tiny
from tests.litesmith.compression.test_flip_averaging import SPEC

pytestmark = pytest.mark.slow

IMAGES, _ = make_tiny.images(6, seed=2)
LAYERS = keras.layers


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "foreign.h5"


def classifier(*layers: Any, shape: tuple[int | None, ...] = (8, 8, 1), batch: int | None = None) -> Any:
    """Return a model that answers with three classes after some layers."""
    pixels = keras.Input(shape, batch_size=batch)
    features = pixels
    for layer in (*layers, LAYERS.GlobalAveragePooling2D(), LAYERS.Dense(3, activation="softmax")):
        features = layer(features)
    return keras.Model(pixels, features)


def changed(path: Path, change: Callable[[Any], None]) -> Path:
    """Write a small model with something changed in its description."""
    save_h5(make_tiny.network(), path)
    with h5py.File(path, "a") as file:
        config = json.loads(file.attrs["model_config"])
        change(config["config"])
        file.attrs["model_config"] = json.dumps(config)
    return path


def refusal(path: Path) -> str:
    """Return the message about a model that the child would send, from this process."""
    with pytest.raises(DataError) as error:
        require_probabilities(path, child.open_h5(path).probabilities(IMAGES))
    return str(error.value)


def test_answers_are_those_of_keras(path: Path) -> None:
    model = make_tiny.network()
    model.save(path, save_format="h5")
    with foreign.open_foreign(path) as opened:
        assert (opened.shape, opened.num_classes) == ((8, 8, 1), 3)
        np.testing.assert_allclose(
            opened.probabilities(IMAGES), converter.probabilities(model, IMAGES), atol=1e-6
        )


def test_memory_is_limited(path: Path) -> None:
    changed(
        path, lambda config: config["layers"][1]["config"].update(filters=30_000, kernel_size=[99, 99])
    )
    with (
        pytest.raises(DataError, match=r"foreign\.h5") as error,
        foreign.open_foreign(path, memory_limit_mb=600),
    ):
        pass
    assert "OOM when allocating" in str(error.value) or "memory" in str(error.value)


def test_a_lambda_layer_runs_nothing(path: Path) -> None:
    mark = path.with_name("ran")
    code = f"lambda x: (__import__('pathlib').Path({str(mark)!r}).touch(), x)[1]"
    inner = keras.Sequential([keras.Input((8, 8, 1)), LAYERS.Lambda(eval(code))])
    save_h5(classifier(inner), path)
    assert mark.exists()  # it ran as the model was built
    mark.unlink()
    with pytest.raises(
        DataError, match=r"has a Lambda layer, whose code would run as the file is opened"
    ):
        foreign.open_foreign(path).__enter__()
    for read in (load_h5, load_aware):
        with pytest.raises(DataError, match="has a Lambda layer"):
            read(path)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (
            lambda: keras.Sequential([keras.Input((64,)), LAYERS.Dense(3)]),
            "asks for flat input, (1, 64)",
        ),
        (lambda: classifier(shape=(8, 8, 4)), "asks for pictures of 4 channels, (1, 8, 8, 4)"),
        (lambda: classifier(shape=(None, None, 1)), "asks for pictures of any size, (1, any, any, 1)"),
        (lambda: classifier(batch=4), "asks for 4 pictures at once, (4, 8, 8, 1)"),
        (
            lambda: classifier(LAYERS.Dense(1, bias_initializer=keras.initializers.Constant(np.nan))),
            "are not numbers",
        ),
    ],
)
def test_a_model_of_another_kind(path: Path, build: Callable[[], Any], reason: str) -> None:
    save_h5(build(), path)
    assert reason in refusal(path)


def test_logits_several_inputs_and_outputs(path: Path) -> None:
    pixels, more = keras.Input((8, 8, 1)), keras.Input((8, 8, 1))
    features = LAYERS.Flatten()(pixels)
    logits = LAYERS.Dense(3, bias_initializer=keras.initializers.Constant(5))(features)
    save_h5(keras.Model(pixels, logits), path)
    assert "Expected probabilities, in [0, 1] with a sum of 1" in refusal(path)
    save_h5(keras.Model(pixels, [logits, features]), path)
    assert "gives 2 outputs ((1, 3) float32, (1, 64) float32)" in refusal(path)
    save_h5(keras.Model([pixels, more], logits + LAYERS.Flatten()(more)[:, :3]), path)
    assert "asks for 2 inputs ((1, 8, 8, 1) float32, (1, 8, 8, 1) float32)" in refusal(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda config: config["layers"].pop(0),
        lambda config: config.update(layers=None),
        lambda config: config.clear(),
        lambda config: config["layers"][1].update(config={"filters": "many"}),
        lambda config: config["layers"][1]["config"].update(kernel_initializer={"class_name": "Zeros"}),
        lambda config: config["layers"][1]["config"].update(filters=9),
    ],
)
def test_a_description_that_makes_no_sense(path: Path, change: Callable[[Any], None]) -> None:
    message = refusal(changed(path, change))
    assert f"{path} is not a Keras .h5 model" in message
    assert len(message) < 600


@pytest.mark.parametrize("batch", [1, None])
def test_a_batch_of_one_is_answered_one_by_one(path: Path, batch: int | None) -> None:
    save_h5(classifier(batch=batch), path)
    assert child.open_h5(path).probabilities(IMAGES).shape == (len(IMAGES), 3)


def test_an_input_and_an_output_with_names_are_answered(path: Path) -> None:
    plain = classifier()
    named = keras.Model({"pixels": plain.input}, {"classes": plain.output})
    save_h5(named, path)
    opened = child.open_h5(path)
    assert (opened.shape, opened.num_classes) == ((8, 8, 1), 3)
    np.testing.assert_array_equal(opened.probabilities(IMAGES), converter.probabilities(plain, IMAGES))


def test_our_own_networks_open_as_before(path: Path) -> None:
    network = build_network(SPEC, "tuned")
    quantize = tfmot.quantization.keras
    plain = make_tiny.network()
    scheme = tfmot.experimental.combine.Default8BitPrunePreserveQuantizeScheme()
    annotated = quantize.quantize_annotate_model(plain)
    for model in (
        network,
        flip_averaged(network, "mirrored"),
        quantize.quantize_apply(annotated),
        quantize.quantize_apply(annotated, scheme),
    ):
        save_h5(model, path)
        with quantize.quantize_scope():
            before = keras.models.load_model(path, compile=False)
        after = load_aware(path)
        assert after.get_config() == before.get_config()
        assert np.array_equal(
            converter.probabilities(after, IMAGES), converter.probabilities(before, IMAGES)
        )


def test_every_name_that_is_known_exists() -> None:
    # TensorFlow may only be imported after `litesmith.training.backend`
    from tensorflow.python.util.tf_export import get_symbol_from_name
    from tf_keras.src.layers import serialization

    serialization.populate_deserializable_objects()
    known = serialization.LOCAL.ALL_OBJECTS
    assert set(h5_check._LAYERS.split()) <= set(known)
    assert [name for name in h5_check._FUNCTIONS if get_symbol_from_name(name) is None] == []
    assert [name for name in h5_check._ACTIVATIONS if not callable(keras.activations.get(name))] == []
