"""Figure of accuracy against size of every file."""

from collections.abc import Mapping

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter

from litesmith.analysis.intervals import Estimate
from litesmith.records.final.tradeoff import Tradeoff, TradeoffFile
from litesmith.report import svg


@rc_context(svg.STYLE)
def draw_tradeoff(tradeoff: Tradeoff, tested: Mapping[str, Estimate], final: str) -> Figure:
    """Draw accuracy against bytes, with intervals and the Pareto front.

    Files of nearly the same bytes are moved apart, so that their intervals can be told apart.

    Args:
        tradeoff: Accuracy on validation and bytes of every file.
        tested: Accuracy on test by file.
        final: Name of the final file, which is marked.
    """
    figure, axes = svg.one_axes("Accuracy against size", "raw bytes (logarithmic)", "accuracy, %")
    axes.set_xscale("log")
    places = _apart(tradeoff)
    front = [name for name, file in tradeoff.files.items() if file.standing == "frontier"]
    axes.plot(
        [places[name] for name in front],
        [tradeoff.files[name].accuracy.value for name in front],
        color=svg.PALETTE[1], linewidth=1, drawstyle="steps-post", label="Pareto front",
    )  # fmt: skip
    ends = {name: file.accuracy for name, file in tradeoff.files.items()}
    _draw_points(axes, places, ends, svg.PALETTE[1], "o", "on validation")
    _draw_points(
        axes,
        {name: 1.02 * place for name, place in places.items()},
        tested,
        svg.PALETTE[4],
        "D",
        "on test",
    )
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
    places: Mapping[str, float],
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


def _apart(tradeoff: Tradeoff) -> dict[str, float]:
    """Return places of files, those near the one before moved right."""
    places: dict[str, float] = {}
    last: TradeoffFile | None = None
    place = 0.0
    for name, file in tradeoff.files.items():
        near = last is not None and file.bytes <= 1.03 * last.bytes
        place = max(1.06 * place, float(file.bytes)) if near else float(file.bytes)
        places[name], last = place, file
    return places
