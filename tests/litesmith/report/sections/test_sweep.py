"""Tests of litesmith.report.sections.sweep.section."""

import dataclasses
import json

import pytest

from litesmith.documents.formats import count
from litesmith.report.inputs import Records
from litesmith.report.sections.sweep import section as sweep
from litesmith.report.sections.sweep.figures import RungField, TrialPoint, slices
from tests.litesmith.report.report_inputs import render, report_inputs, with_value, without


def test_trials_name_their_rungs_and_what_they_took() -> None:
    records = Records(report_inputs())
    names = sweep.rung_names(records["sweep"]["trials"])
    assert list(names.items()) == [(n, f"4 epochs of {5_000 * 2**n:,} images") for n in range(3)]
    assert sweep.rung_seconds(records)[3, 1] == 11.5
    assert sweep.cpu_seconds(records)[2] == 34.5
    assert 3 not in sweep.cpu_seconds(records)


def test_trial_without_timing_is_absent_and_named_below_the_figure() -> None:
    inputs = report_inputs()
    timed = [
        one for one in inputs.results["sweep-timing"]["trials"] if (one["number"], one["rung"]) != (2, 1)
    ]
    inputs = dataclasses.replace(
        inputs, results=with_value(inputs.results, "sweep-timing", "trials", value=timed)
    )
    assert (
        sweep.cpu_seconds(Records(inputs))[2].reason == "the sweep's timing holds no trial 2 at rung 1"
    )
    by_bytes, by_seconds = sweep.shown(Records(inputs), inputs)["frontiers"]
    assert by_seconds.caption.endswith(" Left out where their CPU-seconds are not recorded: 2.")
    assert "Left out" not in by_bytes.caption


def test_hyperparameter_that_no_trial_recorded_has_no_panel() -> None:
    trials = [
        {**one, "choices": {**one["choices"], "width": None}}
        for one in report_inputs().results["sweep"]["trials"]
    ]
    assert "width" not in [one.name for one in slices(trials, None)]


def test_pruned_trials_name_their_rung_and_infeasible_ones_their_limit() -> None:
    trials = Records(report_inputs())["sweep"]["trials"]
    said = {str(trial["state"]): sweep.stopped(trial) for trial in trials}
    assert said["complete"] == "" and said["pruned"] in (" at rung 0", " at rung 1")
    assert said["infeasible"].startswith(": int8 file of ")


def point(number: int, accuracy: float) -> TrialPoint:
    return TrialPoint(number, 50_000 + number, accuracy, "frontier", won=False)


def test_ties_are_named_with_the_cheapest() -> None:
    field = RungField(1, "4 epochs", (point(0, 0.899), point(1, 0.9), point(2, 0.8)), 0.004, 5_000)
    assert sweep.tie_words(field, "bytes") == (
        "After 4 epochs trial 1 was best with 90.00 %. Within one standard error (0.40 points) of it: 0; "
        f"the cheapest of all these is 0 with {count(50_000)} bytes."
    )


def test_best_without_ties_stands_alone() -> None:
    field = RungField(1, "4 epochs", (point(1, 0.9), point(2, 0.8)), 0.004, 5_000)
    words = sweep.tie_words(field, "bytes")
    assert words.endswith("No other is within one standard error (0.40 points) of it.")


def test_importance_rests_on_the_trials_that_were_trained() -> None:
    records = Records(report_inputs())
    trained = [trial for trial in report_inputs().results["sweep"]["trials"] if trial["rungs"]]
    assert len(sweep.scored(records)) == len(trained)
    assert sum(one.share for one in sweep.estimated(records, 2)) == pytest.approx(1)


def test_importance_says_what_it_lacks() -> None:
    inputs = report_inputs()
    few = with_value(inputs.results, "sweep", "trials", value=inputs.results["sweep"]["trials"][:2])
    assert "say nothing" in sweep.estimated(Records(dataclasses.replace(inputs, results=few)), 2).reason
    made = without(inputs.made, "sweep", "parameters", "seed")
    found = sweep.estimated(Records(dataclasses.replace(inputs, made=made)), 2)
    assert found.reason == "the record of making sweep holds no parameters.seed"


def test_figures_need_the_number_of_validation_images() -> None:
    inputs = report_inputs()
    results = without(inputs.results, "prepare", "splits", "validation", "num_images")
    frontiers = sweep.shown(Records(dataclasses.replace(inputs, results=results)), inputs)["frontiers"]
    assert {one.figure.reason for one in frontiers} == {
        "the results of prepare holds no splits.validation.num_images"
    }


def test_numbers_are_plain_and_name_every_frontier() -> None:
    inputs = report_inputs()
    found = json.loads(json.dumps(sweep.numbers(Records(inputs), inputs)))
    assert sum(one["share"] for one in found["importances"]) == pytest.approx(1)
    assert [len(found["frontiers"][unit]) for unit in ("bytes", "cpu_s")] == [3, 3]
    assert found["frontiers"]["bytes"][0]["points"][0].keys() == {
        "number",
        "cost",
        "accuracy",
        "standing",
        "won",
    }


@pytest.mark.usefixtures("undrawn")
def test_rule_for_ties_is_named_where_the_sweep_had_one() -> None:
    inputs = report_inputs()
    assert sweep.tie_rule(Records(inputs)) is None
    inputs.made["sweep"]["parameters"]["params"]["tie_standard_errors"] = 1.0
    assert sweep.tie_rule(Records(inputs)) == 1.0
    assert "within 1 standard error of the best" in render(inputs)
