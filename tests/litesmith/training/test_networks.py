from pathlib import Path
from typing import Any

import numpy as np
import pytest

from litesmith.errors import DataError
from litesmith.files import write_json
from litesmith.params.sections.baseline import BaselineParams
from litesmith.params.sections.network import ImageShape, NetworkSpec
from litesmith.records.record import read_record, write_record
from litesmith.records.sweep import TunedNetwork
from litesmith.training.cost import count_macs, peak_activation_bytes
from litesmith.training.networks import build_baseline, build_network

SPEC = NetworkSpec(
    height=8, width=8, channels=1, num_classes=3, stem_width=4, stage_widths=(8, 16), stage_blocks=(1, 1),
    stem_kernel_size=3, stem_stride=1, residual=True, separable=False, repeats=1, dropout_rate=0.1,
)  # fmt: skip


BASELINE = BaselineParams(
    conv_widths=(32, 64), dense_width=128, epochs=1, batch_size=32, learning_rate=0.001, num_threads=1
)


def test_a_network_survives_its_file(tmp_path: Path) -> None:
    network = TunedNetwork(network=SPEC, choices={"width": 8})
    write_record(tmp_path / "network.json", network)
    assert read_record(tmp_path / "network.json", TunedNetwork) == network


def test_a_broken_network_is_refused(tmp_path: Path) -> None:
    content = {"network": {**SPEC.model_dump(), "stem_width": "wide"}, "choices": {}}
    write_json(tmp_path / "network.json", content)
    with pytest.raises(DataError, match=r"network\.json is not a TunedNetwork .* network\.stem_width: "):
        read_record(tmp_path / "network.json", TunedNetwork)


@pytest.fixture(scope="module")
def model() -> Any:
    return build_network(SPEC, "small")


@pytest.mark.slow
class TestBuilt:
    def test_takes_pixels_and_returns_probabilities(self, model: Any) -> None:
        assert model.input_names == ["pixels"]
        assert model.input_shape == (None, 8, 8, 1)
        answers = model(
            np.random.default_rng(0).random((2, 8, 8, 1), np.float32), training=False
        ).numpy()
        assert answers.shape == (2, 3)
        np.testing.assert_allclose(answers.sum(1), 1, rtol=1e-5)

    def test_batch_norm_follows_its_convolution_at_once(self, model: Any) -> None:
        norms = [layer for layer in model.layers if type(layer).__name__ == "BatchNormalization"]
        before = [layer.inbound_nodes[0].inbound_layers for layer in norms]
        assert [type(layer).__name__ for layer in before] == ["Conv2D"] * 5

    def test_a_stem_that_steps_takes_the_place_of_the_first_pooling(self) -> None:
        stepping = build_network(SPEC.replace(stem_stride=2), "stepping")
        assert [layer.name for layer in stepping.layers if "pool" in layer.name] == [
            "stage2_pool",
            "pool",
        ]
        stem, stage1, stage2 = 16 * 9 * 4, 16 * 9 * (4 * 8 + 8 * 8), 4 * 9 * (8 * 16 + 16 * 16)
        assert count_macs(stepping) == stem + stage1 + stage2 + 16 * 3

    def test_separable_units_are_a_depthwise_and_a_pointwise_convolution(self) -> None:
        separable = build_network(SPEC.replace(separable=True), "separable")
        stage1 = 16 * (9 * 4 + 4 * 8 + 9 * 8 + 8 * 8)
        stage2 = 4 * (9 * 8 + 8 * 16 + 9 * 16 + 16 * 16)
        assert count_macs(separable) == 64 * 9 * 4 + stage1 + stage2 + 16 * 3
        kinds = [type(layer).__name__ for layer in separable.layers if layer.name.endswith("_conv")]
        assert kinds == ["Conv2D"] + 4 * ["DepthwiseConv2D", "Conv2D"]

    def test_a_repeated_unit_has_one_kernel_and_a_norm_for_each_run(self, model: Any) -> None:
        repeated = build_network(SPEC.replace(repeats=3), "repeated")
        single, again = (
            sum(layer.kernel.numpy().size for layer in network.layers if hasattr(layer, "kernel"))
            for network in (model, repeated)
        )
        assert single == again
        norms = [
            layer.name
            for layer in repeated.layers
            if layer.name.startswith("stage1_unit1") and "norm" in layer.name
        ]
        assert norms == ["stage1_unit1_norm", "stage1_unit1_again1_norm", "stage1_unit1_again2_norm"]
        assert count_macs(repeated) == count_macs(model) + 2 * (16 * 9 * 8 * 8 + 4 * 9 * 16 * 16)
        assert peak_activation_bytes(repeated) == peak_activation_bytes(model)

    def test_another_dropout_rate_fits_the_same_weights(self, model: Any) -> None:
        other = build_network(SPEC.replace(dropout_rate=0.5), "other")
        other.set_weights(model.get_weights())
        assert other.get_layer("dropout").rate == 0.5
        pixels = np.random.default_rng(1).random((3, 8, 8, 1), np.float32)
        np.testing.assert_array_equal(other(pixels, training=False), model(pixels, training=False))

    @pytest.mark.parametrize("channels", [1, 3])
    @pytest.mark.parametrize(("height", "width"), [(8, 8), (9, 33), (4, 40), (5, 4)])
    @pytest.mark.parametrize("num_stages", [1, 4])
    @pytest.mark.parametrize("stem_stride", [1, 2])
    def test_images_of_any_form_have_a_network(
        self, height: int, width: int, channels: int, num_stages: int, stem_stride: int
    ) -> None:
        form = {"height": height, "width": width, "channels": channels, "num_classes": 256}
        spec = SPEC.replace(
            **form, stage_widths=(4,) * num_stages, stage_blocks=(1,) * num_stages,
            stem_stride=stem_stride,
        )  # fmt: skip
        networks = (
            build_network(spec, "small"), build_baseline(ImageShape.model_validate(form), BASELINE, "plain")
        )  # fmt: skip
        pixels = np.random.default_rng(0).random((2, height, width, channels), np.float32)
        for network in networks:
            assert network(pixels, training=False).numpy().shape == (2, 256)
            assert peak_activation_bytes(network) >= height * width * channels

    def test_a_side_of_one_pixel_is_not_halved_any_more(self) -> None:
        spec = SPEC.replace(height=4, width=16, stage_widths=(4,) * 4, stage_blocks=(0,) * 4)
        network = build_network(spec, "flat")
        shapes = [network.get_layer(f"stage{stage}_pool").output_shape[1:3] for stage in (1, 2, 3, 4)]
        assert shapes == [(2, 8), (1, 4), (1, 2), (1, 1)]

    def test_the_baseline_is_conv_pool_conv_pool_dense(self) -> None:
        model = build_baseline(
            ImageShape(height=28, width=28, channels=1, num_classes=10), BASELINE, "baseline"
        )
        kinds = [type(layer).__name__ for layer in model.layers[1:]]
        assert kinds == ["Conv2D", "MaxPooling2D", "Conv2D", "MaxPooling2D", "Flatten", "Dense", "Dense"]
        assert model.count_params() == 421_642
        assert count_macs(model) == 28 * 28 * 9 * 32 + 14 * 14 * 9 * 32 * 64 + 3136 * 128 + 128 * 10
