"""Figures of pruning and dropout."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib import rc_context
from matplotlib.figure import Figure

from litesmith.analysis.intervals import Estimate
from litesmith.records.prune import LayerSparsity
from litesmith.report import svg


@dataclass(frozen=True)
class SparsityRow:
    """A pruned layer, and the share of zeros in its int8 file."""

    layer: LayerSparsity
    quantized: float | None


@rc_context(svg.ROWS_STYLE)
def draw_ablation(rows: Mapping[str, Estimate]) -> Figure:
    """Draw the validation accuracy of each model of the ablation with its interval."""
    height = 0.45 * len(rows) + 1.2
    figure, axes = svg.one_axes("Pruning and dropout", "validation accuracy, %", "", height)
    for row, accuracy in enumerate(rows.values()):
        svg.draw_interval(axes, accuracy, row, svg.PALETTE[1])
    axes.xaxis.set_major_formatter(svg.percent_ticks())
    svg.name_rows(axes, list(rows))
    return figure


@rc_context(svg.ROWS_STYLE)
def draw_sparsity(rows: Sequence[SparsityRow]) -> Figure:
    """Draw for each layer the sparsity requested, reached, and left after quantization."""
    height = 0.62 * len(rows) + 1.4
    figure, axes = svg.one_axes("Sparsity by layer", "weights that are zero, %", "", height)
    left = [(nth, row.quantized) for nth, row in enumerate(rows) if row.quantized is not None]
    kinds = (
        ("requested", svg.PALETTE[4], [(nth, row.layer.requested) for nth, row in enumerate(rows)]),
        (
            "reached, Keras model",
            svg.PALETTE[1],
            [(nth, row.layer.reached) for nth, row in enumerate(rows)],
        ),
        ("after quantization, int8 file", svg.PALETTE[2], left),
    )
    for kind, (label, colour, bars) in enumerate(kinds):
        places, widths = [nth + 0.26 * (kind - 1) for nth, _ in bars], [share for _, share in bars]
        axes.barh(places, widths, height=0.24, color=colour, label=label)
    axes.xaxis.set_major_formatter(svg.percent_ticks())
    svg.name_rows(axes, [row.layer.name for row in rows])
    svg.legend_below(figure, axes)
    return figure
