"""Tests of litesmith.report.model_card."""

import dataclasses
import re

import pytest
from ruamel.yaml import YAML

from litesmith.params.sections.dataset import Description
from litesmith.report.inputs import ReportInputs
from litesmith.report.model_card import Markdown, markdown_text
from litesmith.report.page import make_report
from litesmith.wording import count
from tests.litesmith.report.report_inputs import CLASS_NAMES, FINAL, report_inputs, with_value

pytestmark = pytest.mark.usefixtures("undrawn")


def card_of(inputs: ReportInputs) -> str:
    return make_report(inputs).card


def test_front_matter_is_what_an_index_of_models_reads() -> None:
    front = YAML(typ="safe").load(card_of(report_inputs()).split("---\n")[1])
    assert front["pipeline_tag"] == "image-classification" and front["license"] == "mit"
    (result,) = front["model-index"][0]["results"]
    assert result["task"]["type"] == "image-classification"
    assert result["dataset"] == {"type": "fashion-mnist", "name": "Fashion-MNIST", "split": "test"}
    accuracy = report_inputs().results.evaluate.variants[FINAL].accuracy
    assert result["metrics"][0] == {
        "type": "accuracy",
        "name": "accuracy on the test split",
        "value": accuracy,
    }
    balance = report_inputs().final_variant.balance
    assert (result["metrics"][1]["type"], result["metrics"][1]["value"]) == (
        "balanced_accuracy",
        balance.accuracy.value,
    )


def test_card_says_what_a_stranger_has_to_know() -> None:
    card = card_of(report_inputs())
    for heading in ("Intended use", "How to use", "Data", "Training", "Results", "Limits", "Reproduce"):
        assert f"\n## {heading}\n" in card
    assert f"{count(96_248)} bytes" in card and ", ".join(CLASS_NAMES) in card
    assert "not recorded" not in card and "n/r" not in card
    assert card.endswith(".\n") and "\n\n\n" not in card


def test_card_says_how_models_for_conversion_were_made() -> None:
    inputs = report_inputs()
    qat = inputs.results.quantize.variants["qat"]
    other = qat.model_copy(update={"description": "any *way*"})
    card = card_of(
        with_value(inputs, "results", "quantize", "variants", value={"qat": qat, "other_way": other})
    )
    begin = "- qat: the winner, fine-tuned for 1 more epoch while it computes with values rounded to eight bits"
    assert begin in card
    assert "- other\\_way: any \\*way\\*.\n" in card
    none = card_of(with_value(inputs, "results", "quantize", "variants", value={}))
    assert "From these were made for conversion" not in none


def test_card_of_a_file_that_runs_its_network_twice_says_so() -> None:
    inputs = report_inputs()
    twice = inputs.results.quantize.variants["qat"].model_copy(update={"passes": 2})
    card = card_of(
        with_value(inputs, "results", "quantize", "variants", value={FINAL.partition("-")[0]: twice})
    )
    assert "bytes of activations alive at once in each of its 2 runs: the file looks at" in card
    assert "runs: the file looks" not in card_of(inputs)


def test_card_says_what_the_gate_images_decide() -> None:
    (line,) = [line for line in card_of(report_inputs()).splitlines() if line.startswith("| gate |")]
    assert "deciding whether the file replaces the one in service; no run chooses anything on it" in line


def test_card_of_synthetic_images_says_so() -> None:
    card = card_of(report_inputs(synthetic=True))
    assert "Do not use it." in card and "synthetic-images" in card
    assert "Do not use it." not in card_of(report_inputs())


def test_card_says_of_the_data_what_its_file_says() -> None:
    card = card_of(report_inputs())
    assert "- **License of the data:** MIT.\n" in card
    assert "- **Source of the data:** <https://github.com/zalandoresearch/fashion-mnist>.\n" in card
    assert "one grey image, bright on a dark ground, pixels from 0 to 1" in card


def test_card_of_other_data_says_nothing_of_fashion() -> None:
    inputs = report_inputs(class_names=["left", "right", *"cdefghij"])
    other = Description(name="Arrows", license=None, source=None)
    form = inputs.form.model_copy(update={"channels": 3, "ground": "light"})
    inputs = dataclasses.replace(inputs, dataset=other, form=form)
    report = make_report(with_value(inputs, "results", "validate", "dataset", "name", value="Arrows"))
    assert (
        "- **License of the data:** not stated.\n- **Source of the data:** not stated.\n" in report.card
    )
    assert "one colour image, dark on a light ground" in report.card
    assert "in colour pictures of 28 \u00d7 28 pixels like those of Arrows" in report.card
    front = YAML(typ="safe").load(report.card.split("---\n")[1])
    assert front["license"] == "unknown"
    summary = report.summary.dataset
    assert (summary.name, summary.license, summary.source) == ("Arrows", None, None)
    for text in (report.card, report.page):
        assert not re.search(r"garment|zalando|fashion|clothes|mit license", text, re.IGNORECASE)


@pytest.mark.parametrize(
    ("license_", "identifier"), [("CC BY 4.0", "cc-by-4.0"), ("MIT", "mit"), ("Ours!", "ours")]
)
def test_license_becomes_an_identifier(license_: str, identifier: str) -> None:
    card = card_of(with_value(report_inputs(), "dataset", "license", value=license_))
    assert f"\nlicense: {identifier}\n" in card


@pytest.mark.parametrize(
    "source", ["a shelf_in the *office*", "javascript:alert(1)", "https://a b", "http://<x>"]
)
def test_source_that_is_no_address_is_text(source: str) -> None:
    card = card_of(with_value(report_inputs(), "dataset", "source", value=source))
    assert f"- **Source of the data:** {markdown_text(source)}.\n" in card
    assert f"<{source}>" not in card


def test_names_cannot_leave_their_place() -> None:
    names = ["<script>alert(1)</script>", "a | b", "`c`", "[d](e)", "*f*", *"ghijk"]
    card = card_of(report_inputs(class_names=names))
    assert "<script>" not in card and "\\<script\\>" in card
    assert "a \\| b" in card and "\\`c\\`" in card and "\\[d\\](e)" in card


@pytest.mark.parametrize(
    ("value", "written"), [("a_b\nc", "a\\_b c"), (7, "7"), (Markdown("`a`"), "`a`")]
)
def test_values_are_text_on_one_line(value: object, written: str) -> None:
    assert markdown_text(value) == written


def test_card_says_what_was_not_measured() -> None:
    inputs = report_inputs()
    check = inputs.limits[0].model_copy(
        update={"measured": None, "met": None, "reason": "no tool was asked"}
    )
    card = card_of(with_value(inputs, "results", "evaluate", "limits", value=(check,)))
    assert "| int8 file, bytes | \u2013 | 100\u2009000 | not measured |" in card
