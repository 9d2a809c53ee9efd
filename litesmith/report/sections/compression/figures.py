"""What pruning and dropout did, drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib import rc_context
from matplotlib.figure import Figure

from litesmith.analysis.intervals import Estimate
from litesmith.report.svg import (
    PALETTE,
    ROWS_STYLE,
    draw_interval,
    legend_below,
    name_rows,
    one_axes,
    percent_ticks,
)


@dataclass(frozen=True)
class SparsityRow:
    """Share of a layer's weights that are zero, 0 to 1.

    Attributes:
        name: Of the layer.
        shape: Of its weights.
        num_weights: How many it has.
        asked: What pruning was told to reach.
        reached: In the pruned Keras model.
        quantized: In the int8 file made of it; None if that has no layer of the name.
    """

    name: str
    shape: tuple[int, ...]
    num_weights: int
    asked: float
    reached: float
    quantized: float | None


@rc_context(ROWS_STYLE)
def draw_ablation(rows: Mapping[str, Estimate]) -> Figure:
    """Draw the validation accuracy of each line of the ablation with its interval."""
    figure, axes = one_axes("Pruning and dropout", "validation accuracy, %", "", 0.45 * len(rows) + 1.2)
    for nth, accuracy in enumerate(rows.values()):
        draw_interval(axes, accuracy, nth, PALETTE[1])
    axes.xaxis.set_major_formatter(percent_ticks())
    name_rows(axes, list(rows))
    return figure


@rc_context(ROWS_STYLE)
def draw_sparsity(layers: Sequence[SparsityRow]) -> Figure:
    """Draw for each layer the sparsity asked for, reached, and left after quantization."""
    figure, axes = one_axes(
        "Sparsity by layer", "weights that are zero, %", "", 0.62 * len(layers) + 1.4
    )
    left = [(row, layer.quantized) for row, layer in enumerate(layers) if layer.quantized is not None]
    kinds = (
        ("asked", PALETTE[4], [(row, layer.asked) for row, layer in enumerate(layers)]),
        ("reached, Keras model", PALETTE[1], [(row, layer.reached) for row, layer in enumerate(layers)]),
        ("after quantization, int8 file", PALETTE[2], left),
    )
    for nth, (label, colour, bars) in enumerate(kinds):
        places, widths = [row + 0.26 * (nth - 1) for row, _ in bars], [share for _, share in bars]
        axes.barh(places, widths, height=0.24, color=colour, label=label)
    axes.xaxis.set_major_formatter(percent_ticks())
    name_rows(axes, [layer.name for layer in layers])
    legend_below(figure, axes)
    return figure
