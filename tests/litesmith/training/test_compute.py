import numpy as np
import pytest

from litesmith.params.sections.network import NetworkSpec
from litesmith.training.backend import seed_everything
from litesmith.training.networks import build_network, computing_in
from tests.litesmith import make_tiny

pytestmark = pytest.mark.slow

SPEC = NetworkSpec(
    height=8, width=8, channels=1, num_classes=3, stem_width=16, stage_widths=(16,), stage_blocks=(1,),
    stem_kernel_size=3, stem_stride=1, residual=True, separable=False, repeats=2, dropout_rate=0.2,
)  # fmt: skip
PIXELS = make_tiny.images(40, 1)[0] / np.float32(255)


def test_float32_is_the_model_itself() -> None:
    model = build_network(SPEC, "small")
    assert computing_in(model, "float32") is model


def test_a_twin_rounds_what_flows_and_keeps_its_weights() -> None:
    seed_everything(1)
    model = build_network(SPEC, "small")
    twin = computing_in(model, "bfloat16")
    assert twin.name == model.name
    assert twin.get_layer("stage1_unit1_conv").compute_dtype == "bfloat16"
    assert model.get_layer("stage1_unit1_conv").compute_dtype == "float32"
    assert {weight.dtype for weight in twin.get_weights()} == {np.dtype(np.float32)}
    exact, rounded = (network(PIXELS, training=False).numpy() for network in (model, twin))
    assert rounded.dtype == np.float32
    assert 0 < np.abs(exact - rounded).max() < 0.02


def test_a_twin_leaves_the_weights_of_the_model_alone() -> None:
    model = build_network(SPEC, "small")
    before = model.get_weights()
    twin = computing_in(model, "bfloat16")
    twin.set_weights([weight + 1 for weight in before])
    for weights, other in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weights, other)
