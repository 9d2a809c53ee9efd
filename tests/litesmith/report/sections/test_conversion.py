"""Tests of litesmith.report.sections.conversion.section."""

import pytest

from litesmith.report.sections.conversion.figures import draw_tradeoff
from litesmith.report.sections.conversion.section import SECTION, build, model_rows
from litesmith.report.svg import svg_text
from tests.litesmith.report.report_inputs import FINAL, report_inputs, with_value, without

pytestmark = pytest.mark.usefixtures("undrawn")


def test_each_model_stands_beside_its_int8_file() -> None:
    tuned, pruned, qat = model_rows(report_inputs())
    assert (tuned.name, tuned.change, pruned.name, qat.name) == ("tuned", None, "pruned", "qat")
    assert qat.change is not None and round(qat.change, 4) == -0.0003
    assert qat.file is not None and qat.file.bytes == 96_304
    assert round(qat.file.validation_accuracy - qat.accuracy, 4) == 0.0001


def test_a_model_whose_int8_file_was_refused_says_so() -> None:
    inputs = without(report_inputs(), "results", "convert", "files", "qat-int8")
    *_, qat = model_rows(inputs)
    assert qat.file is None
    assert '<td colspan="4">refused</td>' in SECTION.render(inputs)


@pytest.mark.parametrize(("moved", "words"), [(1, "1\u00a0pixel away"), (2, "2\u00a0pixels away")])
def test_candidates_name_the_places_that_images_were_moved_to(moved: int, words: str) -> None:
    inputs = with_value(report_inputs(), "results", "convert", "final", "moved_px", value=moved)
    assert words in SECTION.render(inputs).replace("&nbsp;", "\u00a0")
    assert "away" not in SECTION.render(report_inputs())


def test_a_failed_check_is_counted_and_named() -> None:
    page = SECTION.render(
        with_value(
            report_inputs(),
            "results",
            "convert",
            "files",
            "qat-int8",
            "checks",
            1,
            "passed",
            value=False,
        )
    )
    assert "1 of 3 failed" in page and page.count("3 passed") == 9


def test_a_variant_that_was_left_out_is_named_with_the_reason() -> None:
    left_out = {"flip_averaged": "a mirror image may be of another class"}
    inputs = with_value(report_inputs(), "results", "quantize", "left_out", value=left_out)
    sentence = "flip_averaged was left out: a mirror image may be of another class."
    assert sentence in SECTION.render(inputs)
    assert "left out" not in SECTION.render(report_inputs())


def test_files_stand_by_size_with_both_accuracies_and_their_intervals() -> None:
    inputs = report_inputs()
    rows = build(inputs).tradeoff
    assert [row.name for row in rows] == list(inputs.tradeoff.files)
    page = SECTION.render(inputs)
    table = page[page.index('aria-label="Accuracy against size"') :]
    (final,) = (row for row in table.split("<tr") if f">{FINAL} (final)<" in row)
    # on validation 93.74 % of 5,000; on test as evaluate measured it
    assert "93.74<br><small>93.03 to 94.38</small>" in final and ">on it<" in final
    low, high = (100 * end for end in inputs.final_variant.accuracy_interval)
    assert (
        f"{100 * inputs.final_variant.accuracy:.2f}<br><small>{low:.2f} to {high:.2f}</small>" in final
    )
    assert (
        "on 5\u2009000 validation images, on which files are chosen, and on 1\u2009000 test images"
        in table
    )
    front = "On the Pareto front: tuned-int8, qat-int8, tuned-dynamic."
    assert front in page


def test_a_file_that_evaluate_did_not_measure_has_no_test_accuracy() -> None:
    inputs = without(report_inputs(), "results", "evaluate", "variants", "qat-int8")
    (row,) = (row for row in build(inputs).tradeoff if row.name == "qat-int8")
    assert row.tested is None
    assert [other.name for other in build(inputs).tradeoff if other.tested is None] == ["qat-int8"]


@pytest.mark.parametrize(
    "word",
    ["Accuracy against size", "raw bytes (logarithmic)", "accuracy, %", "Pareto front", "on test"],
)
def test_tradeoff_bears_title_and_units_as_text(word: str) -> None:
    inputs = report_inputs()
    tested = {row.name: row.tested for row in build(inputs).tradeoff if row.tested is not None}
    figure = draw_tradeoff(inputs.tradeoff, tested, FINAL, 100_000)
    assert f">{word}</text>" in svg_text(figure, "tradeoff", "")


def test_every_file_stands_at_its_bytes_and_the_limit_at_its_own() -> None:
    inputs = report_inputs()
    (axes,) = draw_tradeoff(inputs.tradeoff, {}, FINAL, 100_000).axes
    lines = {line.get_label(): line for line in axes.get_lines()}
    assert lines["final file"].get_xdata() == [inputs.tradeoff.files[FINAL].bytes]
    assert list(lines["most the device takes"].get_xdata()) == [100_000, 100_000]
    (points,) = (box for box in axes.containers if box.get_label() == "on validation")
    assert list(points[0].get_xdata()) == [file.bytes for file in inputs.tradeoff.files.values()]
    (axes,) = draw_tradeoff(inputs.tradeoff, {}, FINAL, None).axes
    assert "most the device takes" not in {line.get_label() for line in axes.get_lines()}
