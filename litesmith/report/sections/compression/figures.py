"""What compression did to accuracy, weights, bytes and time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from litesmith.analysis.intervals import Estimate
from litesmith.report.svg import (
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
    """Draw for each layer the sparsity asked for, reached, and left after quantization, as far as it is known."""
    figure, axes = one_axes(
        "Sparsity by layer", "weights that are zero, %", "", 0.62 * len(layers) + 1.4
    )
    kinds: tuple[tuple[str, str, list[float | None]], ...] = (
        ("asked", PALETTE[4], [layer.asked for layer in layers]),
        ("reached, Keras model", PALETTE[1], [layer.reached for layer in layers]),
        ("after quantization, int8 file", PALETTE[2], [layer.quantized for layer in layers]),
    )
    for nth, (label, colour, values) in enumerate(kinds):
        known = [
            (row + 0.26 * (nth - 1), value) for row, value in enumerate(values) if value is not None
        ]
        places, widths = [place for place, _ in known], [value for _, value in known]
        if known:
            axes.barh(places, widths, height=0.24, color=colour, label=label)
    axes.xaxis.set_major_formatter(percent_ticks())
    name_rows(axes, [layer.name for layer in layers])
    legend_below(figure, axes)
    return figure


@rc_context(ROWS_STYLE)
def draw_files(rows: Sequence[FileFacts]) -> Figure:
    """Draw accuracy, bytes and latency of each file side by side, those of them that any file has."""
    figure = Figure(figsize=(WIDTH_INCHES, 0.36 * len(rows) + 1.7), layout="constrained")
    draws = [draw for name, draw in _PANELS.items() if name not in unknown(rows)]
    panels = figure.subplots(1, len(draws), sharey=True, squeeze=False)[0]
    figure.suptitle("Every .tflite file", x=0.01, ha="left", fontsize=12, fontweight="bold")
    for axes, draw in zip(panels, draws, strict=True):
        draw(axes, rows)
    name_rows(panels[0], [f"{row.name} (final)" if row.final else row.name for row in rows])
    return figure


def unknown(rows: Sequence[FileFacts]) -> list[str]:
    """Return which of the figure's quantities no file has."""
    has = {
        "accuracy": any(row.accuracy is not None for row in rows),
        "bytes": any(row.raw_bytes is not None or row.gzip_bytes is not None for row in rows),
        "latency": any(row.latency_ms is not None for row in rows),
    }
    return [name for name, known in has.items() if not known]


def _draw_accuracies(axes: Axes, rows: Sequence[FileFacts]) -> None:
    for nth, row in enumerate(rows):
        if row.accuracy is not None:
            _interval(axes, row.accuracy, nth, _colour(row))
    axes.set_xlabel("test accuracy, %,\nwith its interval", fontsize=9)
    axes.xaxis.set_major_formatter(percent_ticks())
    axes.xaxis.set_major_locator(MaxNLocator(3))


def _draw_sizes(axes: Axes, rows: Sequence[FileFacts]) -> None:
    for nth, row in enumerate(rows):
        _span(axes, row.raw_bytes, [row.gzip_bytes], nth, _colour(row))
    axes.set_xlabel("bytes (logarithmic):\n● raw  | gzip", fontsize=9)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(EngFormatter(sep=" "))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _draw_latencies(axes: Axes, rows: Sequence[FileFacts]) -> None:
    for nth, row in enumerate(rows):
        median, *others = row.latency_ms or (None,)
        _span(axes, median, others, nth, _colour(row))
    axes.set_xlabel("latency, ms (log):\n● median\n| p90, p99", fontsize=9)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


_PANELS: dict[str, Callable[[Axes, Sequence[FileFacts]], None]] = {
    "accuracy": _draw_accuracies,
    "bytes": _draw_sizes,
    "latency": _draw_latencies,
}


def _colour(row: FileFacts) -> str:
    return PALETTE[0] if row.final else PALETTE[1]


def _interval(axes: Axes, estimate: Estimate, row: int, colour: str) -> None:
    axes.plot([estimate.low, estimate.high], [row, row], color=colour, linewidth=1.6)
    axes.plot([estimate.value], [row], color=colour, marker="o", markersize=6)


def _span(axes: Axes, dot: float | None, strokes: Sequence[float | None], row: int, colour: str) -> None:
    """Draw one value as a dot and others as strokes, those that are known, joined by a line."""
    dots, known = [one for one in [dot] if one is not None], [one for one in strokes if one is not None]
    if not dots and not known:
        return
    axes.plot([min(dots + known), max(dots + known)], [row, row], color=colour, linewidth=1.6)
    stroke: dict[str, Any] = {"marker": "|", "markersize": 8, "markeredgewidth": 1.8, "linestyle": ""}
    axes.plot(known, [row] * len(known), color=INK, **stroke)
    axes.plot(dots, [row] * len(dots), color=colour, marker="o", markersize=6)
