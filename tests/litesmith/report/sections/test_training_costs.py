"""Tests of litesmith.report.sections.training.costs."""

import pytest

from litesmith.report.sections.training.costs import StepCost, draw_costs, total_seconds
from litesmith.report.svg import svg_text

COSTS = [
    StepCost("fetch", 1.4, 2.0, 80.0),
    StepCost("sweep", 1662.4, 976.8, None),
    StepCost("prune", None, 3.0, 9.0),
]


def test_total_counts_what_was_recorded() -> None:
    assert total_seconds(COSTS) == pytest.approx(1663.8)


@pytest.mark.parametrize(
    "word", ["Cost of each step", "seconds", "largest process, MB", "sweep", "1 662", "977", "wall"]
)
def test_costs_bear_title_units_steps_and_values_as_text(word: str) -> None:
    assert f">{word}</text>" in svg_text(draw_costs(COSTS), "costs", "")
