"""Tests of litesmith.report.sections.sweep.section."""

import re
from typing import Any

import pytest

from litesmith.documents.formats import count
from litesmith.records.sweep import PricedTrial, RungFrontier
from litesmith.report.sections.sweep import section as sweep
from tests.litesmith.report.report_inputs import report_inputs, with_value

RESULT = ("results", "sweep")


def shown(*path: Any, value: Any) -> str:
    """Return the section as HTML in one line, with another value in the result of the sweep."""
    inputs = with_value(report_inputs(), *RESULT, *path, value=value)
    return " ".join(sweep.SECTION.render(inputs).split())


def test_trials_name_their_rungs_and_what_they_took() -> None:
    section = sweep.build(report_inputs())
    assert section.rungs == tuple(f"4 epochs of {5_000 * 2**n:,} images" for n in range(3))
    rows = {row.trial.number: row for row in section.rows}
    assert rows[2].cpu_s == 34.5
    assert [accuracy is None for accuracy in rows[2].accuracies] == [False] * 3
    assert [number for number, row in rows.items() if row.won] == [14]


def test_trial_that_was_not_trained_has_neither_time_nor_accuracy() -> None:
    inputs = report_inputs()
    times = tuple(time for time in inputs.results.sweep_timing.trials if time.number != 3)
    row = sweep.trial_rows(with_value(inputs, "results", "sweep_timing", "trials", value=times))[3]
    assert row.trial.state == "infeasible"
    assert (row.cpu_s, row.accuracies) == (None, (None, None, None))


def test_pruned_trials_name_their_rung_and_infeasible_ones_their_limit() -> None:
    words = {trial.state: sweep.state_words(trial) for trial in report_inputs().results.sweep.trials}
    assert words["complete"] == "complete" and words["pruned"] in (
        "pruned at rung 0",
        "pruned at rung 1",
    )
    assert words["infeasible"].startswith("infeasible: int8 file of ")


def frontier(*accuracies: float) -> RungFrontier:
    points = tuple(
        PricedTrial(number=n, cost=50_000 + n, accuracy=accuracy, standing="frontier", won=False)
        for n, accuracy in enumerate(accuracies)
    )
    return RungFrontier(rung=1, epochs=4, num_rows=8_000, points=points, margin=0.004, num_images=5_000)


def test_ties_are_named_with_the_cheapest() -> None:
    assert sweep.tie_words(frontier(0.899, 0.9, 0.8), "bytes") == (
        "After 4 epochs of 8,000 images trial 1 was best with 90.00 %. Within one standard error (0.40 points) of it: "
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
    assert "against each of: width, depth, kernel size" in section.slices
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
