from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from litesmith.errors import ConversionError
from litesmith.tflite import parity, runtime
from litesmith.tflite.parity import Promise
from litesmith.tflite.precisions.registry import PRECISIONS, precision
from litesmith.tflite.runtime import Observation, Tensor
from tests.litesmith.make_tiny import TINY, images

IMAGES, LABELS = images(30, seed=2)
GOLDEN = np.load(TINY / "answers.npy")
ALL_ROWS = np.arange(30)


def promise(name: str) -> Promise:
    return Promise(
        precision=precision(name),
        image_shape=(8, 8),
        pixel_range=(0.0, 254 / 255),
        golden=GOLDEN,
        predicted=GOLDEN.argmax(axis=1),
        golden_tolerance={"float32": 1e-5}.get(name, 2e-2),
        min_agreement=0.99,
        dense_per_channel=True,
    )


def seen(name: str) -> Observation:
    return runtime.observe(TINY / f"{name}.tflite", IMAGES, ALL_ROWS)


def broken(found: Observation, kept: Promise) -> dict[str, str]:
    return {one.name: one.detail for one in parity.checks(found, kept) if not one.passed}


@pytest.mark.parametrize("name", [one.name for one in PRECISIONS])
def test_true_files_keep_every_promise(name: str) -> None:
    assert broken(seen(name), promise(name)) == {}


@pytest.mark.parametrize(
    ("file", "promised", "expected"),
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
def test_a_file_of_another_precision_is_found_out(file: str, promised: str, expected: set[str]) -> None:
    assert set(broken(seen(file), promise(promised))) == expected


def test_shapes_must_be_the_models() -> None:
    wrong = broken(seen("int8"), replace(promise("int8"), image_shape=(28, 28)))
    assert wrong == {"shapes": "(1, 8, 8, 1) to (1, 3), expected (1, 28, 28, 1) to (1, 3)"}


def test_input_that_cannot_hold_the_pixels() -> None:
    half = replace(seen("int8"), input=Tensor("int8", (1, 8, 8, 1), 1 / 510, -128))
    assert broken(half, promise("int8"))["quantization"] == (
        "input holds 0 to 0.5 in int8, expected 0 to 0.9961 within a step"
    )


def test_one_scale_for_a_whole_tensor_is_not_per_channel() -> None:
    found = seen("int8")
    coarse = replace(found, weights=[replace(found.weights[0], num_scales=1), *found.weights[1:]])
    assert broken(coarse, promise("int8")) == {"per-channel": "conv_1 has 1 scales for 8 channels"}


def test_dense_layers_that_learned_to_round_have_one_scale_and_convolutions_still_one_a_channel() -> (
    None
):
    found, learned = seen("int8"), replace(promise("int8"), dense_per_channel=False)
    dense = [one for one in found.weights if len(one.shape) == 2]
    told = broken(found, learned)["per-channel"]
    assert told == "; ".join(
        f"{one.name} has {one.num_scales} scales for {one.num_channels} channels" for one in dense
    )
    coarse = [replace(one, num_scales=1) if one in dense else one for one in found.weights]
    assert broken(replace(found, weights=coarse), learned) == {}


def test_a_float_left_in_an_int8_file() -> None:
    assert broken(replace(seen("int8"), dtypes=["float32", "int8"]), promise("int8")) == {
        "weights": "there are float32 tensors"
    }


def test_a_file_without_weights_is_no_network() -> None:
    assert "weights" in broken(replace(seen("float32"), weights=[]), promise("float32"))


def test_one_golden_answer_off_is_enough() -> None:
    shifted = GOLDEN.copy()
    shifted[4, 1] += 0.131
    wrong = broken(seen("float32"), replace(promise("float32"), golden=shifted))
    assert wrong == {"golden": "largest error 0.13, at most 1e-05 allowed"}


def test_disagreement_on_validation() -> None:
    other = GOLDEN.argmax(axis=1)
    other[:3] = (other[:3] + 1) % 3
    wrong = broken(seen("float16"), replace(promise("float16"), predicted=other))
    assert wrong == {"agreement": "same class as Keras on 0.9000 of validation, at least 0.99 asked"}


def test_judging_a_true_file() -> None:
    judged = parity.judge(TINY / "int8.tflite", promise("int8"), IMAGES, ALL_ROWS)
    assert judged.agreement == 1
    assert 0 < judged.golden_error < 2e-2
    assert len(judged.checks) == 7


def test_all_failures_of_a_file_are_told_at_once() -> None:
    strict = replace(promise("int8"), golden_tolerance=1e-6, image_shape=(28, 28))
    with pytest.raises(ConversionError) as caught:
        parity.judge(TINY / "int8.tflite", strict, IMAGES, ALL_ROWS)
    shapes, golden = str(caught.value).splitlines()
    assert shapes == "int8.tflite: shapes: (1, 8, 8, 1) to (1, 3), expected (1, 28, 28, 1) to (1, 3)"
    assert golden.startswith("int8.tflite: golden: largest error 0.00")
    assert golden.endswith("at most 1e-06 allowed")


def test_observed_apart_is_what_is_observed_here() -> None:
    apart = parity.observe_apart(TINY / "float16.tflite", IMAGES, ALL_ROWS)
    assert apart == seen("float16")


def test_a_file_that_does_not_open_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.tflite").write_bytes(b"nothing")
    with pytest.raises(
        ConversionError, match=r"bad\.tflite does not run under LiteRT without TensorFlow: .*Convert it"
    ):
        parity.observe_apart(tmp_path / "bad.tflite", IMAGES, ALL_ROWS)
