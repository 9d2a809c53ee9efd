"""Tests of litesmith.report.sections.conversion.section."""

import pytest

from litesmith.report.sections.conversion.section import SECTION, model_rows
from tests.litesmith.report.report_inputs import report_inputs, with_value, without


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
