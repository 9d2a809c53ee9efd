import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from litesmith.errors import DataError
from litesmith.tflite import runtime
from litesmith.tflite.runtime import LiteModel, Observation, Tensor
from litesmith.tflite.slimming import unpack
from tests.litesmith.make_tiny import TINY, images

PROJECT = Path(__file__).parents[3]
PRECISIONS = ["float32", "float16", "dynamic", "int8", "int4"]
INT8 = Tensor(dtype="int8", shape=(1, 2), scale=1 / 255, zero_point=-128)


def test_integers_saturate_instead_of_wrapping() -> None:
    values = np.array([-0.5, 0, 0.25, 1, 1.5], np.float32)
    assert INT8.encode(values).tolist() == [-128, -128, -64, 127, 127]
    assert INT8.encode(values).dtype == np.int8


def test_every_pixel_survives_the_way_in_and_out() -> None:
    pixels = np.arange(256, dtype=np.float32) / np.float32(255)
    assert np.allclose(INT8.decode(INT8.encode(pixels)), pixels, atol=1e-6)
    assert INT8.range == (pytest.approx(0), pytest.approx(1))


def test_an_odd_zero_point_is_respected() -> None:
    tensor = Tensor(dtype="uint8", shape=(1, 2), scale=1 / 200, zero_point=3)
    assert tensor.encode(np.array([0, 0.5, 1, 2], np.float32)).tolist() == [3, 103, 203, 255]
    assert tensor.decode(np.array([3, 103, 203], np.uint8)).tolist() == pytest.approx([0, 0.5, 1])


def test_floats_pass_unchanged() -> None:
    tensor = Tensor(dtype="float32", shape=(1, 2), scale=None, zero_point=None)
    values = np.array([-3, 0.25], np.float32)
    assert np.array_equal(tensor.decode(tensor.encode(values)), values)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_answers_are_those_of_keras(precision: str) -> None:
    answers = runtime.predict(TINY / f"{precision}.tflite", images(30, seed=2)[0])
    expected = np.load(TINY / "answers.npy")
    tolerance = {"float32": 1e-5, "float16": 1e-2, "dynamic": 2e-2, "int8": 2e-2, "int4": 2e-2}[
        precision
    ]
    assert answers.dtype == np.float32
    assert np.abs(answers - expected).max() <= tolerance
    assert np.array_equal(answers.argmax(axis=1), expected.argmax(axis=1))


def test_input_and_output_of_an_int8_file() -> None:
    model = LiteModel(TINY / "int8.tflite")
    assert (model.input.dtype, model.input.shape, model.input.zero_point) == ("int8", (1, 8, 8, 1), -128)
    assert (model.output.dtype, model.output.shape, model.output.scale) == ("int8", (1, 3), 1 / 256)


@pytest.mark.parametrize("shape", [(28, 28, 1), (8, 8, 3), (8, 8)])
def test_images_of_another_form_are_refused(shape: tuple[int, ...]) -> None:
    reason = rf"\(height, width, channels\) \(8, 8, 1\), got {re.escape(str(shape))}\. Resize them"
    with pytest.raises(DataError, match=reason):
        runtime.predict(TINY / "int8.tflite", np.zeros((1, *shape), np.uint8))


def test_missing_file() -> None:
    with pytest.raises(DataError, match=r"gone\.tflite is missing"):
        LiteModel(TINY / "gone.tflite")


@pytest.mark.parametrize("content", [b"", b"not a model", b"\0" * 4000])
def test_broken_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.tflite"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"broken\.tflite is not a \.tflite file that LiteRT can run"):
        LiteModel(path)


def test_file_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "short.tflite"
    path.write_bytes((TINY / "int8.tflite").read_bytes()[:2000])
    with pytest.raises(DataError, match=r"short\.tflite is not a \.tflite file"):
        LiteModel(path)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_weights_of_every_layer(precision: str) -> None:
    weights = runtime.read_weights(TINY / f"{precision}.tflite")
    assert [(layer.name, layer.shape) for layer in weights] == [
        ("conv_1", (8, 3, 3, 1)),
        ("dense_1", (8, 128)),
        ("classes", (3, 8)),
    ]
    mixed = {"dynamic": ["float32", "int8", "float32"], "int4": ["int8", "int4", "int8"]}
    dtypes = mixed.get(precision, [precision] * 3)
    assert [layer.dtype for layer in weights] == dtypes
    assert [layer.num_scales for layer in weights] == [
        channels if dtype.startswith("int") else 0
        for channels, dtype in zip((8, 8, 3), dtypes, strict=True)
    ]


def test_zeros_are_counted_where_they_are(tmp_path: Path) -> None:
    """Half of one layer's weights set to zero in the file's bytes, and nothing else."""
    before = {layer.name: layer for layer in runtime.read_weights(TINY / "float32.tflite")}
    content = bytearray((TINY / "float32.tflite").read_bytes())
    model = runtime.schema.ModelT.InitFromPackedBuf(bytes(content), 0)
    data = next(
        buffer.data.tobytes()
        for buffer in model.buffers
        if buffer.data is not None and len(buffer.data) == 8 * 128 * 4
    )
    start = content.find(data)
    content[start : start + len(data) // 2] = bytes(len(data) // 2)
    (tmp_path / "half.tflite").write_bytes(content)
    after = {layer.name: layer for layer in runtime.read_weights(tmp_path / "half.tflite")}
    assert after["dense_1"].sparsity == 0.5
    assert after["conv_1"] == before["conv_1"]


def test_two_weights_of_four_bits_share_a_byte(tmp_path: Path) -> None:
    """The lower half comes first, both have a sign, and an odd last half is none."""
    tree = unpack((TINY / "int4.tflite").read_bytes())
    dense = next(tensor for tensor in tree.subgraphs[0].tensors if tensor.shape.tolist() == [8, 128])
    data = tree.buffers[dense.buffer].data
    values = runtime._values(data.tobytes(), "int4")
    assert len(values) == 8 * 128 == 2 * len(data)
    assert runtime._values(bytes([0xF1, 0x08]), "int4").tolist() == [1, -1, -8, 0]
    layers = runtime.read_weights(TINY / "int4.tflite")
    weights = next(layer for layer in layers if layer.dtype == "int4")
    assert weights.num_zeros == np.count_nonzero(values == 0)


def run_python(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command], cwd=PROJECT, capture_output=True, text=True, check=False
    )


def arguments(folder: Path, model: Path) -> list[str]:
    np.savez(folder / "arrays.npz", images=images(6, seed=2)[0], golden_rows=[3, 0])
    return [str(model), str(folder / "arrays.npz"), "1", "255"]


def test_observing_in_a_process_of_its_own(tmp_path: Path) -> None:
    done = run_python(["-m", "litesmith.tflite.runtime", *arguments(tmp_path, TINY / "int8.tflite")])
    observation = Observation.model_validate_json(done.stdout)
    pixels, labels = images(6, seed=2)
    assert observation == runtime.observe(TINY / "int8.tflite", pixels, np.array([3, 0]), 1, 255)
    on_black = runtime.observe(TINY / "int8.tflite", pixels, np.array([3, 0]), 1)
    assert observation.predicted != on_black.predicted
    assert len(observation.predicted) == 9
    assert observation.in_place.tolist() == labels.tolist()
    expected = runtime.predict(TINY / "int8.tflite", pixels[[3, 0]])
    assert np.array_equal(np.array(observation.golden, np.float32), expected)
    assert 0 < observation.sparsity < 0.1


def test_observing_refuses_a_process_with_tensorflow(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['tensorflow'] = sys; from litesmith.tflite import runtime; "
        f"sys.exit(runtime.main({arguments(tmp_path, TINY / 'int8.tflite')!r}))"
    )
    done = run_python(["-c", code])
    assert done.returncode == 1
    assert "TensorFlow was imported" in done.stderr
    assert done.stdout == ""


def test_observing_a_broken_file_prints_the_reason(tmp_path: Path) -> None:
    (tmp_path / "broken.tflite").write_bytes(b"nothing")
    done = run_python(
        ["-m", "litesmith.tflite.runtime", *arguments(tmp_path, tmp_path / "broken.tflite")]
    )
    assert done.returncode == 1
    assert "broken.tflite is not a .tflite file" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("channels", "fill"), [(1, 0), (1, 255), (3, 128)])
def test_images_are_shifted_to_every_place_that_is_near(channels: int, fill: int) -> None:
    image = np.full((1, 3, 4, channels), fill, np.uint8)
    image[0, 1, 1] = 7
    places = np.stack(list(runtime.shifted(image, 1, fill)))
    assert places.shape == (9, 1, 3, 4, channels)
    assert np.array_equal(places[4], image)
    seen = np.argwhere((places != fill).all(axis=4))[:, 2:]
    assert sorted(map(tuple, seen.tolist())) == [(y, x) for y in range(3) for x in range(3)]
    assert np.array_equal(np.stack(list(runtime.shifted(image, 0, fill))), image[None])


def test_an_answer_that_is_not_a_number_reaches_the_reader() -> None:
    observation = runtime.observe(TINY / "int8.tflite", images(6, seed=2)[0], np.array([3]))
    broken = observation.model_copy(update={"golden": [[float("nan"), float("inf"), 0.0]]})
    golden = Observation.model_validate_json(broken.model_dump_json()).golden
    assert str(golden) == "[[nan, inf, 0.0]]"
