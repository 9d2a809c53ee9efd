"""Learning curves, the learning rate, and the cost of the steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from litesmith.records.provenance import Provenance
from litesmith.report import svg
from litesmith.report.inputs import History
from litesmith.wording import count

# The first epochs are far off and would press the rest of the lines into one: the axis ends where those
# of the second half of each line lie, with this share of their range around.
_MARGIN = 0.35

# About how often a line bears the shape of its model.
_SHAPES = 6


@dataclass(frozen=True)
class Curve:
    """One line of a figure: values at the end of epochs."""

    model: str
    split: str
    epochs: tuple[float, ...]
    values: tuple[float, ...]


def curves_of(histories: Mapping[str, History], column: str) -> list[Curve]:
    """Return the train and validation lines of one column of histories by model.

    An epoch in which the value is not finite has no point, and what has no point is no line.
    """
    curves = []
    for model, history in histories.items():
        for split, prefix in (("train", ""), ("validation", "val_")):
            points = zip(history.get("epoch", ()), history.get(prefix + column, ()), strict=False)
            if finite := [point for point in points if isfinite(point[1])]:
                curves.append(Curve(model, split, *zip(*finite, strict=True)))
    return curves


def focus(curves: Sequence[Curve]) -> tuple[float, float] | None:
    """Return the range of the later halves of the lines, with a margin.

    None if the lines lie within it anyway, or are too short to have a later half.
    """
    long = [line.values for line in curves if len(line.values) > 3]
    later = [value for values in long for value in values[len(values) // 2 :]]
    if not later:
        return None
    margin = _MARGIN * (max(later) - min(later))
    low, high = min(later) - margin, max(later) + margin
    inside = all(low <= value <= high for line in curves for value in line.values)
    return None if inside or margin == 0 else (low, high)


def outside_words(curves: Sequence[Curve]) -> str:
    """Return which epochs of which model lie outside the figure; empty if none does."""
    limits = focus(curves)
    if limits is None:
        return ""
    outside: dict[str, set[int]] = {}
    for line in curves:
        for epoch, value in zip(line.epochs, line.values, strict=True):
            if not limits[0] <= value <= limits[1]:
                outside.setdefault(line.model, set()).add(round(epoch))
    told = (f"{model} {_ranges(sorted(epochs))}" for model, epochs in outside.items())
    return f"Outside the figure, so that the rest can be distinguished: epochs {'; '.join(told)}."


def _ranges(numbers: Sequence[int]) -> str:
    """Write whole numbers in order as ranges: 1 to 4, 7."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and ranges[-1][-1] == number - 1:
            ranges[-1].append(number)
        else:
            ranges.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in ranges)


@rc_context(svg.STYLE)
def draw_curves(curves: Sequence[Curve], title: str, y_label: str, *, in_percent: bool) -> Figure:
    """Draw learning curves on shared axes.

    Each model has a colour and a shape, which tells the models apart where colours do not. Train is
    dashed with hollow shapes, validation solid. Fractions are labelled in percent if ``in_percent``.
    """
    figure, axes = svg.one_axes(title, "epoch", y_label)
    _draw_lines(axes, curves, with_split=True)
    limits = focus(curves)
    if limits is not None:
        axes.set_ylim(*limits)
    if in_percent:
        axes.yaxis.set_major_formatter(svg.percent_ticks())
    svg.legend_below(figure, axes)
    return figure


@rc_context(svg.STYLE)
def draw_schedule(curves: Sequence[Curve]) -> Figure:
    """Draw the learning rate at the end of each epoch, on a logarithmic scale.

    Optimizers differ by orders of magnitude. A schedule that ends at zero or near it leaves the figure
    below, a tenth of the smallest peak down.
    """
    lowest_peak = min(max(curve.values) for curve in curves)
    label = "learning rate (logarithmic)" if lowest_peak > 0 else "learning rate"
    figure, axes = svg.one_axes("Learning rate", "epoch", label)
    _draw_lines(axes, curves, with_split=False)
    if lowest_peak > 0:
        axes.set_yscale("log", nonpositive="clip")
        axes.set_ylim(bottom=lowest_peak / 10)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    svg.legend_below(figure, axes, columns=3)
    return figure


def _draw_lines(axes: Axes, curves: Sequence[Curve], *, with_split: bool) -> None:
    models = list(dict.fromkeys(curve.model for curve in curves))
    for curve in curves:
        position = models.index(curve.model)
        color, dashed = svg.PALETTE[position % len(svg.PALETTE)], with_split and curve.split == "train"
        axes.plot(
            curve.epochs,
            curve.values,
            color=color,
            label=f"{curve.model}, {curve.split}" if with_split else curve.model,
            linestyle=(0, (3, 2)) if dashed else "-",
            linewidth=1.3 if dashed else 2.2,
            marker=svg.MARKERS[position % len(svg.MARKERS)],
            markersize=5.5,
            markerfacecolor="none" if dashed else color,
            markevery=_marked_points(len(curve.values)),
        )
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=10))


def _marked_points(num_values: int) -> list[int]:
    """Return the points with a marker: evenly, and the last."""
    step = max(1, num_values // _SHAPES)
    return list(range(num_values - 1, -1, -step))[::-1]


@rc_context(svg.ROWS_STYLE)
def draw_costs(steps: Sequence[Provenance]) -> Figure:
    """Draw seconds and memory of each step."""
    figure = Figure(figsize=(svg.WIDTH_INCHES, 0.42 * len(steps) + 1.5), layout="constrained")
    times, memory = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
    times.set_title("Cost of each step")
    times.set_xlabel("seconds")
    memory.set_xlabel("largest process, MB")
    cpu_s, wall_s = [step.cpu_s for step in steps], [step.wall_s for step in steps]
    _bars(times, cpu_s, -0.2, height=0.36, color=svg.PALETTE[1], label="CPU, all processes")
    _bars(times, wall_s, 0.2, height=0.36, color=svg.PALETTE[4], label="wall")
    _bars(memory, [step.peak_memory_mb for step in steps], 0.0, height=0.5, color=svg.PALETTE[2])
    svg.name_rows(times, [step.step for step in steps])
    svg.legend_below(figure, times)
    return figure


def _bars(
    axes: Axes, values: Sequence[float], shift: float, *, height: float, color: str, label: str = ""
) -> None:
    """Draw a bar with its value for each row."""
    rows = [row + shift for row in range(len(values))]
    bars = axes.barh(rows, values, height=height, color=color, label=label)
    axes.bar_label(bars, [count(value) for value in values], padding=3, fontsize=9)
    axes.margins(x=0.25)
