"""Tests of litesmith.report.sections.training.section."""

from typing import Any

import pytest

from litesmith.report.drawing import Captioned
from litesmith.report.inputs import ReportInputs
from litesmith.report.sections.training.section import SECTION, build, continued_histories, smoothings
from tests.litesmith.report.report_inputs import report_inputs, with_value


def qat_is_final(*path: Any, value: Any = None) -> ReportInputs:
    """Return inputs whose final file is that of the quantization-aware model, with another value of ``quantize``."""
    inputs = with_value(report_inputs(), "results", "evaluate", "final", value="qat-int8")
    return with_value(inputs, "results", "quantize", *path, value=value) if path else inputs


def curves_with(**histories: Any) -> tuple[Captioned, ...]:
    """Return the learning curves, with other histories in the place of some."""
    inputs = report_inputs()
    return build(with_value(inputs, "histories", value={**inputs.histories, **histories})).curves


def test_figures_are_curves_loss_schedule_and_costs() -> None:
    inputs = report_inputs()
    section = build(inputs)
    titles = ("Accuracy while training", "Loss while training", "Learning rate")
    for title, curve in zip(titles, section.curves, strict=True):
        assert f">{title}</text>" in curve.figure and "Left out" not in curve.caption
    assert "Cost of each step</text>" in section.cost_figure.figure
    assert section.total_cpu_s == pytest.approx(20.41 * len(inputs.provenance))


def test_only_epoch_is_no_schedule() -> None:
    short = {name: column[-1:] for name, column in report_inputs().histories["pruned"].items()}
    schedule = curves_with(pruned=short)[2]
    assert "tuned from" in schedule.figure and "pruned" not in schedule.figure
    assert schedule.caption == "Not drawn: pruned (one epoch, no schedule)."


@pytest.mark.usefixtures("undrawn")
def test_optimized_model_that_was_not_trained_is_named_below_every_figure() -> None:
    captions = [
        curve.caption for curve in build(qat_is_final("variants", "qat", "history", value=())).curves
    ]
    assert all(caption.endswith("Not drawn: qat (not trained).") for caption in captions)
    assert captions[0].startswith(
        "Outside the figure, so that the rest can be distinguished: epochs baseline "
    )


def test_label_smoothing_is_told_of_every_model_that_is_drawn() -> None:
    assert smoothings(report_inputs()) == {"baseline": 0.0, "tuned": 0.05, "pruned": 0.03}
    inputs = with_value(qat_is_final(), "results", "teach", "num_teachers", value=1)
    inputs = with_value(inputs, "results", "teach", "recipe", "label_smoothing", value=0.1)
    shown = smoothings(inputs)
    assert (shown["teacher"], shown["qat"]) == (0.1, 0.02)
    assert "qat" not in smoothings(qat_is_final("variants", "qat", "history", value=()))


@pytest.mark.usefixtures("undrawn")
def test_page_tells_label_smoothing_and_teachers() -> None:
    text = " ".join(SECTION.render(report_inputs()).split())
    assert "baseline none, tuned 0.05, pruned 0.03; the validation loss is without." in text
    assert "teachers" not in text
    inputs = with_value(report_inputs(), "results", "teach", "num_teachers", value=2)
    assert "Of 2 teachers the first is shown" in SECTION.render(inputs)


@pytest.mark.usefixtures("undrawn")
def test_page_shows_the_cost_of_each_step_and_the_layers_of_the_baseline() -> None:
    text = SECTION.render(with_value(report_inputs(), "provenance", "sweep", "cpu_s", value=1234.56))
    assert '<th scope="row">sweep</th><td class="number">1\u2009234.6</td>' in text
    assert "225\u2009034 parameters" in text and "conv (Conv2D)" in text


def test_epochs_of_a_fine_tuning_are_counted_on() -> None:
    histories = continued_histories(qat_is_final())
    assert histories["pruned"]["epoch"][:2] == (25.0, 26.0)
    assert histories["qat"]["epoch"] == (25.0,)
    assert histories["tuned"]["epoch"][0] == 1.0


def test_history_of_a_fine_tuning_goes_on_from_its_parents() -> None:
    section = build(qat_is_final())
    assert "qat validation 0.9375" in section.curves[0].figure
    assert "qat" not in build(report_inputs()).curves[0].figure
