"""Tests of litesmith.report.sections.training.figures."""

import math

import pytest

from litesmith.report.sections.training import figures
from litesmith.report.svg import svg_text
from tests.litesmith.report.report_inputs import report_inputs, with_value

HISTORY = {
    "epoch": (1.0, 2.0),
    "accuracy": (0.8, 0.9),
    "val_accuracy": (0.7, 0.75),
    "loss": (1.0, 0.5),
    "learning_rate": (0.2, 0.1),
}


def test_curves_are_train_and_validation_of_each_model() -> None:
    lines = figures.curves_of({"baseline": HISTORY, "tuned": HISTORY}, "accuracy")
    named = [(line.model, line.split) for line in lines]
    assert named == [(m, s) for m in ("baseline", "tuned") for s in ("train", "validation")]
    assert lines[1] == figures.Curve("baseline", "validation", (1.0, 2.0), (0.7, 0.75))


def test_curves_leave_out_what_was_not_recorded() -> None:
    history = {**HISTORY, "val_accuracy": (math.nan, math.nan)}
    assert [line.split for line in figures.curves_of({"baseline": history}, "accuracy")] == ["train"]
    assert [line.split for line in figures.curves_of({"baseline": HISTORY}, "loss")] == ["train"]
    assert figures.curves_of({"baseline": {}}, "accuracy") == []


def test_curve_skips_a_single_missing_epoch() -> None:
    (line,) = figures.curves_of({"tuned": {"epoch": (1.0, 2.0), "loss": (math.nan, 0.5)}}, "loss")
    assert (line.epochs, line.values) == ((2.0,), (0.5,))


def line(*values: float) -> figures.Curve:
    return figures.Curve("tuned", "train", tuple(float(n) for n in range(len(values))), values)


def test_focus_is_on_where_lines_end_not_on_where_they_begin() -> None:
    low, high = figures.focus([line(0.1, 0.5, 0.88, 0.90), line(0.7, 0.8, 0.90, 0.92)]) or (0, 0)
    assert 0.8 < low < 0.88 and 0.92 < high < 0.96


@pytest.mark.parametrize(
    "values", [(0.1, 0.9), (0.9, 0.9, 0.9, 0.9), (0.90, 0.93, 0.91, 0.92, 0.95, 0.89)]
)
def test_short_flat_and_level_lines_are_shown_whole(values: tuple[float, ...]) -> None:
    assert figures.focus([line(*values)]) is None


@pytest.mark.parametrize(
    "word", ["Accuracy", "epoch", "accuracy, %", "baseline, train", "$5 &lt;tuned&gt;, validation"]
)
def test_curves_bear_title_axes_with_units_and_legend_as_text(word: str) -> None:
    series = figures.curves_of({"baseline": HISTORY, "$5 <tuned>": HISTORY}, "accuracy")
    figure = figures.draw_curves(series, "Accuracy", "accuracy, %", in_percent=True)
    assert f">{word}</text>" in svg_text(figure, "curves", "")


def test_lines_of_models_differ_by_shape_where_colours_do_not_show() -> None:
    series = figures.curves_of({"baseline": HISTORY, "tuned": HISTORY}, "accuracy")
    lines = figures.draw_curves(series, "Accuracy", "", in_percent=True).axes[0].lines
    looks = {
        (line.get_marker(), line.get_linestyle(), line.get_markerfacecolor() == "none") for line in lines
    }
    assert len(lines) == len(looks) == 4 and "None" not in {marker for marker, *_ in looks}
    rates = (
        figures.draw_schedule(figures.curves_of({"a": HISTORY, "b": HISTORY}, "learning_rate"))
        .axes[0]
        .lines
    )
    assert len({line.get_marker() for line in rates}) == 2


@pytest.mark.parametrize(("num", "places"), [(1, [0]), (3, [0, 1, 2]), (14, [1, 3, 5, 7, 9, 11, 13])])
def test_line_bears_its_shape_a_few_times_and_at_its_end(num: int, places: list[int]) -> None:
    assert figures._marked_points(num) == places


@pytest.mark.parametrize("word", ["Learning rate", "epoch", "learning rate (logarithmic)", "tuned"])
def test_schedule_is_one_line_for_each_model(word: str) -> None:
    series = figures.curves_of({"tuned": HISTORY}, "learning_rate")
    assert [curve.values for curve in series] == [(0.2, 0.1)]
    assert f">{word}</text>" in svg_text(figures.draw_schedule(series), "schedule", "")


def test_a_schedule_that_ends_at_zero_is_drawn_on_a_logarithmic_scale_all_the_same() -> None:
    history = {"epoch": (1, 2, 3), "learning_rate": (0.1, 0.2, 0.0)}
    (axes,) = figures.draw_schedule(figures.curves_of({"a": history}, "learning_rate")).axes
    assert (axes.get_yscale(), axes.get_ylim()[0], axes.get_ylabel()) == (
        "log",
        0.02,
        "learning rate (logarithmic)",
    )
    (axes,) = figures.draw_schedule(
        figures.curves_of({"a": {"epoch": (1, 2), "learning_rate": (0.0, 0.0)}}, "learning_rate")
    ).axes
    assert (axes.get_yscale(), axes.get_ylabel()) == ("linear", "learning rate")


@pytest.mark.parametrize(
    "word", ["Cost of each step", "seconds", "largest process, MB", "sweep", "1\u2009662", "977", "wall"]
)
def test_costs_bear_title_units_steps_and_values_as_text(word: str) -> None:
    provenance = report_inputs().provenance
    sweep = with_value(with_value(provenance["sweep"], "cpu_s", value=1662.4), "wall_s", value=976.8)
    figure = figures.draw_costs([provenance["fetch"], sweep])
    assert f">{word}</text>" in svg_text(figure, "costs", "")
