"""Tests of litesmith.report.sections.compression.figures."""

import pytest

from litesmith.analysis.intervals import Estimate
from litesmith.report.sections.compression.figures import (
    FileFacts,
    LayerSparsity,
    Named,
    draw_ablation,
    draw_files,
    draw_sparsity,
)
from litesmith.report.svg import svg_text

ACCURACY = Estimate(0.92, 0.91, 0.93)
FILES = [
    FileFacts("tuned-int8", True, ACCURACY, 70_000, 60_000, (0.14, 0.16, 0.21)),
    FileFacts("pruned-int8", False, None, 70_000, None, None),
]


@pytest.mark.parametrize("word", ["Pruning and dropout", "validation accuracy, %", "pruned only"])
def test_ablation_bears_title_unit_and_lines_as_text(word: str) -> None:
    figure = draw_ablation([Named("winner as is", ACCURACY), Named("pruned only", ACCURACY)])
    assert f">{word}</text>" in svg_text(figure, "ablation", "")


@pytest.mark.parametrize(
    "word", ["Sparsity by layer", "weights that are zero, %", "stem_conv", "asked", "conv"]
)
def test_sparsity_bears_title_unit_and_layers_as_text(word: str) -> None:
    layers = [LayerSparsity("stem_conv", 0.0, 0.0, None), LayerSparsity("conv", 0.55, 0.55, 0.57)]
    assert f">{word}</text>" in svg_text(draw_sparsity(layers), "sparsity", "")


@pytest.mark.parametrize(
    "word", ["Every .tflite file", "tuned-int8 (final)", "pruned-int8", "bytes (logarithmic):"]
)
def test_files_bear_title_units_and_names_as_text(word: str) -> None:
    assert f">{word}</text>" in svg_text(draw_files(FILES), "files", "")


def test_gzip_bytes_without_raw_ones_are_a_stroke_and_no_dot() -> None:
    rows = [
        FileFacts("a", False, None, None, 60_000, None),
        FileFacts("b", False, None, 70_000, 60_000, None),
    ]
    (axes,) = draw_files(rows).axes
    dots = [list(line.get_xdata()) for line in axes.lines if line.get_marker() == "o"]
    assert dots == [[], [70_000]]
