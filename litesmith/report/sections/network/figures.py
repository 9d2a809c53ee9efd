"""Diagram of a network with the work and the bytes of each operator."""

from collections.abc import Iterator, Sequence
from math import nan

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from litesmith.records.final.network import Network
from litesmith.report import svg
from litesmith.wording import shape

_ROW_INCHES = 0.27
_LANE = 0.045


@rc_context(svg.ROWS_STYLE)
def draw_network(network: Network, labels: Sequence[str], shapes: Sequence[str]) -> Figure:
    """Draw operators as boxes from top to bottom, with bars beside them.

    Rows follow each other; a line at the left leads around those in between. The last row is what the
    file holds besides.

    Args:
        network: Of a file.
        labels: Of its operators.
        shapes: Of their outputs.
    """
    num_rows = len(labels) + 2
    size = (svg.WIDTH_INCHES, _ROW_INCHES * num_rows + 1.1)
    figure = Figure(figsize=size, layout="constrained")
    boxes, work, size_axes = figure.subplots(1, 3, sharey=True, width_ratios=(4.4, 1, 1))
    figure.suptitle(network.file, x=0.01, ha="left", fontsize=12, fontweight="bold")
    first = shape(network.operators[0].input_shape[1:])
    _draw_boxes(boxes, ["input", *labels], [first, *shapes])
    _draw_steps(boxes, network)
    skips = list(_skips(network))
    for lane, (source, target) in _in_lanes(skips):
        _draw_skip(boxes, source + 1, target + 1, -_LANE * (lane + 1))
    boxes.text(0.02, num_rows - 1, "rest of the file", va="center", fontsize=8.5, style="italic")
    macs = [operator.macs for operator in network.operators]
    _draw_bars(work, [0, *macs, 0], network.macs, "share of\nmultiply-\naccumulates, %", 1)
    stored = [operator.bytes for operator in network.operators]
    rest = network.bytes - sum(stored)
    _draw_bars(size_axes, [0, *stored, rest], network.bytes, "share of\nbytes, %", 0)
    deepest = max((lane for lane, _ in _in_lanes(skips)), default=0)
    boxes.set_xlim(-_LANE * (deepest + 1) - 0.02, 1.01)
    boxes.set_ylim(num_rows - 0.4, -0.6)
    return figure


def _draw_boxes(axes: Axes, labels: Sequence[str], shapes: Sequence[str]) -> None:
    axes.axis("off")
    outline_x, outline_y = [], []
    for row in range(len(labels)):
        outline_x += [0, 1, 1, 0, 0, nan]
        outline_y += [row - 0.38, row - 0.38, row + 0.38, row + 0.38, row - 0.38, nan]
    axes.plot(outline_x, outline_y, color=svg.FAINT, linewidth=1)
    for row, (label, size) in enumerate(zip(labels, shapes, strict=True)):
        axes.text(0.02, row, label, va="center", fontsize=8.5)
        axes.text(0.98, row, size, va="center", ha="right", fontsize=8.5)


def _draw_steps(axes: Axes, network: Network) -> None:
    """Draw an arrow between rows of which the second reads what the first left."""
    rows = [
        target + 0.5
        for target, operator in enumerate(network.operators)
        if target - 1 in operator.sources
    ]
    axes.plot([0.5] * len(rows), rows, color=svg.INK, marker="v", markersize=3, linestyle="")


def _skips(network: Network) -> Iterator[tuple[int, int]]:
    """Yield pairs of operators of which the second reads the first, rows below."""
    for target, operator in enumerate(network.operators):
        for source in dict.fromkeys(operator.sources):
            if source < target - 1:
                yield source, target


def _in_lanes(skips: Sequence[tuple[int, int]]) -> list[tuple[int, tuple[int, int]]]:
    """Give each line a lane in which it crosses no other."""
    ends: list[int] = []
    lanes = []
    for source, target in sorted(skips):
        lane = next((n for n, end in enumerate(ends) if end <= source), len(ends))
        ends[lane : lane + 1] = [target]
        lanes.append((lane, (source, target)))
    return lanes


def _draw_skip(axes: Axes, source: int, target: int, lane: float) -> None:
    axes.plot(
        [0, lane, lane, 0], [source + 0.15, source + 0.15, target - 0.15, target - 0.15],
        color=svg.PALETTE[1], linewidth=1.3,
    )  # fmt: skip
    axes.plot([-0.008], [target - 0.15], color=svg.PALETTE[1], marker=">", markersize=3.5)


def _draw_bars(axes: Axes, values: Sequence[int], total: int, label: str, nth: int) -> None:
    shares = [100 * value / max(total, 1) for value in values]
    axes.barh(range(len(shares)), shares, height=0.62, color=svg.PALETTE[nth])
    axes.set_xlabel(label, fontsize=8.5)
    axes.tick_params(axis="y", labelleft=False)
    axes.tick_params(axis="x", labelsize=8.5)
    axes.xaxis.set_major_locator(MaxNLocator(2, integer=True))
