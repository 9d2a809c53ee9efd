"""The sweep: its trials against what they cost, against what they chose, and what mattered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FuncFormatter, MaxNLocator

from litesmith.analysis.importance import LOGARITHMIC, Importance
from litesmith.analysis.pareto import Priced, Standing, frontier, standard_error, standings
from litesmith.report.svg import (
    INK,
    PALETTE,
    ROWS_STYLE,
    STYLE,
    WIDTH_INCHES,
    legend_below,
    name_rows,
    one_axes,
    percent_ticks,
)

Trial = Mapping[str, Any]
CostOf = Callable[[Trial, int], float | None]

_LOOKS: dict[Standing, dict[str, Any]] = {
    "frontier": {"marker": "o", "color": PALETTE[1], "label": "on the frontier"},
    "tied": {
        "marker": "D",
        "facecolors": "none",
        "edgecolors": PALETTE[1],
        "label": "tied with it within noise",
    },
    "behind": {"marker": "x", "color": PALETTE[0], "label": "behind"},
}
_LINES = {"frontier": 0.0, "tied": 1.5, "behind": 1.5}


@dataclass(frozen=True)
class TrialPoint:
    """A trial with what it cost and the validation accuracy it reached, 0 to 1."""

    number: int
    cost: float
    accuracy: float
    standing: Standing
    won: bool


@dataclass(frozen=True)
class RungField:
    """The trials that were trained equally long, and so compare.

    Attributes:
        rung: Its number, from 0.
        trained: How long they were trained, in words.
        points: In the order of their numbers.
        margin: One standard error of the best accuracy.
        num_images: Validation images that the accuracies were measured on.
    """

    rung: int
    trained: str
    points: tuple[TrialPoint, ...]
    margin: float
    num_images: int


@dataclass(frozen=True)
class SlicePoint:
    """What a trial chose for one hyperparameter, the accuracy it reached, and whether it was trained longer after."""

    number: int
    value: Any
    accuracy: float
    went_on: bool
    won: bool


@dataclass(frozen=True)
class Slice:
    """One hyperparameter over all trials that were trained; ``levels`` are its values in order if it is a choice."""

    name: str
    levels: tuple[Any, ...] | None
    points: tuple[SlicePoint, ...]


def trained_words(rung: Mapping[str, Any]) -> str:
    """Say how long the trials that stopped at a rung were trained: ``4 epochs of 8,000 images``."""
    epochs, num_rows = rung.get("epochs"), rung.get("num_rows")
    if epochs is None or num_rows is None:
        return f"rung {rung.get('rung')}, of a length not recorded"
    return f"{epochs} epoch{'s' if epochs != 1 else ''} of {num_rows:,} images"


def rung_fields(
    trials: Sequence[Trial], cost_of: CostOf, winner: int | None, num_images: int
) -> list[RungField]:
    """Sort the trials of a sweep by how long they were trained, and say who stands where at each length.

    A trial that went up the ladder stands at every rung, with the accuracy it had there.

    Args:
        trials: Each with ``number``, ``state`` and ``rungs`` (``rung``, ``epochs``, ``num_rows``, ``accuracy``).
        cost_of: What a trial costs at a rung; None where it is not recorded, which leaves the trial out.
        winner: Number of the trial that won, if one did.
        num_images: Validation images that the accuracies were measured on.

    Returns:
        From the shortest training to the longest; infeasible trials were not trained and are in none.
    """
    found: dict[int, list[tuple[int, Priced]]] = {}
    words: dict[int, str] = {}
    for trial, rung in _reached(trials):
        cost = cost_of(trial, rung["rung"])
        if cost is not None:
            found.setdefault(rung["rung"], []).append((trial["number"], Priced(cost, rung["accuracy"])))
            words[rung["rung"]] = trained_words(rung)
    return [_field(rung, words[rung], found[rung], winner, num_images) for rung in sorted(found)]


def unpriced(trials: Sequence[Trial], cost_of: CostOf) -> list[int]:
    """Return the numbers of the trials that `rung_fields` leaves out of a rung that they reached."""
    return sorted(
        {trial["number"] for trial, rung in _reached(trials) if cost_of(trial, rung["rung"]) is None}
    )


def slices(trials: Sequence[Trial], winner: int | None) -> list[Slice]:
    """Return each hyperparameter over the trials, at the first rung: there all of them were trained equally long."""
    first = [
        (trial, rung) for trial, rung in _reached(trials) if rung["rung"] == 0 and trial.get("choices")
    ]
    names = dict.fromkeys(name for trial, _ in first for name in trial["choices"])
    return [one for one in (_slice(name, first, winner) for name in names) if one.points]


def _reached(trials: Sequence[Trial]) -> list[tuple[Trial, Mapping[str, Any]]]:
    """Return each trial with each rung that it came through; a diverged one has no accuracy that means anything."""
    return [
        (trial, rung)
        for trial in trials
        if trial and trial.get("number") is not None
        for rung in trial.get("rungs") or ()
        if rung
        and rung.get("rung") is not None
        and rung.get("accuracy") is not None
        and rung.get("loss", 0) is not None
    ]


def _field(
    rung: int, words: str, found: list[tuple[int, Priced]], winner: int | None, num_images: int
) -> RungField:
    priced = [one for _, one in found]
    points = (
        TrialPoint(number, one.cost, one.accuracy, standing, won=number == winner)
        for (number, one), standing in zip(found, standings(priced, num_images), strict=True)
    )
    margin = standard_error(max(one.accuracy for one in priced), num_images)
    return RungField(rung, words, tuple(points), margin, num_images)


def _slice(name: str, first: Sequence[tuple[Trial, Mapping[str, Any]]], winner: int | None) -> Slice:
    points = tuple(
        SlicePoint(
            trial["number"],
            trial["choices"][name],
            rung["accuracy"],
            went_on=len(trial["rungs"]) > 1,
            won=trial["number"] == winner,
        )
        for trial, rung in first
        if trial["choices"].get(name) is not None
    )
    values = [point.value for point in points]
    if values and all(isinstance(value, float) for value in values):
        return Slice(name, None, points)
    numeric = all(isinstance(value, int) for value in values)
    return Slice(name, tuple(sorted(set(values), key=None if numeric else str)), points)


@rc_context(STYLE)
def draw_fields(
    fields: Sequence[RungField], title: str, x_label: str, limit: float | None = None
) -> Figure:
    """Draw validation accuracy against a cost, a panel for each length of training, with the frontier of each.

    The band below a frontier is one standard error wide: who is in it ties with the frontier within noise.

    Args:
        fields: What `rung_fields` gave.
        title: What the figure shows.
        x_label: The cost and its unit.
        limit: The most the device takes, drawn as a line, or None.
    """
    figure = Figure(figsize=(WIDTH_INCHES, 2.1 * len(fields) + 1.4), layout="constrained")
    panels = list(figure.subplots(len(fields), 1, squeeze=False).ravel())
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    for axes, field in zip(panels, fields, strict=True):
        axes.set_title(
            f"{len(field.points)} trials after {field.trained}", fontsize=11, fontweight="normal"
        )
        if limit is not None:
            axes.axvline(limit, color=INK, linestyle=":", linewidth=1.2, label="most the device takes")
        _draw_field(axes, field)
        axes.xaxis.set_major_formatter(EngFormatter(sep=" "))
    panels[-1].set_xlabel(x_label)
    figure.supylabel("validation accuracy, %", fontsize=11)
    _shared_legend(figure, panels)
    return figure


def _draw_field(axes: Axes, field: RungField) -> None:
    axes.margins(x=0.08, y=0.16)
    for standing, look in _LOOKS.items():
        group = [point for point in field.points if point.standing == standing]
        if group:
            places = [point.cost for point in group], [point.accuracy for point in group]
            axes.scatter(*places, s=36, linewidths=_LINES[standing], zorder=3, **look)
    for point in field.points:
        if point.won or point.standing == "frontier":
            text = f"{point.number}, winner" if point.won else str(point.number)
            axes.annotate(
                text, (point.cost, point.accuracy), (5, 5), textcoords="offset points", fontsize=9
            )
    _draw_frontier(axes, field)
    axes.yaxis.set_major_formatter(percent_ticks())
    axes.yaxis.set_major_locator(MaxNLocator(5))


def _draw_frontier(axes: Axes, field: RungField) -> None:
    things = [Priced(point.cost, point.accuracy) for point in field.points]
    best = [things[position] for position in frontier(things)]
    right = axes.get_xlim()[1]
    costs = [*(one.cost for one in best), right]
    heights = [*(one.accuracy for one in best), best[-1].accuracy]
    axes.step(costs, heights, where="post", color=PALETTE[1], linewidth=1.2)
    low = [height - field.margin for height in heights]
    axes.fill_between(costs, low, heights, step="post", color=PALETTE[1], alpha=0.14, linewidth=0)
    axes.set_xlim(right=right)


def _shared_legend(figure: Figure, panels: Sequence[Axes]) -> None:
    """Put one legend below for what any panel shows."""
    found: dict[str, Any] = {}
    for axes in panels:
        handles, labels = axes.get_legend_handles_labels()
        found.update(zip(labels, handles, strict=True))
    if found:
        figure.legend(list(found.values()), list(found), loc="outside lower left", ncols=2)


@rc_context(STYLE)
def draw_slices(found: Sequence[Slice], trained: str) -> Figure:
    """Draw a small panel for each hyperparameter: what was chosen against the accuracy reached.

    Args:
        found: What `slices` gave.
        trained: How long the trials were trained, in words.
    """
    rows = ceil(len(found) / 2)
    figure = Figure(figsize=(WIDTH_INCHES, 1.75 * rows + 1.1), layout="constrained")
    panels = list(figure.subplots(rows, 2, sharey=True, squeeze=False).ravel())
    figure.suptitle(
        f"Each hyperparameter, after {trained}", x=0.01, ha="left", fontsize=12, fontweight="bold"
    )
    for axes, one in zip(panels, found, strict=False):
        _draw_slice(axes, one)
    for axes in panels[len(found) :]:
        axes.set_axis_off()
    figure.supylabel("validation accuracy, %", fontsize=11)
    _shared_legend(figure, panels)
    return figure


def _draw_slice(axes: Axes, one: Slice) -> None:
    axes.margins(y=0.12)
    axes.set_xlabel(one.name.replace("_", " "), fontsize=10)
    axes.yaxis.set_major_formatter(percent_ticks())
    axes.yaxis.set_major_locator(MaxNLocator(4))
    _scatter(
        axes,
        one,
        [p for p in one.points if not p.went_on],
        "stopped there",
        marker="x",
        color=PALETTE[0],
    )
    went_on = [p for p in one.points if p.went_on and not p.won]
    _scatter(axes, one, went_on, "trained longer", marker="o", color=PALETTE[1], linewidths=0)
    won = [p for p in one.points if p.won]
    _scatter(axes, one, won, "winner", marker="*", color=PALETTE[1], linewidths=0, s=130)
    if one.levels is None:
        _name_range(axes, one)
    else:
        _name_levels(axes, one, one.levels)


def _scatter(axes: Axes, one: Slice, points: Sequence[SlicePoint], label: str, **style: Any) -> None:
    places = [_place(one, point) for point in points]
    if places:
        axes.scatter(
            places, [point.accuracy for point in points], label=label, zorder=3, **{"s": 30, **style}
        )


def _place(one: Slice, point: SlicePoint) -> float:
    """Return where a point stands; those of one level are spread by their numbers, so that none hides another."""
    if one.levels is None:
        return float(point.value)
    same = [other.number for other in one.points if other.value == point.value]
    return one.levels.index(point.value) + 0.5 * ((same.index(point.number) + 0.5) / len(same) - 0.5)


def _name_range(axes: Axes, one: Slice) -> None:
    values = [float(point.value) for point in one.points]
    if one.name in LOGARITHMIC and min(values) > 0:
        axes.set_xscale("log")
        axes.xaxis.set_minor_formatter(FuncFormatter(lambda *_: ""))
        axes.set_xlabel(f"{one.name.replace('_', ' ')} (logarithmic)", fontsize=10)
    axes.xaxis.set_major_locator(MaxNLocator(3))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.4g}"))


def _name_levels(axes: Axes, one: Slice, levels: Sequence[Any]) -> None:
    """Name the levels, and draw the mean of each as a short line."""
    axes.set_xticks(range(len(levels)), [str(level) for level in levels])
    axes.set_xlim(-0.6, len(levels) - 0.4)
    for nth, level in enumerate(levels):
        reached = [point.accuracy for point in one.points if point.value == level]
        label = "mean of the choice" if nth == 0 else None
        axes.plot(
            [nth - 0.32, nth + 0.32],
            [sum(reached) / len(reached)] * 2,
            color=INK,
            linewidth=1.2,
            label=label,
        )


@rc_context(ROWS_STYLE)
def draw_importances(found: Sequence[Importance], num_trials: int) -> Figure:
    """Draw the importance of each hyperparameter as a bar, with a mark where chance alone could have brought it."""
    height = 0.36 * len(found) + 1.5
    title = f"Importance, from {num_trials} trials"
    figure, axes = one_axes(title, "share of all importance, %", "", height)
    rows = range(len(found))
    axes.barh(rows, [one.share for one in found], height=0.55, color=PALETTE[1], label="estimate")
    chance: dict[str, Any] = {
        "marker": "|",
        "markersize": 16,
        "markeredgewidth": 2.2,
        "linestyle": "",
        "color": PALETTE[0],
    }
    axes.plot([one.by_chance for one in found], rows, label="largest of the shuffled outcomes", **chance)
    axes.xaxis.set_major_formatter(percent_ticks())
    axes.set_xlim(left=0)
    name_rows(axes, [one.name.replace("_", " ") for one in found])
    legend_below(figure, axes)
    return figure
