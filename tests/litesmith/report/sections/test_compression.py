"""Tests of litesmith.report.sections.compression.section."""

from litesmith.report.sections.compression.section import ablation, build, sparsity_rows
from tests.litesmith.report.report_inputs import report_inputs, without


def test_ablation_is_measured_against_the_winner() -> None:
    rows = ablation(report_inputs())
    assert [round(row.change, 4) for row in rows] == [0, 0.0002, -0.0026, -0.0012]


def test_sparsity_is_matched_layer_by_layer() -> None:
    rows = sparsity_rows(report_inputs())
    assert [(row.layer.name, row.quantized) for row in rows] == [
        (f"stage{n}_conv", 0.62) for n in (1, 2, 3)
    ]


def test_layer_that_the_file_does_not_name_has_no_share_there() -> None:
    inputs = report_inputs()
    inputs = without(inputs, "results", "convert", "files", "pruned-int8", "sparsity", "layers", 1)
    section = build(inputs)
    assert [row.quantized for row in section.layers] == [0.62, None, 0.62]
    assert "stage2_conv" not in section.layers_figure.partition("</title>")[0]
    assert ">stage2_conv</text>" in section.layers_figure
