"""What happened during training: learning curves and the learning rate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from litesmith.report.svg import MARKERS, PALETTE, STYLE, legend_below, one_axes, percent_ticks

# The first epochs are far off and would press the rest of the lines into one: the axis ends where those of the second
# half of each line lie, with this share of their range around.
_ROOM = 0.35

# About how often a line bears the shape of its model.
_SHAPES = 6


@dataclass(frozen=True)
class Curve:
    """One line of a learning-curve figure: ``values[i]`` was measured at the end of epoch ``epochs[i]``."""

    model: str
    split: str
    epochs: tuple[float, ...]
    values: tuple[float, ...]


def curve_series(histories: Mapping[str, Mapping[str, Sequence[float]]], column: str) -> list[Curve]:
    """Pick the train and validation lines of one column from the histories of several models.

    Args:
        histories: For each model its columns: ``epoch``, ``<column>`` (train) and ``val_<column>`` (validation).
        column: ``accuracy`` (0 to 1), ``loss`` or ``learning_rate`` (which has no validation line).

    Returns:
        The lines that are there: a model without the column, or of whose values none is a number, has none.
    """
    lines = [
        _curve(model, split, history, prefix + column)
        for model, history in histories.items()
        for split, prefix in (("train", ""), ("validation", "val_"))
    ]
    return [line for line in lines if line.values]


def num_known(history: Mapping[str, Sequence[float]], column: str) -> int:
    """Return in how many epochs a history holds a number in a column."""
    return len(_curve("", "", history, column).values)


def continued(
    history: Mapping[str, Sequence[float]], before: Mapping[str, Sequence[float]]
) -> dict[str, list[float]]:
    """Return ``history`` with its epochs counted on from the last one of ``before``, which it was trained on from."""
    last = max((epoch for epoch in before.get("epoch", ()) if np.isfinite(epoch)), default=0)
    return {
        name: [value + last if name == "epoch" else value for value in column]
        for name, column in history.items()
    }


def focus(curves: Sequence[Curve]) -> tuple[float, float] | None:
    """Return the range of values in which the lines differ: that of their later halves with room around.

    None if the lines lie within it anyway, or are too short to have a later half.
    """
    later = [
        value
        for line in curves
        for value in line.values[len(line.values) // 2 :]
        if len(line.values) > 3
    ]
    if not later:
        return None
    room = _ROOM * (max(later) - min(later))
    low, high = min(later) - room, max(later) + room
    inside = all(low <= value <= high for line in curves for value in line.values)
    return None if inside or room == 0 else (low, high)


def _curve(model: str, split: str, history: Mapping[str, Sequence[float]], column: str) -> Curve:
    pairs = zip(history.get("epoch", ()), history.get(column, ()), strict=False)
    known = [(float(epoch), float(value)) for epoch, value in pairs if np.isfinite((epoch, value)).all()]
    return Curve(model, split, tuple(epoch for epoch, _ in known), tuple(value for _, value in known))


@rc_context(STYLE)
def draw_curves(curves: Sequence[Curve], title: str, y_label: str, *, in_percent: bool) -> Figure:
    """Draw learning curves on shared axes: a colour and a shape for each model, train dashed, validation solid.

    The shapes tell the models apart where colours do not; those of train are hollow.

    Args:
        curves: What `curve_series` gave.
        title: What the figure shows.
        y_label: Quantity and unit of the vertical axis.
        in_percent: Whether the values are fractions, to be labelled in percent.
    """
    figure, axes = one_axes(title, "epoch", y_label)
    _draw_lines(axes, curves, with_split=True)
    limits = focus(curves)
    if limits is not None:
        axes.set_ylim(*limits)
    if in_percent:
        axes.yaxis.set_major_formatter(percent_ticks())
    legend_below(figure, axes)
    return figure


@rc_context(STYLE)
def draw_schedule(curves: Sequence[Curve]) -> Figure:
    """Draw the learning rate at the end of each epoch, on a logarithmic scale as optimizers differ by orders.

    A schedule that ends at zero or near it leaves the figure below, a tenth of the smallest peak down.

    Args:
        curves: What `curve_series` gave for ``learning_rate``.
    """
    lowest_peak = min(max(curve.values) for curve in curves)
    label = "learning rate (logarithmic)" if lowest_peak > 0 else "learning rate"
    figure, axes = one_axes("Learning rate", "epoch", label)
    _draw_lines(axes, curves, with_split=False)
    if lowest_peak > 0:
        axes.set_yscale("log", nonpositive="clip")
        axes.set_ylim(bottom=lowest_peak / 10)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(FuncFormatter(lambda *_: ""))
    legend_below(figure, axes, columns=3)
    return figure


def _places(num_values: int) -> list[int]:
    """Return where a line bears its shape: a few times evenly, and always at its end."""
    step = max(1, num_values // _SHAPES)
    return list(range(num_values - 1, -1, -step))[::-1]


def _draw_lines(axes: Axes, curves: Sequence[Curve], *, with_split: bool) -> None:
    models = list(dict.fromkeys(curve.model for curve in curves))
    for curve in curves:
        nth = models.index(curve.model)
        style: dict[str, Any] = {"linestyle": "-", "linewidth": 2.2}
        if with_split and curve.split == "train":
            style = {"linestyle": (0, (3, 2)), "linewidth": 1.3, "markerfacecolor": "none"}
        style |= {
            "marker": MARKERS[nth % len(MARKERS)],
            "markersize": 5.5,
            "markevery": _places(len(curve.values)),
        }
        label = f"{curve.model}, {curve.split}" if with_split else curve.model
        axes.plot(curve.epochs, curve.values, color=PALETTE[nth % len(PALETTE)], label=label, **style)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=10))
