"""What the steps took."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from litesmith.report.svg import PALETTE, ROWS_STYLE, WIDTH_INCHES, legend_below, name_rows


@dataclass(frozen=True)
class StepCost:
    """What a step took; None what was not recorded.

    Attributes:
        step: Its name.
        cpu_s: Seconds of processor time, all its processes together.
        wall_s: Seconds from its beginning to its end.
        peak_memory_mb: Most memory that its largest process held at once, in megabytes.
    """

    step: str
    cpu_s: float | None
    wall_s: float | None
    peak_memory_mb: float | None


def total_seconds(costs: Sequence[StepCost]) -> float:
    """Return the recorded CPU-seconds of all steps together."""
    return sum(cost.cpu_s or 0.0 for cost in costs)


@rc_context(ROWS_STYLE)
def draw_costs(costs: Sequence[StepCost]) -> Figure:
    """Draw CPU and wall seconds of each step as bars, and beside them, if known, the memory of its largest process."""
    figure = Figure(figsize=(WIDTH_INCHES, 0.42 * len(costs) + 1.5), layout="constrained")
    has_memory = any(cost.peak_memory_mb is not None for cost in costs)
    ratios = (3, 2) if has_memory else (1,)
    times, *beside = figure.subplots(1, len(ratios), sharey=True, width_ratios=ratios, squeeze=False)[0]
    times.set_title("Cost of each step")
    _bars(
        times,
        [cost.cpu_s for cost in costs],
        -0.2,
        height=0.36,
        color=PALETTE[1],
        label="CPU, all processes",
    )
    _bars(times, [cost.wall_s for cost in costs], 0.2, height=0.36, color=PALETTE[4], label="wall")
    times.set_xlabel("seconds")
    for memory in beside:
        _bars(memory, [cost.peak_memory_mb for cost in costs], 0.0, height=0.5, color=PALETTE[2])
        memory.set_xlabel("largest process, MB")
    name_rows(times, [cost.step for cost in costs])
    legend_below(figure, times)
    return figure


def _bars(axes: Axes, values: Sequence[float | None], shift: float, **style: Any) -> None:
    """Draw a bar with its value for each row that has one, and nothing, not even in the legend, if none has."""
    known = [(row + shift, value) for row, value in enumerate(values) if value is not None]
    if not known:
        return
    bars = axes.barh([row for row, _ in known], [value for _, value in known], **style)
    axes.bar_label(
        bars, [f"{value:,.0f}".replace(",", " ") for _, value in known], padding=3, fontsize=9
    )
    axes.margins(x=0.25)
