"""Figure of accuracy, bytes and latency of every file."""

from collections.abc import Mapping, Sequence

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from litesmith.analysis.intervals import Estimate
from litesmith.records.device import FileLatency
from litesmith.records.evaluate import Variant
from litesmith.report import svg


@rc_context(svg.ROWS_STYLE)
def draw_files(files: Mapping[str, Variant], latency: Mapping[str, FileLatency], final: str) -> Figure:
    """Draw accuracy, bytes and latency of each ``.tflite`` file side by side."""
    figure = Figure(figsize=(svg.WIDTH_INCHES, 0.36 * len(files) + 1.7), layout="constrained")
    accuracies, sizes, latencies = figure.subplots(1, 3, sharey=True)
    figure.suptitle("Every .tflite file", x=0.01, ha="left", fontsize=12, fontweight="bold")
    for row, (name, file) in enumerate(files.items()):
        colour, timed = svg.PALETTE[0] if name == final else svg.PALETTE[1], latency[name]
        svg.draw_interval(accuracies, Estimate(file.accuracy, *file.accuracy_interval), row, colour)
        _draw_span(sizes, file.bytes, [file.gzip_bytes], row, colour)
        _draw_span(latencies, timed.median_ms, [timed.p90_ms, timed.p99_ms], row, colour)
    _label_accuracies(accuracies)
    _label_sizes(sizes)
    _label_latencies(latencies)
    svg.name_rows(accuracies, [f"{name} (final)" if name == final else name for name in files])
    return figure


def _label_accuracies(axes: Axes) -> None:
    axes.set_xlabel("test accuracy, %,\nwith its interval", fontsize=9)
    axes.xaxis.set_major_formatter(svg.percent_ticks())
    axes.xaxis.set_major_locator(MaxNLocator(3))


def _label_sizes(axes: Axes) -> None:
    axes.set_xlabel("bytes (logarithmic):\n● raw  | gzip", fontsize=9)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(EngFormatter(sep=" "))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _label_latencies(axes: Axes) -> None:
    axes.set_xlabel("latency, ms (log):\n● median\n| p90, p99", fontsize=9)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _draw_span(axes: Axes, dot: float, strokes: Sequence[float], row: int, colour: str) -> None:
    """Draw one value as a dot and others as strokes, joined by a line."""
    axes.plot([min(dot, *strokes), max(dot, *strokes)], [row, row], color=colour, linewidth=1.6)
    rows = [row] * len(strokes)
    axes.plot(strokes, rows, color=svg.INK, marker="|", markersize=8, markeredgewidth=1.8, linestyle="")
    axes.plot([dot], [row], color=colour, marker="o", markersize=6)
