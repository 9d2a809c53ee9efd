"""Tests of litesmith.report.sections.variants."""

import numpy as np
import pytest

from litesmith.report.sections.variants.figures import draw_files
from litesmith.report.sections.variants.section import SECTION, build, no_loss
from litesmith.report.svg import svg_text
from tests.litesmith.report.report_inputs import FINAL, report_inputs

INPUTS = report_inputs()


@pytest.mark.usefixtures("undrawn")
def test_agreement_is_with_the_parent_and_a_keras_model_has_none() -> None:
    rows = {row.name: row for row in build(INPUTS).rows}
    said = INPUTS.predictions.predicted
    assert rows[FINAL].agreement == pytest.approx(np.mean(said[FINAL] == said["tuned-keras"]))
    assert rows["tuned-keras"].agreement is None and rows["tuned-keras"].latency is None
    assert len([row for row in rows.values() if row.latency]) == 10


@pytest.mark.usefixtures("undrawn")
def test_quantities_that_do_not_exist_are_dashes() -> None:
    page = SECTION.render(INPUTS)
    (keras,) = (row for row in page.split("<tr") if ">tuned-keras<" in row)
    (final,) = (row for row in page.split("<tr") if f">{FINAL}<br><small>final<" in row)
    assert keras.count(">\u2013<") == 4 and final.count(">\u2013<") == 1


def test_reason_for_no_loss_is_given_once_with_all_that_it_holds_for() -> None:
    variant = INPUTS.final_variant
    other = variant.model_copy(update={"precision": "int4"})
    full = variant.model_copy(update={"loss_reason": None, "loss": 0.1})
    assert no_loss([variant, full, variant, other]) == {
        "most of its probabilities are 0": "int8 and int4"
    }


@pytest.mark.parametrize(
    "word", ["Every .tflite file", f"{FINAL} (final)", "pruned-int8", "bytes (logarithmic):"]
)
def test_files_bear_title_units_and_names_as_text(word: str) -> None:
    variants, latency = INPUTS.results.evaluate.variants, INPUTS.results.latency.variants
    files = {name: variants[name] for name in (FINAL, "pruned-int8")}
    assert f">{word}</text>" in svg_text(draw_files(files, latency, FINAL), "files", "")
