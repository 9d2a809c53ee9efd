from pathlib import Path

import numpy as np
import pytest

from litesmith.compression.flip_averaging import flip_averaged
from litesmith.errors import ContractError
from litesmith.params.sections.baseline import BaselineParams
from litesmith.params.sections.network import ImageShape
from litesmith.tflite import converter, runtime
from litesmith.tflite.precisions.int8 import INT8
from litesmith.training.backend import load_h5, save_h5, seed_everything
from litesmith.training.networks import build_baseline, build_network
from tests.litesmith import make_tiny, small

pytestmark = pytest.mark.slow

SPEC = small.NETWORK.replace(repeats=2, dropout_rate=0.3)
BASELINE = BaselineParams(
    conv_widths=(4, 8), dense_width=16, epochs=1, batch_size=32, learning_rate=0.001, num_threads=1
)
IMAGES, _ = make_tiny.images(60, 1)


def test_it_answers_with_the_mean_of_both_logits() -> None:
    seed_everything(1)
    model = build_network(SPEC, "tuned")
    plain, other = (
        np.log(converter.probabilities(model, images)) for images in (IMAGES, IMAGES[:, :, ::-1])
    )
    mean = np.exp((plain + other) / 2)
    both = flip_averaged(model, "mirrored")
    np.testing.assert_allclose(
        converter.probabilities(both, IMAGES), mean / mean.sum(1, keepdims=True), atol=1e-5
    )
    np.testing.assert_allclose(
        converter.probabilities(both, IMAGES),
        converter.probabilities(both, IMAGES[:, :, ::-1]),
        atol=1e-5,
    )


def test_it_is_saved_and_its_file_holds_every_weight_once(tmp_path: Path) -> None:
    model = build_network(SPEC, "tuned")
    both = flip_averaged(model, "mirrored")
    save_h5(both, tmp_path / "mirrored.h5")
    loaded = load_h5(tmp_path / "mirrored.h5")
    np.testing.assert_array_equal(
        converter.probabilities(loaded, IMAGES), converter.probabilities(both, IMAGES)
    )
    plain, content = (INT8.convert(network, IMAGES) for network in (model, loaded))
    assert len(plain) < len(content) < len(plain) + 1000
    (tmp_path / "mirrored.tflite").write_bytes(content)
    answers = runtime.predict(tmp_path / "mirrored.tflite", IMAGES)
    assert np.abs(answers - converter.probabilities(both, IMAGES)).max() < 0.05


def test_a_network_of_another_kind_is_refused() -> None:
    shape = ImageShape(height=12, width=12, channels=1, num_classes=3)
    with pytest.raises(ContractError, match="plain has no layers pool and probabilities"):
        flip_averaged(build_baseline(shape, BASELINE, "plain"), "mirrored")
