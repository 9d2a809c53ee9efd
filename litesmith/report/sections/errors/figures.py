"""What models get wrong, and whether they know it."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from litesmith.analysis.intervals import ClassEstimates, Estimate
from litesmith.analysis.reliability import Bin
from litesmith.report.svg import (
    INK,
    MARKERS,
    PALETTE,
    ROWS_STYLE,
    STYLE,
    WIDTH_INCHES,
    legend_below,
    name_rows,
    one_axes,
    percent_ticks,
)


@rc_context(STYLE)
def draw_reliability(models: Mapping[str, Sequence[Bin]]) -> Figure:
    """Draw accuracy against confidence, and images in each bin below.

    Args:
        models: For each model what `calibration.reliability` gave.
    """
    figure = Figure(figsize=(WIDTH_INCHES, 5.0), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    upper.set_title("Is it right as often as it says?")
    upper.plot(
        [0, 1],
        [0, 1],
        color=INK,
        linestyle=":",
        linewidth=1.2,
        label="right as often as it says",
        gid="guide",
    )
    for nth, (model, bins) in enumerate(models.items()):
        _draw_bins(upper, lower, bins, model, nth)
    upper.set_ylabel("accuracy, %")
    lower.set_ylabel("images")
    lower.set_yscale("log")
    lower.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    lower.yaxis.set_minor_formatter(NullFormatter())
    lower.set_xlabel("confidence, %")
    upper.yaxis.set_major_formatter(percent_ticks())
    lower.xaxis.set_major_formatter(percent_ticks())
    lowest = min((bin_.low for bins in models.values() for bin_ in bins), default=0.0)
    upper.set_xlim(lowest - 0.02, 1.02)
    upper.set_ylim(0, 1.03)
    legend_below(figure, upper)
    return figure


def _draw_bins(upper: Axes, lower: Axes, bins: Sequence[Bin], model: str, nth: int) -> None:
    places, heights = [each.confidence for each in bins], [each.accuracy.value for each in bins]
    style: dict[str, Any] = {"color": PALETTE[nth % len(PALETTE)], "marker": MARKERS[nth % len(MARKERS)]}
    ends = _ends([one.accuracy for one in bins])
    upper.errorbar(
        places, heights, ends, markersize=5, linewidth=1.2, elinewidth=1, label=model, **style
    )
    lower.plot(places, [one.num_images for one in bins], markersize=4, linewidth=1.2, **style)


@rc_context(ROWS_STYLE)
def draw_classes(models: Mapping[str, Sequence[ClassEstimates]], level: float) -> Figure:
    """Draw the F1 of each class with its interval, a shape for each model.

    Args:
        models: The classes, in the same order, of the first model and the last of those that
            `draw_reliability` draws, whose looks they keep.
        level: Confidence of the intervals, 0 to 1.
    """
    names = [one.name for one in next(iter(models.values()))]
    label = f"F1, %, with its {100 * level:g} % interval"
    figure, axes = one_axes("F1 by class", label, "", 0.4 * len(names) + 1.5)
    spread = 0.36
    for nth, (model, classes) in enumerate(models.items()):
        shift, look = spread * ((nth + 0.5) / len(models) - 0.5), 2 * nth % len(PALETTE)
        style = {"color": PALETTE[look], "marker": MARKERS[look]}
        _draw_scores(axes, classes, shift, label=model, **style)
    axes.xaxis.set_major_formatter(percent_ticks())
    name_rows(axes, names)
    legend_below(figure, axes)
    return figure


def _draw_scores(axes: Axes, classes: Sequence[ClassEstimates], shift: float, **style: Any) -> None:
    known = [(row + shift, one.f1) for row, one in enumerate(classes) if one.f1 is not None]
    values, ends = [f1.value for _, f1 in known], _ends([f1 for _, f1 in known])
    axes.errorbar(
        values, [row for row, _ in known], xerr=ends, linestyle="", markersize=5, elinewidth=1.4, **style
    )


def _ends(estimates: Sequence[Estimate]) -> tuple[list[float], list[float]]:
    """Return how far each interval reaches below and above its estimate."""
    below = [max(0.0, one.value - one.low) for one in estimates]
    return below, [max(0.0, one.high - one.value) for one in estimates]
