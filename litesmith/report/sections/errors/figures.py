"""What models get wrong, and whether they know it."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from litesmith.analysis.intervals import ClassEstimates, Estimate
from litesmith.analysis.rejection import Rejection
from litesmith.analysis.reliability import Bin
from litesmith.report import svg


@rc_context(svg.STYLE)
def draw_reliability(models: Mapping[str, Sequence[Bin]]) -> Figure:
    """Draw accuracy against confidence, and images in each bin below."""
    figure = Figure(figsize=(svg.WIDTH_INCHES, 5.0), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    upper.set_title("Is it right as often as it says?")
    label = "right as often as it says"
    upper.plot([0, 1], [0, 1], color=svg.INK, linestyle=":", linewidth=1.2, label=label, gid="guide")
    for nth, (model, bins) in enumerate(models.items()):
        look = {**_look(nth), "linewidth": 1.2}
        places, heights = [bin_.confidence for bin_ in bins], [bin_.accuracy.value for bin_ in bins]
        ends = _ends([bin_.accuracy for bin_ in bins])
        upper.errorbar(places, heights, ends, markersize=5, elinewidth=1, label=model, **look)
        lower.plot(places, [bin_.num_images for bin_ in bins], markersize=4, **look)
    upper.set_ylabel("accuracy, %")
    lower.set_ylabel("images")
    lower.set_yscale("log")
    lower.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    lower.yaxis.set_minor_formatter(NullFormatter())
    lower.set_xlabel("confidence, %")
    upper.yaxis.set_major_formatter(svg.percent_ticks())
    lower.xaxis.set_major_formatter(svg.percent_ticks())
    lowest = min((bin_.low for bins in models.values() for bin_ in bins), default=0.0)
    upper.set_xlim(lowest - 0.02, 1.02)
    upper.set_ylim(0, 1.03)
    svg.legend_below(figure, upper)
    return figure


@rc_context(svg.STYLE)
def draw_rejection(models: Mapping[str, Rejection]) -> Figure:
    """Draw the accuracy of what is answered against the share rejected.

    The models are the first and the last of `draw_reliability`, with the same looks.
    """
    label = "rejected as unsure, % of all images"
    figure, axes = svg.one_axes("Rejecting unsure answers", label, "accuracy of what is answered, %")
    for nth, (model, curve) in enumerate(models.items()):
        look = _look(2 * nth)
        shares = [point.rejected for point in curve.points]
        accuracies = [point.accuracy for point in curve.points]
        axes.fill_between(
            shares, [each.low for each in accuracies], [each.high for each in accuracies],
            color=str(look["color"]), alpha=0.15, linewidth=0,
        )  # fmt: skip
        axes.plot(shares, [each.value for each in accuracies], markersize=4, label=model, **look)
    axes.xaxis.set_major_formatter(svg.percent_ticks())
    axes.yaxis.set_major_formatter(svg.percent_ticks())
    axes.set_xlim(left=0)
    svg.legend_below(figure, axes)
    return figure


def _look(nth: int) -> dict[str, Any]:
    return {"color": svg.PALETTE[nth % len(svg.PALETTE)], "marker": svg.MARKERS[nth % len(svg.MARKERS)]}


@rc_context(svg.ROWS_STYLE)
def draw_classes(models: Mapping[str, Sequence[ClassEstimates]], level: float) -> Figure:
    """Draw the F1 of each class with its interval, a shape for each model.

    The models are the first and the last of `draw_reliability`, with the same looks.
    """
    names = [estimates.name for estimates in next(iter(models.values()))]
    label = f"F1, %, with its {100 * level:g} % interval"
    figure, axes = svg.one_axes("F1 by class", label, "", 0.4 * len(names) + 1.5)
    for nth, (model, classes) in enumerate(models.items()):
        shift = 0.36 * ((nth + 0.5) / len(models) - 0.5)
        scores = [(row + shift, item.f1) for row, item in enumerate(classes) if item.f1 is not None]
        axes.errorbar(
            [f1.value for _, f1 in scores],
            [row for row, _ in scores],
            xerr=_ends([f1 for _, f1 in scores]),
            linestyle="",
            markersize=5,
            elinewidth=1.4,
            label=model,
            **_look(2 * nth),
        )
    axes.xaxis.set_major_formatter(svg.percent_ticks())
    svg.name_rows(axes, names)
    svg.legend_below(figure, axes)
    return figure


def _ends(estimates: Sequence[Estimate]) -> tuple[list[float], list[float]]:
    """Return how far each interval reaches below and above its estimate."""
    below = [max(0.0, estimate.value - estimate.low) for estimate in estimates]
    return below, [max(0.0, estimate.high - estimate.value) for estimate in estimates]
