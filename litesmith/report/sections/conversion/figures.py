"""Figure of accuracy against size of every file."""

from collections.abc import Mapping

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter

from litesmith.analysis.intervals import Estimate
from litesmith.records.final.tradeoff import Tradeoff
from litesmith.report import svg


@rc_context(svg.STYLE)
def draw_tradeoff(
    tradeoff: Tradeoff, tested: Mapping[str, Estimate], final: str, limit: float | None
) -> Figure:
    """Draw accuracy against bytes, with intervals and the Pareto front.

    Args:
        tradeoff: Accuracy on validation and bytes of every file.
        tested: Accuracy on test by file.
        final: Name of the final file, which is marked.
        limit: Bytes that the device takes at most, drawn as a line; None if it has no limit.
    """
    figure, axes = svg.one_axes("Accuracy against size", "raw bytes (logarithmic)", "accuracy, %")
    axes.set_xscale("log")
    places = {name: file.bytes for name, file in tradeoff.files.items()}
    front = [name for name, file in tradeoff.files.items() if file.standing == "frontier"]
    axes.plot(
        [places[name] for name in front],
        [tradeoff.files[name].accuracy.value for name in front],
        color=svg.PALETTE[1], linewidth=1, drawstyle="steps-post", label="Pareto front",
    )  # fmt: skip
    ends = {name: file.accuracy for name, file in tradeoff.files.items()}
    _draw_points(axes, places, ends, svg.PALETTE[1], "o", "on validation")
    _draw_points(axes, places, tested, svg.PALETTE[4], "D", "on test")
    if limit is not None:
        axes.axvline(limit, color=svg.INK, linestyle=":", linewidth=1.2, label="most the device takes")
    axes.plot(
        [places[final]], [ends[final].value],
        color=svg.PALETTE[0], marker="*", markersize=12, linestyle="", label="final file",
    )  # fmt: skip
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(EngFormatter(sep=" "))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(svg.percent_ticks())
    svg.legend_below(figure, axes)
    return figure


def _draw_points(
    axes: Axes,
    places: Mapping[str, int],
    estimates: Mapping[str, Estimate],
    colour: str,
    marker: str,
    label: str,
) -> None:
    names = [name for name in places if name in estimates]
    shown = [estimates[name] for name in names]
    below = [each.value - each.low for each in shown]
    above = [each.high - each.value for each in shown]
    axes.errorbar(
        [places[name] for name in names], [each.value for each in shown], (below, above),
        color=colour, marker=marker, markersize=4, linestyle="", elinewidth=1, label=label,
    )  # fmt: skip
