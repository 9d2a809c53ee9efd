"""Tests of litesmith.report.sections.sweep.section."""

import re
from typing import Any

import pytest

from litesmith.records.sweep import PricedTrial, Refused, RungFrontier
from litesmith.report.sections.sweep import section as sweep
from litesmith.wording import count
from tests.litesmith.report.report_inputs import report_inputs, with_value

RESULT = ("results", "sweep")


def shown(*path: Any, value: Any) -> str:
    """Return the section as HTML in one line, with another value in the result of the sweep."""
    inputs = with_value(report_inputs(), *RESULT, *path, value=value)
    return " ".join(sweep.SECTION.render(inputs).split())


@pytest.mark.usefixtures("undrawn")
def test_trials_name_their_rungs_and_what_they_took() -> None:
    section = sweep.build(report_inputs())
    assert section.rungs == tuple(f"4 epochs of {count(5_000 * 2**n)} images" for n in range(3))
    rows = {row.trial.number: row for row in section.rows}
    assert rows[2].cpu_s == 34.5
    assert [accuracy is None for accuracy in rows[2].accuracies] == [False] * 3
    assert [number for number, row in rows.items() if row.won] == [14]


def test_pruned_trials_name_their_rung() -> None:
    words = {trial.state: sweep.state_words(trial) for trial in report_inputs().results.sweep.trials}
    assert words["complete"] == "complete" and words["pruned"] in (
        "pruned at rung 0",
        "pruned at rung 1",
    )


@pytest.mark.usefixtures("undrawn")
def test_refused_proposals_are_counted_by_limit() -> None:
    text = shown("max_work", value=None)
    assert (
        "5 other proposals broke a limit and were not trained (3 by bytes, 4 by multiply-accumulates)."
        in text
    )
    none = Refused(proposals=0, tflite_bytes=0, macs=0, activation_bytes=0)
    assert "broke a limit" not in shown("refused", value=none)


@pytest.mark.usefixtures("undrawn")
def test_work_is_shown_with_what_it_might_be_and_the_seconds_that_it_took() -> None:
    work = report_inputs().results.sweep.work
    words = f"The trials came to {work / 1e12:.2f} \u00d7 10<sup>12</sup>"
    assert f"{words} of 3.00 \u00d7 10<sup>12</sup>, in " in shown("max_work", value=3e12)
    assert f"{words}, in " in shown("max_work", value=None)
    section = sweep.build(report_inputs())
    assert section.cpu_s == pytest.approx(sum(row.cpu_s for row in section.rows))
    assert "the full training is 12.00 \u00d7 10<sup>12</sup> more" in shown("max_work", value=None)


@pytest.mark.usefixtures("undrawn")
def test_what_is_equal_in_all_trials_is_named_once() -> None:
    section = sweep.build(report_inputs())
    assert section.varied == ("width", "depth", "dropout_rate", "learning_rate")
    assert section.equal == {"kernel_size": 3, "batch_size": 128, "augmentation": "mild"}
    text = shown("max_work", value=None)
    assert "Equal in all trials: kernel size 3, batch size 128, augmentation mild." in text
    assert '<th scope="col" class="number">kernel size</th>' not in text


def frontier(*accuracies: float) -> RungFrontier:
    points = tuple(
        PricedTrial(number=n, cost=50_000 + n, accuracy=accuracy, standing="frontier", won=False)
        for n, accuracy in enumerate(accuracies)
    )
    return RungFrontier(rung=1, epochs=4, num_rows=8_000, points=points, margin=0.004, num_images=5_000)


def test_ties_are_named_with_the_cheapest() -> None:
    assert sweep.tie_words(frontier(0.899, 0.9, 0.8), "bytes") == (
        "After 4 epochs of 8\u2009000 images trial 1 was best with 90.00 %. Within one standard error (0.40 points) of it: "
        f"0; the cheapest of all these is 0 with {count(50_000)} bytes."
    )


def test_best_without_ties_stands_alone() -> None:
    words = sweep.tie_words(frontier(0.9, 0.8), "bytes")
    assert words.endswith("No other is within one standard error (0.40 points) of it.")


@pytest.mark.usefixtures("undrawn")
def test_importance_says_with_what_it_was_compared_and_where_there_is_none() -> None:
    assert "The mark: the longest bar that 7 shuffles" in shown("importance_shuffles", value=7)
    none = shown("importances", value=())
    assert "No importance: too few trials" in none and "functional ANOVA" not in none


def test_figures_tell_in_words_what_they_show() -> None:
    section = sweep.build(report_inputs())
    by_bytes, by_seconds = section.frontiers
    assert "the cheapest of all these is" in by_bytes.caption
    assert (
        "Accuracy against bytes</text>" in by_bytes.figure and "most the device takes" in by_bytes.figure
    )
    assert (
        "CPU-seconds of the training" in by_seconds.figure and "most the device" not in by_seconds.figure
    )
    assert "against each of: width, depth, dropout rate, learning rate." in section.slices
    num_trained = sum(row.cpu_s is not None and row.accuracies[0] is not None for row in section.rows)
    assert f"from {num_trained} trials: width 64 %" in str(section.importances)


@pytest.mark.usefixtures("undrawn")
def test_rule_for_ties_is_named_where_the_sweep_had_one() -> None:
    assert "within 1 standard error of the best" in shown("tie_standard_errors", value=1.0)
    assert "within 2 standard errors of the best" in shown("tie_standard_errors", value=2.0)
    assert "of the best after" not in shown("tie_standard_errors", value=0.0)


@pytest.mark.usefixtures("undrawn")
def test_table_has_a_row_for_each_trial_and_marks_the_winner() -> None:
    text = shown("trials", 0, "choices", "augmentation", value="<b>")
    body = text[text.index("Every trial of the sweep") :]
    assert len(re.findall(r'<th scope="row" class="number">', body)) == 24
    assert len(re.findall(r'<tr class="chosen">', body)) == 1 and "complete, won" in body
    assert "&lt;b&gt;" in body


@pytest.mark.usefixtures("undrawn")
def test_network_of_the_winner_is_shown() -> None:
    assert "&#34;stage_widths&#34;: [28, 36]" in shown("winner", "number", value=14)
