from pathlib import Path

import numpy as np
import pytest

from litesmith.tflite import runtime
from litesmith.tflite.precisions import int4
from litesmith.tflite.slimming import slim
from tests.litesmith.make_tiny import TINY, images

pytestmark = pytest.mark.slow

CALIBRATION, _ = images(60, seed=1)
FLOAT32 = (TINY / "float32.tflite").read_bytes()


@pytest.fixture(scope="module")
def quantized() -> bytes:
    return int4.quantize(FLOAT32, CALIBRATION)


def test_layers_between_the_first_and_the_last_have_four_bits(quantized: bytes, tmp_path: Path) -> None:
    (tmp_path / "file.tflite").write_bytes(slim(quantized))
    dtypes = {layer.name: layer.dtype for layer in runtime.read_weights(tmp_path / "file.tflite")}
    assert dtypes == {"conv_1": "int8", "dense_1": "int4", "classes": "int8"}


def test_it_answers_as_the_float_file_does(quantized: bytes, tmp_path: Path) -> None:
    (tmp_path / "file.tflite").write_bytes(quantized)
    drawn, labels = images(90, seed=4)
    answers = runtime.predict(tmp_path / "file.tflite", drawn)
    expected = runtime.predict(TINY / "float32.tflite", drawn)
    assert np.abs(answers - expected).max() < 0.1
    assert np.array_equal(answers.argmax(axis=1), labels)


def test_the_input_holds_the_whole_range_and_not_its_average(quantized: bytes, tmp_path: Path) -> None:
    (tmp_path / "file.tflite").write_bytes(quantized)
    low, high = runtime.LiteModel(tmp_path / "file.tflite").input.range
    assert low == pytest.approx(0, abs=1e-6)
    assert high == pytest.approx(CALIBRATION.max() / 255, abs=1e-4)


def test_same_model_same_bytes(quantized: bytes) -> None:
    assert int4.quantize(FLOAT32, CALIBRATION) == quantized


def test_the_bytes_do_not_depend_on_the_order_of_the_images(quantized: bytes) -> None:
    assert int4.quantize(FLOAT32, CALIBRATION[::-1]) == quantized


def test_with_ranges_as_they_are_the_file_is_that_of_the_older_quantizer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(int4, "rounded", lambda values: values)
    assert int4.quantize(FLOAT32, CALIBRATION) == (TINY / "int4.tflite").read_bytes()
