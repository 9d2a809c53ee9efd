from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from litesmith.errors import ConversionError
from litesmith.tflite import parity, runtime
from litesmith.tflite.parity import Reference, Requirements
from litesmith.tflite.precisions.registry import PRECISIONS, precision
from litesmith.tflite.runtime import Observation
from tests.litesmith.make_tiny import TINY, images

IMAGES, LABELS = images(30, seed=2)
GOLDEN = np.load(TINY / "answers.npy")
ALL_ROWS = np.arange(30)
LARGE = np.zeros((30, 28, 28, 1), np.uint8)


REFERENCE = Reference(
    images=IMAGES,
    fill=0,
    golden_rows=ALL_ROWS,
    golden=GOLDEN,
    predicted=GOLDEN.argmax(axis=1),
    pixel_range=(0.0, 254 / 255),
    dense_per_channel=True,
)


def requirements(name: str) -> Requirements:
    tolerance = {"float32": 1e-5}.get(name, 2e-2)
    return Requirements(precision(name), tolerance, min_agreement=0.99, agreement_level=0.001)


def observed(name: str) -> Observation:
    return runtime.observe(TINY / f"{name}.tflite", IMAGES, ALL_ROWS)


def failed(observation: Observation, name: str, reference: Reference = REFERENCE) -> dict[str, str]:
    results = parity.checks(observation, requirements(name), reference)
    return {check.name: check.detail for check in results if not check.passed}


@pytest.mark.parametrize("name", [entry.name for entry in PRECISIONS])
def test_true_files_pass_every_check(name: str) -> None:
    assert failed(observed(name), name) == {}


@pytest.mark.parametrize(
    ("file", "required", "expected"),
    [
        ("float32", "int8", {"dtypes", "quantization", "weights"}),
        ("int8", "float32", {"dtypes", "quantization", "weights", "golden"}),
        ("float32", "float16", {"weights"}),
        ("float32", "dynamic", {"weights"}),
        ("dynamic", "float16", {"weights"}),
        ("int8", "int4", {"weights"}),
        ("int4", "int8", {"weights"}),
    ],
)
def test_a_file_of_another_precision_is_found_out(file: str, required: str, expected: set[str]) -> None:
    assert set(failed(observed(file), required)) == expected


def test_shapes_must_be_the_models() -> None:
    wrong = failed(observed("int8"), "int8", replace(REFERENCE, images=LARGE))
    assert wrong == {"shapes": "(1, 8, 8, 1) to (1, 3), expected (1, 28, 28, 1) to (1, 3)"}


def test_input_that_cannot_hold_the_pixels() -> None:
    half = observed("int8").input.model_copy(update={"scale": 1 / 510})
    observation = observed("int8").model_copy(update={"input": half})
    assert failed(observation, "int8")["quantization"] == (
        "input holds 0 to 0.5 in int8, expected 0 to 0.9961 within a step"
    )


def test_one_scale_for_a_whole_tensor_is_not_per_channel() -> None:
    first, *others = observed("int8").weights
    coarse = [first.model_copy(update={"num_scales": 1}), *others]
    assert failed(observed("int8").model_copy(update={"weights": coarse}), "int8") == {
        "per-channel": "conv_1 has 1 scales for 8 channels"
    }


def test_quantization_aware_dense_layers_have_one_scale_and_convolutions_still_one_a_channel() -> None:
    observation, aware = observed("int8"), replace(REFERENCE, dense_per_channel=False)
    dense = [weights for weights in observation.weights if len(weights.shape) == 2]
    assert failed(observation, "int8", aware)["per-channel"] == "; ".join(
        f"{weights.name} has {weights.num_scales} scales for {weights.num_channels} channels"
        for weights in dense
    )
    coarse = [
        weights.model_copy(update={"num_scales": 1}) if weights in dense else weights
        for weights in observation.weights
    ]
    assert failed(observation.model_copy(update={"weights": coarse}), "int8", aware) == {}


def test_a_float_left_in_an_int8_file() -> None:
    observation = observed("int8").model_copy(update={"dtypes": ["float32", "int8"]})
    assert failed(observation, "int8") == {"weights": "there are float32 tensors"}


def test_a_file_without_weights_is_no_network() -> None:
    assert "weights" in failed(observed("float32").model_copy(update={"weights": []}), "float32")


def test_one_golden_answer_off_is_enough() -> None:
    shifted = GOLDEN.copy()
    shifted[4, 1] += 0.131
    wrong = failed(observed("float32"), "float32", replace(REFERENCE, golden=shifted))
    assert wrong == {"golden": "largest error 0.13, at most 1e-05 allowed"}


def test_disagreement_on_validation() -> None:
    assert failed(observed("float16"), "float16", disagreeing(4)) == {
        "agreement": "same class as Keras on 26 of 30 validation images (0.8667), at least 0.99 required: fewer than "
        "27 of 30 fall short of it beyond chance (exact binomial test at 0.001)"
    }


@pytest.mark.parametrize("num_images", [1, 2, 3])
def test_disagreement_that_few_images_show_by_chance_is_allowed(num_images: int) -> None:
    """3 of 30 images otherwise than by Keras have a probability of 0.3 % where 1 % of all are."""
    assert failed(observed("float16"), "float16", disagreeing(num_images)) == {}


def disagreeing(num_images: int) -> Reference:
    """Return a reference whose model answers the first images otherwise."""
    other = GOLDEN.argmax(axis=1)
    other[:num_images] = (other[:num_images] + 1) % 3
    return replace(REFERENCE, predicted=other)


def test_checking_a_true_file() -> None:
    observation, results = parity.check_file(TINY / "int8.tflite", requirements("int8"), REFERENCE)
    assert np.array_equal(observation.in_place, REFERENCE.predicted)
    assert 0 < parity.golden_error(observation, REFERENCE) < 2e-2
    assert [check.passed for check in results] == [True] * 7


def test_all_failures_of_a_file_are_in_one_message() -> None:
    strict = replace(requirements("int8"), golden_tolerance=1e-6)
    aware = replace(REFERENCE, dense_per_channel=False)
    with pytest.raises(ConversionError) as caught:
        parity.check_file(TINY / "int8.tflite", strict, aware)
    channels, golden = str(caught.value).splitlines()
    assert channels.startswith("int8.tflite: per-channel: dense_1 has 8 scales for 8 channels; ")
    assert golden.startswith("int8.tflite: golden: largest error 0.00")
    assert golden.endswith("at most 1e-06 allowed")


def test_observed_apart_is_what_is_observed_here() -> None:
    apart = parity.observe_apart(TINY / "float16.tflite", IMAGES, ALL_ROWS)
    assert apart == observed("float16")


def test_a_file_that_does_not_open_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.tflite").write_bytes(b"nothing")
    with pytest.raises(
        ConversionError, match=r"bad\.tflite does not run under LiteRT without TensorFlow: .*Convert it"
    ):
        parity.observe_apart(tmp_path / "bad.tflite", IMAGES, ALL_ROWS)
