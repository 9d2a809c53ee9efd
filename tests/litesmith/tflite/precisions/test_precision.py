import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from litesmith.errors import ConversionError
from litesmith.tflite import converter, parity, runtime
from litesmith.tflite.parity import Reference, Requirements
from litesmith.tflite.precisions.float32 import FLOAT32
from litesmith.tflite.precisions.int4 import INT4
from litesmith.tflite.precisions.int8 import INT8
from litesmith.tflite.precisions.precision import Precision
from litesmith.tflite.precisions.registry import PRECISIONS
from litesmith.training.backend import load_h5, save_h5, tf
from litesmith.training.networks import NetworkSpec, build_network
from tests.litesmith.make_tiny import images, trained

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parents[4]
CALIBRATION, _ = images(60, seed=1)
IMAGES, LABELS = images(30, seed=2)
ALL_ROWS = np.arange(30)
TOLERANCES = {"float32": 1e-5, "float16": 1e-2, "int4": 0.2}


@pytest.fixture(scope="module")
def model() -> Any:
    """Return a small trained network whose first dense layer lost its smaller half, as pruning leaves it."""
    network = trained()
    kernel, bias = network.get_layer("dense_1").get_weights()
    kernel[np.abs(kernel) < np.median(np.abs(kernel))] = 0
    network.get_layer("dense_1").set_weights([kernel, bias])
    return network


@pytest.fixture(scope="module")
def files(model: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the model's file in each precision."""
    folder = tmp_path_factory.mktemp("lite")
    for precision in PRECISIONS:
        (folder / f"{precision.name}.tflite").write_bytes(precision.convert(model, CALIBRATION))
    return {precision.name: folder / f"{precision.name}.tflite" for precision in PRECISIONS}


def requirements(precision: Precision) -> Requirements:
    return Requirements(
        precision, TOLERANCES.get(precision.name, 5e-2), min_agreement=0.99, agreement_level=0.001
    )


def reference(model: Any) -> Reference:
    golden = converter.probabilities(model, IMAGES)
    return Reference(
        images=IMAGES,
        fill=0,
        golden_rows=ALL_ROWS,
        golden=golden,
        predicted=golden.argmax(axis=1),
        pixel_range=(0.0, 254 / 255),
        dense_per_channel=True,
    )


@pytest.mark.parametrize("precision", PRECISIONS, ids=lambda entry: entry.name)
def test_a_file_does_what_its_keras_model_does(
    model: Any, files: dict[str, Path], precision: Precision
) -> None:
    observation = parity.observe_apart(files[precision.name], IMAGES, ALL_ROWS)
    results = parity.checks(observation, requirements(precision), reference(model))
    assert [check for check in results if not check.passed] == []
    assert observation.predicted == [LABELS.tolist()]


def test_zeros_stay_zeros_in_every_precision(files: dict[str, Path]) -> None:
    for path in files.values():
        dense = next(layer for layer in runtime.read_weights(path) if layer.name == "dense_1")
        assert 0.5 <= dense.sparsity < 0.53, path


def test_the_wrong_model_is_found_out(model: Any, files: dict[str, Path]) -> None:
    true = reference(model)
    rolled = replace(true, golden=np.roll(true.golden, 1, axis=1))
    results = parity.checks(runtime.observe(files["int8"], IMAGES, ALL_ROWS), requirements(INT8), rolled)
    assert [check.name for check in results if not check.passed] == ["golden"]


def test_same_model_same_bytes_here_and_elsewhere(
    model: Any, files: dict[str, Path], tmp_path: Path
) -> None:
    save_h5(model, tmp_path / "model.h5")
    np.save(tmp_path / "calibration.npy", CALIBRATION)
    for precision in (FLOAT32, INT8, INT4):
        content = precision.convert(load_h5(tmp_path / "model.h5"), CALIBRATION)
        assert content == files[precision.name].read_bytes()
    code = (
        "from pathlib import Path\nimport numpy as np\n"
        "from litesmith.tflite.precisions.int8 import INT8\nfrom litesmith.training.backend import load_h5\n"
        f"folder = Path({str(tmp_path)!r})\n"
        "content = INT8.convert(load_h5(folder / 'model.h5'), np.load(folder / 'calibration.npy'))\n"
        "(folder / 'elsewhere.tflite').write_bytes(content)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=True)
    assert (tmp_path / "elsewhere.tflite").read_bytes() == files["int8"].read_bytes()


@pytest.mark.parametrize("precision", [INT8, INT4], ids=lambda entry: entry.name)
def test_integers_need_calibration_images(model: Any, precision: Precision) -> None:
    with pytest.raises(ConversionError, match=rf"{precision.name} needs calibration images, got none"):
        precision.convert(model, CALIBRATION[:0])


def test_a_model_that_cannot_be_converted_is_named(model: Any) -> None:
    odd = tf.keras.Sequential(
        [
            tf.keras.layers.Input((8, 8, 1)),
            tf.keras.layers.Lambda(lambda x: tf.raw_ops.Igamma(a=x, x=x)),
        ],
        name="odd",
    )
    with pytest.raises(ConversionError, match=r"TensorFlow cannot convert odd to float32: "):
        FLOAT32.convert(odd, CALIBRATION[:0])


def test_nothing_is_printed_on_the_terminal(model: Any, capfd: pytest.CaptureFixture[str]) -> None:
    capfd.readouterr()
    INT8.convert(model, CALIBRATION[:3])
    assert capfd.readouterr().err == ""


def test_a_kernel_that_runs_again_is_in_the_file_once_wherever_its_weights_lie() -> None:
    spec = NetworkSpec(
        height=12,
        width=12,
        channels=1,
        num_classes=3,
        stem_width=8,
        stage_widths=(8,),
        stage_blocks=(1,),
        stem_kernel_size=3,
        stem_stride=1,
        residual=True,
        separable=False,
        repeats=3,
        dropout_rate=0.0,
    )
    network, rng = build_network(spec, "again"), np.random.default_rng(1)
    for layer in network.layers:
        if layer.name.endswith("_norm"):
            layer.gamma.assign(rng.uniform(0.5, 2, layer.gamma.shape))
    (kernel,) = [layer.kernel for layer in network.layers if len(layer.inbound_nodes) == 3]
    whole = rng.integers(-126, 126, kernel.shape).astype(np.float32)
    whole[0, 0, 0] = 127
    sizes = []
    for weights in (whole, np.where(whole < 127, whole + 0.5, whole)):
        kernel.assign(weights / 1000)
        sizes.append(len(INT8.convert(network, CALIBRATION)))
        np.testing.assert_array_equal(kernel.numpy(), np.float32(weights / 1000))
    assert sizes[0] == sizes[1]
