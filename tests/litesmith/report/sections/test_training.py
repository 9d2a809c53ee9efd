"""Tests of litesmith.report.sections.training.section."""

import dataclasses
from math import inf, nan
from typing import Any

import pytest

from litesmith.report.inputs import Records
from litesmith.report.records import Absent
from litesmith.report.sections.training.costs import StepCost
from litesmith.report.sections.training.section import shown, smoothings, step_costs
from tests.litesmith.report.report_inputs import render, report_inputs, with_value


def test_costs_are_those_that_steps_recorded() -> None:
    inputs = report_inputs()
    inputs.made["sweep"].pop("wall_s")
    costs = {cost.step: cost for cost in step_costs(Records(inputs).made)}
    assert costs["fetch"] == StepCost("fetch", 20.41, 12.3, 812.2)
    assert costs["sweep"] == StepCost("sweep", 20.41, None, 812.2)


def test_figures_are_curves_loss_schedule_and_costs() -> None:
    inputs = report_inputs()
    values = shown(Records(inputs), inputs)
    titles = ("Accuracy while training", "Loss while training", "Learning rate")
    for title, one in zip(titles, values["curves"], strict=True):
        assert f">{title}</text>" in one.figure and one.caption == ""
    assert "Cost of each step</text>" in values["cost_figure"].figure
    assert round(values["total_cpu_s"]) == round(20.41 * len(inputs.made))


def test_only_epoch_is_no_schedule() -> None:
    inputs = report_inputs()
    short = {name: column[-1:] for name, column in inputs.histories["pruned"].items()}
    schedule = drawn_with(pruned=short)[2]
    assert "tuned from" in schedule.figure and "pruned" not in schedule.figure
    assert schedule.caption == "Left out: pruned (an only epoch shows no schedule)."
    alone = drawn_with(pruned=short, tuned={}, baseline={})[2]
    assert "pruned from" in alone.figure


def drawn_with(**histories: Any) -> Any:
    """Return the drawings of the training, of the complete histories with other ones in the place of some."""
    inputs = report_inputs()
    return shown(
        Records(inputs), dataclasses.replace(inputs, histories={**inputs.histories, **histories})
    )["curves"]


UNTRAINED = "(its history holds no epoch: it was not trained, or that was not recorded)"


@pytest.mark.usefixtures("undrawn")
def test_empty_history_is_named_below_every_figure_and_a_teacher_that_nobody_asked_for_is_not() -> None:
    captions = [one.caption for one in drawn_with(pruned={})]
    assert captions == [f"Left out: pruned {UNTRAINED}."] * 3


@pytest.mark.usefixtures("undrawn")
def test_history_that_is_not_there_at_all_is_named() -> None:
    inputs = report_inputs()
    histories = {"tuned": inputs.histories["tuned"]}
    found = shown(Records(inputs), dataclasses.replace(inputs, histories=histories))["curves"][0]
    assert found.caption == f"Left out: baseline {UNTRAINED}; pruned {UNTRAINED}."


@pytest.mark.usefixtures("undrawn")
def test_history_without_validation_columns_or_with_gaps_is_named() -> None:
    whole = report_inputs().histories["tuned"]
    accuracy = [nan, inf, *whole["accuracy"][2:]]
    history = {name: column for name, column in whole.items() if not name.startswith("val_")} | {
        "accuracy": accuracy
    }
    accuracies, losses, schedule = drawn_with(tuned=history)
    assert accuracies.caption == (
        "Left out: tuned on train in 2 of 24 epochs (no accuracy recorded); "
        "tuned on validation (its history holds no val_accuracy)."
    )
    assert losses.caption == "Left out: tuned on validation (its history holds no val_loss)."
    assert schedule.caption == ""


@pytest.mark.usefixtures("undrawn")
def test_optimized_model_that_was_not_trained_is_named() -> None:
    inputs = report_inputs()
    results = with_value(inputs.results, "evaluate", "final", value="qat-int8")
    results = with_value(results, "quantize", "variants", "qat", "history", value=[])
    inputs = dataclasses.replace(inputs, results=results)
    found = shown(Records(inputs), inputs)["curves"][0]
    assert found.caption == f"Left out: qat {UNTRAINED}."


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("row", [None, {"epoch": 1}, {"epoch": None, "accuracy": 0.9}])
def test_history_of_a_fine_tuning_with_gaps_does_not_fail(row: Any) -> None:
    results = with_value(report_inputs().results, "evaluate", "final", value="qat-int8")
    results = with_value(results, "quantize", "variants", "qat", "history", value=[row])
    inputs = dataclasses.replace(report_inputs(), results=results)
    assert "Left out: qat" in shown(Records(inputs), inputs)["curves"][0].caption


def test_label_smoothing_is_told_of_every_model_that_is_drawn() -> None:
    inputs = report_inputs()
    assert smoothings(Records(inputs)) == {"baseline": 0.0, "tuned": 0.05, "pruned": 0.03}
    results = with_value(inputs.results, "evaluate", "final", value="qat-int8")
    results = with_value(results, "teach", value={"num_teachers": 1, "recipe": {"label_smoothing": 0.1}})
    results = with_value(results, "prune", "recipe", value=None)
    found = smoothings(Records(dataclasses.replace(inputs, results=results)))
    assert (found["teacher"], found["qat"]) == (0.1, 0.02)
    assert found["pruned"].reason == "the results of prune says null for recipe"


@pytest.mark.usefixtures("undrawn")
def test_page_tells_label_smoothing_and_its_absence() -> None:
    text = " ".join(render(report_inputs()).split())
    assert "baseline none, tuned 0.05, pruned 0.03; the validation loss is without." in text


@pytest.mark.usefixtures("undrawn")
def test_absent_costs_leave_no_empty_figure() -> None:
    inputs = report_inputs()
    for made in inputs.made.values():
        del made["cpu_s"], made["wall_s"]
    found = shown(Records(inputs), inputs)["cost_figure"].figure
    assert isinstance(found, Absent) and found.reason == "no step recorded the seconds that it took"


def test_costs_that_no_step_recorded_are_named_below_the_figure() -> None:
    inputs = report_inputs()
    for made in inputs.made.values():
        del made["cpu_s"], made["peak_memory_mb"]
    found = shown(Records(inputs), inputs)["cost_figure"]
    assert found.caption.endswith(" Not shown, as none was recorded: CPU-seconds, memory.")
    assert ">wall</text>" in found.figure and "CPU, all processes" not in found.figure
    assert "largest process, MB" not in found.figure


def test_history_of_a_fine_tuning_for_conversion_goes_on_from_its_parents() -> None:
    inputs = report_inputs()
    results = with_value(inputs.results, "evaluate", "final", value="qat-int8")
    inputs = dataclasses.replace(inputs, results=results)
    figure = shown(Records(inputs), inputs)["curves"][0].figure
    assert "qat validation 0.9375" in figure
    assert "qat" not in shown(Records(report_inputs()), report_inputs())["curves"][0].figure
