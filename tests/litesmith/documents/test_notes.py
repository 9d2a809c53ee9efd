import re
from typing import Any

import pytest

from litesmith.analysis.flips import FlipCounts
from litesmith.documents.notes import render_notes, transformer, transformer_cost
from litesmith.errors import ContractError
from litesmith.records.sweep import PricedTrial
from litesmith.report.inputs import ReportInputs
from tests.litesmith.report.report_inputs import report_inputs, with_value, without

EVALUATE = ("results", "evaluate")


def flat(inputs: ReportInputs) -> str:
    """Return the notes in one line, with ordinary spaces between thousands."""
    return " ".join(render_notes(inputs.results, inputs.provenance).replace("\u2009", " ").split())


def changed(*path: Any, value: Any) -> str:
    """Return the notes in one line, of inputs with another value."""
    return flat(with_value(report_inputs(), *path, value=value))


def test_search_is_told_in_figures_of_its_rungs() -> None:
    text = flat(report_inputs())
    assert "24 trials of one family of networks, each trained for 4 epochs on 5 000 images" in text
    assert "cost 10 CPU-seconds in the median, 3 of 24 trials were trained to the last rung" in text
    assert "none diverged, and all trials together took 450 of the 20 CPU-seconds" in text
    assert "were not trained: 5." in text
    assert (
        "ran from 40 000 to 132 414 bytes and from 4 000 000 to 13 241 400 multiply-accumulates" in text
    )
    assert "tried rates from 10.00 to 33.00 %" in text
    diverged = changed("results", "sweep", "trials", 0, "state", value="diverged")
    assert "trained to the last rung, 1 diverged" in diverged


def test_span_of_a_rung_is_told_in_standard_errors() -> None:
    points = tuple(
        PricedTrial(number=n, cost=n, accuracy=accuracy, standing="frontier", won=False)
        for n, accuracy in enumerate((0.86, 0.90, 0.88))
    )
    path = ("results", "sweep", "frontiers")
    inputs = with_value(report_inputs(), *path, 2, "points", value=points)
    text = flat(with_value(inputs, *path, 2, "margin", value=0.005))
    assert (
        "3 reached the last rung. They span 4.00 points, 8.0 standard errors of such an accuracy, more than "
        "chance explains: 3 equally good networks would span as much in fewer than 1 of 100 cases."
        in text
    )


def test_int8_file_is_compared_with_its_model_image_by_image() -> None:
    flips = FlipCounts(right_to_wrong=10, wrong_to_right=30, wrong_to_wrong=5, num_images=1_000)
    text = changed(*EVALUATE, "flips", "tuned-int8", value=flips)
    assert "changed the test accuracy by +2.00 points (95 % interval +0.73 to +3.26)" in text


def test_parts_of_the_fine_tuning_are_compared_on_validation() -> None:
    text = flat(report_inputs())
    assert (
        "pruning alone changed the accuracy by \u22120.26 points (95 % interval \u22121.22 to +0.70)."
        in text
    )
    assert "the winner as it was: +0.02 points (95 % interval \u22120.93 to +0.97)" in text
    assert "Pruning with dropout against pruning without: +0.14 points" in text


def test_file_least_like_its_model_is_named_with_the_checks() -> None:
    path = ("results", "convert", "files", "pruned-int8")
    text = changed(*path, "agreement_with_keras", value=0.97)
    assert (
        "differs most from its Keras model, pruned-int8, still gives the same class for 97.00 %" in text
    )
    assert "30 checks in all, of which none failed" in text
    assert "of which 1 failed" in changed(*path, "checks", 0, "passed", value=False)


def test_refused_file_is_named() -> None:
    assert "were refused: none." in flat(report_inputs())
    refused = {"clustered-int8": "golden: largest error 0.9"}
    assert "were refused: clustered-int8." in changed("results", "convert", "refused", value=refused)


def test_transformer_is_counted_weight_by_weight() -> None:
    tokens, patch_values, channels = 5, 16, 8
    weights, macs = transformer_cost(tokens, patch_values, channels, 1, 10)
    attention, dense = 4 * channels**2, 2 * channels * (4 * channels)
    assert weights == patch_values * channels + tokens * channels + attention + dense + channels * 10
    scores = tokens * tokens * channels
    assert (
        macs == 4 * patch_values * channels + tokens * (attention + dense) + 2 * scores + channels * 10
    )
    assert transformer(report_inputs().results).tokens == 50


def test_notes_answer_eight_questions_with_the_recorded_figures() -> None:
    inputs = report_inputs()
    text = render_notes(inputs.results, inputs.provenance)
    assert re.findall(r"^## (\d)\. .*\?$", text, re.MULTILINE) == [str(number) for number in range(1, 9)]
    line = flat(inputs)
    assert "225 034 weights, 90.00 % on test" in line
    assert "ended between 85.00 % and 87.31 % on validation. They span 2.31 points, 4.9 standard" in line
    assert "| tuned-int8 | 96 248 | 80 116 | 93.00 | 0.00 |" in line
    assert "int8 is 1.8 times faster" in line
    assert "Unstructured pruning is a way" in line
    sources = set(re.findall(r"^(\d+)\. ", text, re.MULTILINE))
    assert set(re.findall(r"\[(\d+)\]", text)) == sources
    assert text.endswith("\n") and not re.search(r"[ \t]$", text, re.MULTILINE)
    prose = [row for row in text.splitlines() if row[:1].isalpha()]
    assert max(map(len, prose)) <= 105


def test_changes_on_test_are_told_with_their_intervals() -> None:
    text = flat(report_inputs())
    assert "reaches 93.00 % on test: +3.00 points (95 % interval +0.54 to +5.44)." in text
    assert "9.4 times smaller, and +3.00 points (95 % interval +1.90 to +4.08)" in text


def test_limits_and_devices_are_quoted_where_they_were_measured() -> None:
    text = flat(report_inputs())
    assert "| max_arena_bytes | 65 536 | 60 000 |" in text
    assert (
        "as TensorFlow Lite Micro 0 says of tuned-int8: Arena, bytes: 60 000; Records that stay" in text
    )
    assert "as Vela 5 says of tuned-int8: SRAM, bytes: 21 360;" in text
    assert "says of" not in changed(*EVALUATE, "device", value={})
    refused = ("device", "mcu", "files", "tuned-int8", "refused")
    assert "Micro 0 says of" not in changed(*EVALUATE, *refused, value="no kernel")


def test_file_that_was_not_made_is_an_error_that_names_it() -> None:
    inputs = without(report_inputs(), *EVALUATE, "variants", "tuned-float32")
    with pytest.raises(
        ContractError, match=r"wrote no file that the notes quote: .*'tuned-float32'. Run `dvc repro`"
    ):
        render_notes(inputs.results, inputs.provenance)


def test_files_of_models_tuned_for_conversion_are_told_where_there_are_some() -> None:
    inputs = report_inputs()
    assert "| qat | 96 304 | 80 007 | 0.083 | 93.00 | 0.00 | \u22122.25 to +2.25 |" in flat(inputs)
    none = without(inputs, "results", "quantize", "variants", "qat")
    assert "prepared for its conversion" not in flat(none)


def test_worst_class_of_the_final_file_is_named() -> None:
    inputs = report_inputs()
    variant = inputs.final_variant
    worst, name = variant.balance.worst, variant.worst_name
    assert (
        f"tuned-int8 finds {100 * worst.recall.value:.1f} % of the {worst.num_images} images of its worst class, {name}, "
        f"and its balanced accuracy, the mean of all these shares, is {100 * variant.balance.accuracy.value:.2f} %."
    ) in flat(inputs)
