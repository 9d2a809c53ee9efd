"""Tests of benchmarks.frontier.networks."""

import numpy as np
import pytest
from pydantic import ValidationError

from benchmarks.frontier.networks import Preactivation, build
from tests.litesmith.make_tiny import tiny_form

RESNET_20 = Preactivation(stage_widths=(16, 32, 64), stage_blocks=(3, 3, 3), dropout_rate=0.0)


def test_each_stage_needs_its_blocks() -> None:
    with pytest.raises(
        ValidationError, match="has 2 stage_widths and 1 stage_blocks: give each stage both"
    ):
        Preactivation(stage_widths=(16, 32), stage_blocks=(3,), dropout_rate=0.0)


@pytest.mark.slow
def test_the_network_is_the_published_one() -> None:
    """0.27 M weights and 31 M multiply-accumulates at 28 x 28 are published for 20 layers."""
    from litesmith.training.cost import count_macs

    form = tiny_form(28).model_copy(update={"class_names": tuple("0123456789")})
    model = build(RESNET_20, form, "teacher")
    assert model.name == "teacher"
    assert round(model.count_params() / 1e6, 2) == 0.27
    assert round(count_macs(model) / 1e6) == 31
    convs = [layer for layer in model.layers if type(layer).__name__ == "Conv2D"]
    assert len([conv for conv in convs if conv.kernel_size == (3, 3)]) == 19


@pytest.mark.slow
def test_its_answers_are_probabilities_in_either_dtype() -> None:
    from litesmith.training.networks import computing_in

    form = tiny_form(16)
    small = RESNET_20.replace(stage_widths=(4, 8), stage_blocks=(1, 2))
    model = build(small, form, "teacher")
    pixels = np.random.default_rng(1).random((3, 16, 16, 1), np.float32)
    for each in (model, computing_in(model, "bfloat16")):
        answers = each(pixels).numpy()
        assert answers.shape == (3, form.num_classes)
        assert answers.dtype == np.float32
        np.testing.assert_allclose(answers.sum(axis=1), 1, atol=1e-5)
