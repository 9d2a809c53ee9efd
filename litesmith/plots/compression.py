"""What compression did to accuracy, weights, bytes and time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from litesmith.intervals import Estimate
from litesmith.plots.svg import (
    INK,
    PALETTE,
    ROWS_STYLE,
    WIDTH_INCHES,
    legend_below,
    name_rows,
    one_axes,
    percent_ticks,
)


@dataclass(frozen=True)
class Named:
    """Something with its accuracy."""

    name: str
    accuracy: Estimate


@dataclass(frozen=True)
class LayerSparsity:
    """Share of a layer's weights that are zero, 0 to 1; None what was not recorded.

    Attributes:
        name: Of the layer.
        asked: What pruning was told to reach.
        reached: In the pruned Keras model.
        quantized: In the int8 file made of it.
    """

    name: str
    asked: float | None
    reached: float | None
    quantized: float | None


@dataclass(frozen=True)
class FileFacts:
    """A ``.tflite`` file in one row; None what was not recorded.

    Attributes:
        name: Of the variant.
        final: Whether it is the one chosen.
        accuracy: On the test split.
        raw_bytes: Its size.
        gzip_bytes: Its size compressed.
        latency_ms: Median, 90th and 99th percentile for one image.
    """

    name: str
    final: bool
    accuracy: Estimate | None
    raw_bytes: int | None
    gzip_bytes: int | None
    latency_ms: tuple[float, float, float] | None


@rc_context(ROWS_STYLE)
def draw_ablation(rows: Sequence[Named]) -> Figure:
    """Draw the validation accuracy of each line of the ablation with its interval."""
    figure, axes = one_axes("Pruning and dropout", "validation accuracy, %", "", 0.45 * len(rows) + 1.2)
    for nth, row in enumerate(rows):
        _interval(axes, row.accuracy, nth, PALETTE[1])
    axes.xaxis.set_major_formatter(percent_ticks())
    name_rows(axes, [row.name for row in rows])
    return figure


@rc_context(ROWS_STYLE)
def draw_sparsity(layers: Sequence[LayerSparsity]) -> Figure:
    """Draw for each layer the sparsity asked for, reached, and left after quantization."""
    figure, axes = one_axes("Sparsity by layer", "weights that are zero, %", "", 0.62 * len(layers) + 1.4)
    kinds: tuple[tuple[str, str, list[float | None]], ...] = (
        ("asked", PALETTE[4], [layer.asked for layer in layers]),
        ("reached, Keras model", PALETTE[1], [layer.reached for layer in layers]),
        ("after quantization, int8 file", PALETTE[2], [layer.quantized for layer in layers]),
    )
    for nth, (label, colour, values) in enumerate(kinds):
        known = [(row + 0.26 * (nth - 1), value) for row, value in enumerate(values) if value is not None]
        places, widths = [place for place, _ in known], [value for _, value in known]
        axes.barh(places, widths, height=0.24, color=colour, label=label)
    axes.xaxis.set_major_formatter(percent_ticks())
    name_rows(axes, [layer.name for layer in layers])
    legend_below(figure, axes)
    return figure


@rc_context(ROWS_STYLE)
def draw_files(rows: Sequence[FileFacts]) -> Figure:
    """Draw accuracy, bytes and latency of each file side by side."""
    figure = Figure(figsize=(WIDTH_INCHES, 0.36 * len(rows) + 1.7), layout="constrained")
    panels = figure.subplots(1, 3, sharey=True)
    figure.suptitle("Every .tflite file", x=0.01, ha="left", fontsize=12, fontweight="bold")
    for nth, row in enumerate(rows):
        colour = PALETTE[0] if row.final else PALETTE[1]
        if row.accuracy is not None:
            _interval(panels[0], row.accuracy, nth, colour)
        _span(panels[1], [row.raw_bytes, row.gzip_bytes], nth, colour)
        _span(panels[2], list(row.latency_ms or ()), nth, colour)
    _label_panels(panels)
    name_rows(panels[0], [f"{row.name} (final)" if row.final else row.name for row in rows])
    return figure


def _label_panels(panels: Sequence[Axes]) -> None:
    accuracy, size, latency = panels
    accuracy.set_xlabel("test accuracy, %,\nwith its interval", fontsize=9)
    accuracy.xaxis.set_major_formatter(percent_ticks())
    accuracy.xaxis.set_major_locator(MaxNLocator(3))
    size.set_xlabel("bytes (logarithmic):\n● raw  | gzip", fontsize=9)
    size.set_xscale("log")
    size.xaxis.set_major_formatter(EngFormatter(sep=" "))
    size.xaxis.set_minor_formatter(NullFormatter())
    latency.set_xlabel("latency, ms (log):\n● median\n| p90, p99", fontsize=9)
    latency.set_xscale("log")
    latency.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    latency.xaxis.set_minor_formatter(NullFormatter())
    latency.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _interval(axes: Axes, estimate: Estimate, row: int, colour: str) -> None:
    axes.plot([estimate.low, estimate.high], [row, row], color=colour, linewidth=1.6)
    axes.plot([estimate.value], [row], color=colour, marker="o", markersize=6)


def _span(axes: Axes, values: Sequence[float | None], row: int, colour: str) -> None:
    """Draw the first value as a dot and the others as strokes, joined by a line."""
    known: list[float] = [value for value in values if value is not None]
    if not known:
        return
    axes.plot([min(known), max(known)], [row, row], color=colour, linewidth=1.6)
    stroke: dict[str, Any] = {"marker": "|", "markersize": 8, "markeredgewidth": 1.8, "linestyle": ""}
    axes.plot(known[1:], [row] * (len(known) - 1), color=INK, **stroke)
    axes.plot(known[:1], [row], color=colour, marker="o", markersize=6)
