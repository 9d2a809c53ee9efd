"""The trials of the sweep against cost and choices, and the importance of these."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from statistics import fmean

from matplotlib import rc_context
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FuncFormatter, MaxNLocator, NullFormatter

from litesmith.analysis.pareto import Standing
from litesmith.records.sweep import Choice, Importance, RungFrontier, RungScore, Trial
from litesmith.report import svg
from litesmith.wording import count, plainly

LOGARITHMIC = frozenset({"learning_rate", "weight_decay"})
"""Hyperparameters that the search samples on a logarithmic scale."""


@dataclass(frozen=True)
class Look:
    """How points of a kind are drawn."""

    label: str
    marker: str
    color: str
    size: float = 6.0
    filled: bool = True


_STANDINGS: dict[Standing, Look] = {
    "frontier": Look("on the frontier", "o", svg.PALETTE[1]),
    "tied": Look("tied with it within noise", "D", svg.PALETTE[1], filled=False),
    "behind": Look("behind", "x", svg.PALETTE[0]),
}
_STOPPED = Look("stopped there", "x", svg.PALETTE[0], size=5.5)
_WENT_ON = Look("trained longer", "o", svg.PALETTE[1], size=5.5)
_WON = Look("winner", "*", svg.PALETTE[1], size=11.5)


@dataclass(frozen=True)
class SlicePoint:
    """A trial's choice of one hyperparameter, and its accuracy."""

    number: int
    value: Choice
    accuracy: float
    look: Look


@dataclass(frozen=True)
class Slice:
    """One hyperparameter over the trials with a score at the first rung.

    Levels are its values in order if it is a choice, None if it is a range.
    """

    name: str
    levels: tuple[Choice, ...] | None
    points: tuple[SlicePoint, ...]

    @property
    def title(self) -> str:
        """Its name in words."""
        return self.name.replace("_", " ")


def trained_words(rung: RungScore | RungFrontier) -> str:
    """Return the length of training: ``4 epochs of 8 000 images``."""
    return f"{rung.epochs} epoch{'s' if rung.epochs != 1 else ''} of {count(rung.num_rows)} images"


def slices(trials: Sequence[Trial], winner: int) -> list[Slice]:
    """Return each hyperparameter that differs between trials, over those at the first rung."""
    scored = [trial for trial in trials if trial.scores]
    panels = []
    for name in varied(scored):
        points = tuple(
            SlicePoint(trial.number, trial.choices[name], trial.scores[0].accuracy, _look(trial, winner))
            for trial in scored
        )
        values = {point.value for point in points}
        is_range = all(isinstance(value, float) for value in values)
        panels.append(Slice(name, None if is_range else tuple(sorted(values, key=_order)), points))
    return panels


def varied(trials: Sequence[Trial]) -> tuple[str, ...]:
    """Return the hyperparameters that differ between trials; all if none does."""
    names = tuple(dict.fromkeys(name for trial in trials for name in trial.choices))
    differ = (name for name in names if len({trial.choices[name] for trial in trials}) > 1)
    return tuple(differ) or names


def _order(value: Choice) -> tuple[float, str]:
    """Return a key that sorts numbers by size and words by letters."""
    return (0.0, value) if isinstance(value, str) else (value, "")


def _look(trial: Trial, winner: int) -> Look:
    if trial.number == winner:
        return _WON
    return _WENT_ON if len(trial.rungs) > 1 else _STOPPED


@rc_context(svg.STYLE)
def draw_frontiers(
    frontiers: Sequence[RungFrontier], title: str, x_label: str, limit: float | None = None
) -> Figure:
    """Draw validation accuracy against a cost, a panel for each rung, with its frontier.

    The band below a frontier is one standard error wide: a trial in it ties with the frontier within
    noise. The limit of the device is a line.
    """
    figure = Figure(figsize=(svg.WIDTH_INCHES, 2.1 * len(frontiers) + 1.4), layout="constrained")
    panels = list(figure.subplots(len(frontiers), 1, squeeze=False).ravel())
    for axes, frontier in zip(panels, frontiers, strict=True):
        words = f"{len(frontier.points)} trials after {trained_words(frontier)}"
        axes.set_title(words, fontsize=11, fontweight="normal")
        if limit is not None:
            axes.axvline(
                limit, color=svg.INK, linestyle=":", linewidth=1.2, label="most the device takes"
            )
        _draw_trials(axes, frontier)
        _draw_frontier(axes, frontier)
        axes.xaxis.set_major_formatter(EngFormatter(sep=" "))
    panels[-1].set_xlabel(x_label)
    _name_panels(figure, panels, title)
    return figure


def _draw_trials(axes: Axes, frontier: RungFrontier) -> None:
    axes.margins(x=0.08, y=0.16)
    for standing, look in _STANDINGS.items():
        points = [point for point in frontier.points if point.standing == standing]
        _scatter(axes, [point.cost for point in points], [point.accuracy for point in points], look)
    for point in frontier.points:
        if point.won or point.standing == "frontier":
            text = f"{point.number}, winner" if point.won else str(point.number)
            place = point.cost, point.accuracy
            axes.annotate(text, place, (5, 5), textcoords="offset points", fontsize=9)
    axes.yaxis.set_major_locator(MaxNLocator(5))


def _draw_frontier(axes: Axes, frontier: RungFrontier) -> None:
    points = sorted((p.cost, p.accuracy) for p in frontier.points if p.standing == "frontier")
    right = axes.get_xlim()[1]
    costs = [*(cost for cost, _ in points), right]
    heights = [*(accuracy for _, accuracy in points), points[-1][1]]
    axes.step(costs, heights, where="post", color=svg.PALETTE[1], linewidth=1.2)
    low = [height - frontier.margin for height in heights]
    axes.fill_between(costs, low, heights, step="post", color=svg.PALETTE[1], alpha=0.14, linewidth=0)
    axes.set_xlim(right=right)


def _scatter(axes: Axes, xs: Sequence[float], ys: Sequence[float], look: Look) -> None:
    """Draw points of one kind, with no entry in the legend for none."""
    if xs:
        (points,) = axes.plot(xs, ys, look.marker, color=look.color, label=look.label, zorder=3)
        points.set(
            markersize=look.size, markeredgewidth=1.5, fillstyle="full" if look.filled else "none"
        )


def _name_panels(figure: Figure, panels: Sequence[Axes], title: str) -> None:
    """Give panels of accuracies a title and below a legend for all of them."""
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    figure.supylabel("validation accuracy, %", fontsize=11)
    entries: dict[str, Artist] = {}
    for axes in panels:
        axes.yaxis.set_major_formatter(svg.percent_ticks())
        handles, labels = axes.get_legend_handles_labels()
        entries.update(zip(labels, handles, strict=True))
    figure.legend(list(entries.values()), list(entries), loc="outside lower left", ncols=2)


@rc_context(svg.STYLE)
def draw_slices(slices: Sequence[Slice], trained: str) -> Figure:
    """Draw accuracy by value of each hyperparameter; ``trained`` is the length of training."""
    rows = ceil(len(slices) / 2)
    figure = Figure(figsize=(svg.WIDTH_INCHES, 1.75 * rows + 1.1), layout="constrained")
    panels = list(figure.subplots(rows, 2, sharey=True, squeeze=False).ravel())
    for axes, panel in zip(panels, slices, strict=False):
        _draw_slice(axes, panel)
    for axes in panels[len(slices) :]:
        axes.set_axis_off()
    _name_panels(figure, panels, f"Each hyperparameter, after {trained}")
    return figure


def _draw_slice(axes: Axes, panel: Slice) -> None:
    axes.margins(y=0.12)
    axes.set_xlabel(panel.title, fontsize=10)
    axes.yaxis.set_major_locator(MaxNLocator(4))
    for look in (_STOPPED, _WENT_ON, _WON):
        points = [point for point in panel.points if point.look == look]
        places = [_place(panel, point) for point in points]
        _scatter(axes, places, [point.accuracy for point in points], look)
    if panel.levels is not None:
        _name_levels(axes, panel, panel.levels)
        return
    if panel.name in LOGARITHMIC:
        axes.set_xscale("log")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel(f"{panel.title} (logarithmic)", fontsize=10)
    axes.xaxis.set_major_locator(MaxNLocator(3))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.4g}"))


def _place(panel: Slice, point: SlicePoint) -> float:
    """Return where a point stands: beside others of its level."""
    if panel.levels is None:
        return float(point.value)
    same = [other.number for other in panel.points if other.value == point.value]
    spread = (same.index(point.number) + 0.5) / len(same) - 0.5
    return panel.levels.index(point.value) + 0.5 * spread


def _name_levels(axes: Axes, panel: Slice, levels: Sequence[Choice]) -> None:
    """Name the levels, and draw the mean of each as a short line."""
    axes.set_xticks(range(len(levels)), [plainly(level) for level in levels])
    axes.set_xlim(-0.6, len(levels) - 0.4)
    for position, level in enumerate(levels):
        mean = fmean(point.accuracy for point in panel.points if point.value == level)
        label = "mean of the choice" if position == 0 else None
        axes.plot(
            [position - 0.32, position + 0.32], [mean, mean], color=svg.INK, linewidth=1.2, label=label
        )


@rc_context(svg.ROWS_STYLE)
def draw_importances(importances: Sequence[Importance], num_trials: int) -> Figure:
    """Draw importances as bars, with a mark for chance."""
    title, height = f"Importance, from {num_trials} trials", 0.36 * len(importances) + 1.5
    figure, axes = svg.one_axes(title, "share of all importance, %", "", height)
    rows, shares = range(len(importances)), [importance.share for importance in importances]
    axes.barh(rows, shares, height=0.55, color=svg.PALETTE[1], label="estimate")
    chance, label = (
        [importance.by_chance for importance in importances],
        "largest of the shuffled outcomes",
    )
    axes.plot(chance, rows, "|", color=svg.PALETTE[0], label=label, markersize=16, markeredgewidth=2.2)
    axes.xaxis.set_major_formatter(svg.percent_ticks())
    axes.set_xlim(left=0)
    svg.name_rows(axes, [importance.name.replace("_", " ") for importance in importances])
    svg.legend_below(figure, axes)
    return figure
