"""Tests of litesmith.release.operators."""

import pytest

from litesmith.release.operators import list_operators, needed_arena
from tests.litesmith.make_tiny import TINY
from tests.litesmith.release.packages import changed_model, unknown_custom
from tests.litesmith.report.report_inputs import FINAL, report_inputs


def test_operators_with_versions_and_numbers() -> None:
    operators = list_operators((TINY / "int8.tflite").read_bytes())
    assert [(each.name, each.version, each.count) for each in operators] == [
        ("CONV_2D", 3, 1),
        ("FULLY_CONNECTED", 4, 2),
        ("MAX_POOL_2D", 2, 1),
        ("RESHAPE", 1, 1),
        ("SOFTMAX", 2, 1),
    ]
    assert not any(each.custom for each in operators)


def test_a_custom_operator_has_a_name_of_its_own() -> None:
    operators = list_operators(changed_model(unknown_custom))
    assert [each.name for each in operators if each.custom] == ["Mystery"]


def test_the_arena_has_a_margin_and_is_a_multiple_of_16() -> None:
    arena = needed_arena(report_inputs().results.evaluate.device, FINAL)
    assert arena is not None
    assert (arena.measured_bytes, arena.recommended_bytes) == (60_000, 66_000)
    assert arena.tool.startswith("TensorFlow Lite Micro")


@pytest.mark.parametrize("file", ["tuned-float32", "unknown"])
def test_an_arena_that_was_not_measured_is_none(file: str) -> None:
    assert needed_arena(report_inputs().results.evaluate.device, file) is None
    assert needed_arena({}, FINAL) is None
