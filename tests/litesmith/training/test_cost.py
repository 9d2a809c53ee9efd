from typing import Any

import pytest

from litesmith.training.cost import count_macs, peak_activation_bytes
from litesmith.training.networks import build_network
from tests.litesmith.training.test_networks import SPEC

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def model() -> Any:
    return build_network(SPEC, "small")


def test_macs_are_those_of_convolutions_and_head(model: Any) -> None:
    stem, stage1, stage2 = 64 * 9 * 4, 16 * 9 * (4 * 8 + 8 * 8), 4 * 9 * (8 * 16 + 16 * 16)
    assert count_macs(model) == stem + stage1 + stage2 + 16 * 3


def test_peak_counts_what_pooling_takes_and_gives(model: Any) -> None:
    # The stem's output, 8 x 8 x 4, with the pooled one, 4 x 4 x 4, against the adding at 4 x 4 x 8.
    assert peak_activation_bytes(model) == max(64 + 256, 256 + 64, 3 * 128)


def test_without_the_branch_less_is_alive() -> None:
    plain = build_network(SPEC.replace(residual=False), "plain")
    assert peak_activation_bytes(plain) == 320
