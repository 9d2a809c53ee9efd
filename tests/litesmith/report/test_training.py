"""Tests of litesmith.report.training."""

import dataclasses

from litesmith.plots.costs import StepCost
from litesmith.report.inputs import Records
from litesmith.report.records import Absent
from litesmith.report.training import shown, step_costs
from tests.litesmith.report_inputs import report_inputs, with_value


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
    assert [f">{title}</text>" in figure for title, figure in zip(titles, values["curves"], strict=True)] == [True] * 3
    assert "Cost of each step</text>" in values["cost_figure"]
    assert round(values["total_cpu_s"]) == round(20.41 * len(inputs.made))


def test_only_epoch_is_no_schedule() -> None:
    inputs = report_inputs()
    short = {name: column[-1:] for name, column in inputs.histories["pruned"].items()}
    histories = {"tuned": inputs.histories["tuned"], "pruned": short}
    schedule = shown(Records(inputs), dataclasses.replace(inputs, histories=histories))["curves"][2]
    assert "tuned from" in schedule and "pruned" not in schedule
    alone = shown(Records(inputs), dataclasses.replace(inputs, histories={"pruned": short}))["curves"][2]
    assert "pruned from" in alone


def test_absent_costs_leave_no_empty_figure() -> None:
    inputs = report_inputs()
    for made in inputs.made.values():
        del made["cpu_s"], made["wall_s"]
    found = shown(Records(inputs), inputs)["cost_figure"]
    assert isinstance(found, Absent) and found.reason == "no step recorded what it took"


def test_history_of_a_fine_tuning_for_conversion_goes_on_from_its_parents() -> None:
    inputs = report_inputs()
    results = with_value(inputs.results, "evaluate", "final", value="qat-int8")
    inputs = dataclasses.replace(inputs, results=results)
    figure = shown(Records(inputs), inputs)["curves"][0]
    assert "qat validation 0.9375" in figure
    assert "qat" not in shown(Records(report_inputs()), report_inputs())["curves"][0]
