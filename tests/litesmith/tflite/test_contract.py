from pathlib import Path

import numpy as np
import pytest

from litesmith.errors import DataError
from litesmith.tflite.contract import TensorSpec, require_classifier, require_probabilities

FILE = Path("model.tflite")
PICTURE = TensorSpec("float32", (1, 28, 28, 1))
CLASSES = TensorSpec("float32", (1, 10))


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16"])
def test_a_classifier_of_pictures_passes(dtype: str) -> None:
    require_classifier(FILE, [PICTURE], [CLASSES])
    require_classifier(FILE, [TensorSpec("float32", (1, 28, 28, 3))], [CLASSES])
    quantized = TensorSpec(dtype, (1, 12, 20, 1), (1 / 255,)), TensorSpec(dtype, (1, 2), (1 / 256,))
    require_classifier(FILE, [quantized[0]], [quantized[1]])


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        (TensorSpec("float32", (1, 784)), r"asks for flat input, \(1, 784\)"),
        (
            TensorSpec("float32", (1, 28, 28)),
            r"asks for pictures without an axis for their channel, \(1, 28, 28\)",
        ),
        (TensorSpec("float32", (1, 28, 28, 4)), r"asks for pictures of 4 channels, \(1, 28, 28, 4\)"),
        (TensorSpec("float32", (1, 28, 28, 2)), r"asks for pictures of 2 channels, \(1, 28, 28, 2\)"),
        (TensorSpec("float32", (1, 28, 28, None)), r"asks for pictures of any number of channels"),
        (
            TensorSpec("float32", (1, 1, 28, 28)),
            r"asks for pictures with their channels first, \(1, 1, 28, 28\)",
        ),
        (
            TensorSpec("float32", (1, 3, 28, 28)),
            r"asks for pictures with their channels first, \(1, 3, 28, 28\)",
        ),
        (TensorSpec("float32", (4, 28, 28, 1)), r"asks for 4 pictures at once, \(4, 28, 28, 1\)"),
        (
            TensorSpec("float32", (1, None, None, 1)),
            r"asks for pictures of any size, \(1, any, any, 1\)",
        ),
        (TensorSpec("float32", (1, 0, 28, 1)), r"asks for an empty input, \(1, 0, 28, 1\)"),
        (TensorSpec("float32", ()), r"asks for input of 0 axes, \(\)"),
        (TensorSpec("float32", (7,)), r"asks for input of 1 axes, \(7,\)"),
        (TensorSpec("float32", (1, 2, 28, 28, 1)), r"asks for input of 5 axes"),
        (TensorSpec("float16", (1, 28, 28, 1)), r"asks for float16 input that is not quantized"),
        (TensorSpec("bytes", (1, 28, 28, 1)), r"asks for bytes input that is not quantized"),
        (TensorSpec("complex64", (1, 28, 28, 1)), r"asks for complex64 input that is not quantized"),
        (TensorSpec("int64", (1, 28, 28, 1)), r"asks for int64 input that is not quantized"),
        (TensorSpec("uint8", (1, 28, 28, 1)), r"asks for uint8 input that is not quantized"),
        (TensorSpec("int32", (1, 28, 28, 1), (0.01,)), r"asks for input quantized to int32"),
        (
            TensorSpec("int8", (1, 28, 28, 1), (0.1, 0.2)),
            r"asks for int8 input with 2 scales, one for each channel",
        ),
        (
            TensorSpec("uint8", (1, 28, 28, 1), (1.0,)),
            r"asks for input in steps of 1, which cannot hold",
        ),
        (TensorSpec("int8", (1, 28, 28, 1), (float("nan"),)), r"asks for input in steps of nan"),
    ],
)
def test_another_input_is_refused_with_what_is_needed(spec: TensorSpec, reason: str) -> None:
    with pytest.raises(
        DataError, match=rf"^model\.tflite {reason}.*Needed: one input of one picture.*again"
    ) as e:
        require_classifier(FILE, [spec], [CLASSES])
    assert "(1, height, width, 1) if grey or (1, height, width, 3) if in colour" in str(e.value)


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        (
            TensorSpec("float32", (1, 28, 28, 10)),
            r"gives an output of \(1, 28, 28, 10\), instead of one row",
        ),
        (TensorSpec("float32", ()), r"gives an output of \(\), instead of one row"),
        (TensorSpec("float32", (10,)), r"gives an output of \(10,\), instead of one row"),
        (TensorSpec("float32", (4, 10)), r"gives an output of \(4, 10\), instead of one row"),
        (
            TensorSpec("float32", (1, 1)),
            r"gives an output of \(1, 1\), instead of a number of at least two classes",
        ),
        (
            TensorSpec("float32", (1, 0)),
            r"gives an output of \(1, 0\), instead of a number of at least two classes",
        ),
        (TensorSpec("float32", (1, None)), r"gives an output of \(1, any\), instead of"),
        (TensorSpec("int64", (1, 10)), r"gives int64 output that is not quantized"),
        (TensorSpec("float16", (1, 10)), r"gives float16 output that is not quantized"),
    ],
)
def test_another_output_is_refused(spec: TensorSpec, reason: str) -> None:
    with pytest.raises(DataError, match=rf"^model\.tflite {reason}.*Needed: "):
        require_classifier(FILE, [PICTURE], [spec])


def test_several_inputs_and_outputs_are_listed() -> None:
    with pytest.raises(
        DataError, match=r"asks for 2 inputs \(\(1, 28, 28, 1\) float32, \(1, 10\) float32\)\. Needed"
    ):
        require_classifier(FILE, [PICTURE, CLASSES], [CLASSES])
    with pytest.raises(
        DataError, match=r"gives 2 outputs \(\(1, 10\) float32, \(1, 28, 28, 1\) float32\)\. Needed"
    ):
        require_classifier(FILE, [PICTURE], [CLASSES, PICTURE])
    with pytest.raises(DataError, match=r"asks for no inputs\. Needed"):
        require_classifier(FILE, [], [CLASSES])


def test_probabilities_pass_as_coarse_as_their_output_is() -> None:
    require_probabilities(FILE, np.array([[0.2, 0.8], [1, 0]], np.float32))
    # of a hundred equal classes none is as much as a step of 1/256, so that all are rounded up to it
    coarse = np.full((1, 100), 1 / 256 * 3, np.float32)
    require_probabilities(FILE, coarse, step=1 / 128)
    with pytest.raises(DataError, match=r"sum to 1\.172"):
        require_probabilities(FILE, coarse)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (
            [7.5, -3.25, 0.5],
            r"values from -3\.25 to 7\.5 that sum to 4\.75\. Expected probabilities.*softmax",
        ),
        ([1.5, -0.5, 0.0], r"values from -0\.5 to 1\.5 that sum to 1"),
        ([0.9, 0.8, 0.7], r"values from 0\.7 to 0\.9 that sum to 2\.4"),
        ([0.5, float("nan"), 0.5], r"values that are not numbers"),
        ([0.5, float("inf"), 0.5], r"values that are not numbers"),
    ],
)
def test_what_is_no_probability_is_refused(row: list[float], reason: str) -> None:
    with pytest.raises(DataError, match=rf"model\.tflite answers with {reason}"):
        require_probabilities(FILE, np.array([[0.2, 0.3, 0.5], row], np.float32))
