import pytest

from litesmith.params.sections.network import NetworkSpec
from litesmith.search.cost import BYTES_ERROR, cost_of, estimated_cost
from litesmith.training.cost import count_macs, peak_activation_bytes
from litesmith.training.networks import build_network
from tests.litesmith import small

SPEC = small.NETWORK
KINDS = [
    SPEC,
    SPEC.replace(stem_stride=2, stem_kernel_size=5),
    SPEC.replace(separable=True),
    SPEC.replace(separable=True, residual=False, stage_widths=(8, 16), stage_blocks=(2, 1)),
    SPEC.replace(residual=False, repeats=3),
    SPEC.replace(repeats=2, separable=True, height=13, width=9),
    SPEC.replace(stage_widths=(8, 16, 32), stage_blocks=(0, 1, 2), height=31, width=28, stem_stride=2),
    SPEC.replace(stage_widths=(32, 64), stage_blocks=(1, 1), stem_width=16, height=28, width=28),
]


@pytest.mark.slow
@pytest.mark.parametrize("spec", KINDS)
def test_work_and_activations_are_known_from_the_shape(spec: NetworkSpec) -> None:
    model, estimate = build_network(spec, "untrained"), estimated_cost(spec)
    assert (estimate.macs, estimate.activation_bytes) == (
        count_macs(model),
        peak_activation_bytes(model),
    )


@pytest.mark.slow
@pytest.mark.parametrize("spec", [KINDS[3], KINDS[-1]])
def test_bytes_are_nearly_those_of_the_converted_network(spec: NetworkSpec) -> None:
    cost, estimate = cost_of(spec), estimated_cost(spec)
    assert estimate.tflite_bytes == pytest.approx(cost.tflite_bytes, rel=BYTES_ERROR)
    assert (estimate.macs, estimate.activation_bytes) == (cost.macs, cost.activation_bytes)


@pytest.mark.slow
def test_the_cost_is_that_of_the_converted_network() -> None:
    spec = SPEC.replace(stage_blocks=(0,))
    few, many = cost_of(spec), cost_of(spec.replace(stage_widths=(32,)))
    assert 2000 < few.tflite_bytes < many.tflite_bytes
    assert many.macs == 64 * 9 * 4 + 16 * 9 * 4 * 32 + 32 * 3
    assert cost_of(spec) == few
