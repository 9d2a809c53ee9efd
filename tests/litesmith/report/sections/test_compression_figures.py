"""Tests of litesmith.report.sections.compression.figures."""

import pytest

from litesmith.analysis.intervals import Estimate
from litesmith.records.prune import LayerSparsity
from litesmith.report.sections.compression.figures import SparsityRow, draw_ablation, draw_sparsity
from litesmith.report.svg import svg_text

ACCURACY = Estimate(0.92, 0.91, 0.93)


@pytest.mark.parametrize("word", ["Pruning and dropout", "validation accuracy, %", "pruned only"])
def test_ablation_bears_title_unit_and_lines_as_text(word: str) -> None:
    figure = draw_ablation({"winner as is": ACCURACY, "pruned only": ACCURACY})
    assert f">{word}</text>" in svg_text(figure, "ablation", "")


@pytest.mark.parametrize(
    "word", ["Sparsity by layer", "weights that are zero, %", "stem_conv", "requested", "conv"]
)
def test_sparsity_bears_title_unit_and_layers_as_text(word: str) -> None:
    layers = [
        SparsityRow(
            LayerSparsity(name=name, shape=(9,), num_weights=9, requested=share, reached=share), left
        )
        for name, share, left in (("stem_conv", 0.0, None), ("conv", 0.55, 0.57))
    ]
    assert f">{word}</text>" in svg_text(draw_sparsity(layers), "sparsity", "")
