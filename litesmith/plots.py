"""Figures: the numbers each one shows, then its drawing, then its text as SVG for a page."""

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
from markupsafe import escape
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FuncFormatter, MaxNLocator

INK = "#1b1d21"
FAINT = "#c3c7cf"

# Okabe and Ito's colours, which people with any of the common colour deficiencies tell apart
# (https://jfly.uni-koeln.de/color/). Lines and points differ in dash and shape as well.
PALETTE = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
MARKERS = ("o", "s", "^", "D", "v", "P")

# A page replaces these colours by its own, light or dark.
THEME = {INK: "var(--ink)", FAINT: "var(--line)", **{c: f"var(--series-{n})" for n, c in enumerate(PALETTE, 1)}}

_WIDTH_INCHES, _HEIGHT_INCHES = 6.4, 3.9

_STYLE: Any = {
    "svg.fonttype": "none",  # text stays text: small, searchable, in the page's own font
    "svg.hashsalt": "litesmith",
    "svg.id": None,
    "text.parse_math": False,  # a class may be called "$5"
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "axes.edgecolor": FAINT,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
}


@dataclass(frozen=True)
class Curve:
    """One line of a learning-curve figure: ``values[i]`` was measured at the end of epoch ``epochs[i]``."""

    model: str
    split: str
    epochs: tuple[float, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class TrialPoint:
    """A trial of the sweep as a point: its file's bytes and the validation accuracy at the last rung it reached."""

    number: int
    size_bytes: int
    accuracy: float
    rung: int
    trained: str
    won: bool


def curve_series(histories: Mapping[str, Mapping[str, Sequence[float]]], column: str) -> list[Curve]:
    """Pick the train and validation lines of one column from the histories of several models.

    Args:
        histories: For each model its columns: ``epoch``, ``<column>`` (train) and ``val_<column>`` (validation).
        column: ``accuracy`` (0 to 1) or ``loss``.

    Returns:
        The lines that are there: a model without the column, or whose values are all NaN, has none.
    """
    lines = [
        _curve(model, split, history, prefix + column)
        for model, history in histories.items()
        for split, prefix in (("train", ""), ("validation", "val_"))
    ]
    return [line for line in lines if line.values]


def continued(history: Mapping[str, Sequence[float]], before: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
    """Return ``history`` with its epochs counted on from the last one of ``before``, which it was trained on from."""
    last = max(before.get("epoch", ()), default=0)
    return {name: [value + last if name == "epoch" else value for value in column] for name, column in history.items()}


def _curve(model: str, split: str, history: Mapping[str, Sequence[float]], column: str) -> Curve:
    pairs = zip(history.get("epoch", ()), history.get(column, ()), strict=False)
    known = [(float(epoch), float(value)) for epoch, value in pairs if not np.isnan(value)]
    return Curve(model, split, tuple(epoch for epoch, _ in known), tuple(value for _, value in known))


@matplotlib.rc_context(_STYLE)
def draw_curves(curves: Sequence[Curve], title: str, y_label: str, *, in_percent: bool) -> Figure:
    """Draw learning curves on shared axes: one colour for each model, train dashed, validation solid.

    Args:
        curves: What `curve_series` gave.
        title: What the figure shows.
        y_label: Quantity and unit of the vertical axis.
        in_percent: Whether the values are fractions, to be labelled in percent.
    """
    figure, axes = _axes(title, "epoch", y_label)
    models = list(dict.fromkeys(curve.model for curve in curves))
    for curve in curves:
        nth = models.index(curve.model)
        dashes, width = ("-", 2.2) if curve.split == "validation" else ((0, (3, 2)), 1.3)
        label = f"{curve.model}, {curve.split}"
        mark = MARKERS[nth % len(MARKERS)] if len(curve.values) == 1 else None
        colour = PALETTE[nth % len(PALETTE)]
        axes.plot(curve.epochs, curve.values, color=colour, linestyle=dashes, linewidth=width, label=label, marker=mark)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=10))
    if in_percent:
        axes.yaxis.set_major_formatter(_percent())
    _legend_below(figure, axes, columns=2)
    return figure


def trial_series(trials: Sequence[Mapping[str, Any]], winner: int | None) -> list[TrialPoint]:
    """Pick the points of the accuracy-against-bytes figure from the trials of a sweep.

    Args:
        trials: Each with ``number``, ``state``, ``tflite_bytes`` and ``rungs`` (``rung``, ``epochs``, ``num_rows``,
            ``accuracy``).
        winner: Number of the trial that won, if one did.

    Returns:
        One point for each trial that was trained to an end; infeasible ones were not, diverged ones have none.
    """
    points = (_point(trial, winner) for trial in trials if trial and trial.get("state") != "diverged")
    return [point for point in points if point is not None]


def _point(trial: Mapping[str, Any], winner: int | None) -> TrialPoint | None:
    last = (trial.get("rungs") or [{}])[-1] or {}
    number, size, accuracy, rung = (
        trial.get("number"),
        trial.get("tflite_bytes"),
        last.get("accuracy"),
        last.get("rung"),
    )
    if number is None or size is None or accuracy is None or rung is None:
        return None
    return TrialPoint(number, size, accuracy, rung, trained_words(last), won=number == winner)


def trained_words(rung: Mapping[str, Any]) -> str:
    """Say how long the trials that stopped at a rung were trained: ``4 epochs of 8,000 images``."""
    epochs, num_rows = rung.get("epochs"), rung.get("num_rows")
    if epochs is None or num_rows is None:
        return f"rung {rung.get('rung')}"
    return f"{epochs} epoch{'s' if epochs != 1 else ''} of {num_rows:,} images"


@matplotlib.rc_context(_STYLE)
def draw_trials(points: Sequence[TrialPoint], max_bytes: int | None) -> Figure:
    """Draw validation accuracy against the bytes of the int8 file, one shape for each length of training.

    Trials that stopped at different rungs were not trained equally long, so only equal shapes compare.

    Args:
        points: What `trial_series` gave.
        max_bytes: The device's limit, drawn as a line, or None.
    """
    figure, axes = _axes("Trials of the sweep", "int8 file, bytes", "validation accuracy, %")
    for nth, rung in enumerate(sorted({point.rung for point in points})):
        group = [point for point in points if point.rung == rung]
        style = {"color": PALETTE[nth % len(PALETTE)], "marker": MARKERS[nth % len(MARKERS)]}
        _scatter(axes, group, label=group[0].trained, **style)
    for point in (point for point in points if point.won):
        place = (point.size_bytes, point.accuracy)
        axes.annotate(f"winner, trial {point.number}", place, (0, 9), ha="center", textcoords="offset points")
    if max_bytes is not None:
        axes.axvline(max_bytes, color=INK, linestyle=":", linewidth=1.2, label="most the device takes")
    axes.margins(x=0.08, y=0.12)
    axes.xaxis.set_major_formatter(EngFormatter(sep=" "))
    axes.yaxis.set_major_formatter(_percent())
    _legend_below(figure, axes, columns=2)
    return figure


def _scatter(axes: Axes, points: Sequence[TrialPoint], **style: Any) -> None:
    axes.scatter([p.size_bytes for p in points], [p.accuracy for p in points], s=36, linewidths=0, **style)


def _axes(title: str, x_label: str, y_label: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(_WIDTH_INCHES, _HEIGHT_INCHES), layout="constrained")
    axes = figure.subplots()
    axes.set_title(title)
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    return figure, axes


def _percent() -> FuncFormatter:
    return FuncFormatter(lambda value, _: f"{100 * value:g}")


def _legend_below(figure: Figure, axes: Axes, columns: int) -> None:
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside lower left", ncols=columns)


def svg_text(figure: Figure, name: str, description: str) -> str:
    """Write a figure as SVG to stand inside an HTML page.

    Ids are fixed and begin with ``name``, nothing tells when or by what it was made, text is text in the page's font,
    and colours are the page's custom properties (``--ink``, ``--line``, ``--series-1`` ...): the page may be dark.

    Args:
        figure: The figure.
        name: Unique in the page; made of letters, digits and hyphens.
        description: What the figure shows, for those who do not see it.

    Returns:
        One ``<svg>`` element. The same figure gives the same text.
    """
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with matplotlib.rc_context(_STYLE):
        figure.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    text = buffer.getvalue()
    view = re.search(r'viewBox="[^"]*"', text)
    body = text[text.index(">", text.index("<svg")) + 1 :]
    about = f'role="img" aria-labelledby="{name}-alt" {view[0] if view else ""}'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {about}>'
    return f'{head}<title id="{name}-alt">{escape(description)}</title>{_slim(body, name)}'


def _slim(body: str, name: str) -> str:
    """Prefix ids with ``name``, drop those nobody points at, and leave font and colour to the page."""
    body = re.sub(r"<!--.*?-->", "", body, flags=re.DOTALL)
    body = re.sub(r"font-family: [^;\"]*(?:;\s*)?", "", body.replace("xlink:href", "href"))
    pointed = set(re.findall(r'(?:href="#|url\(#)([^")]+)', body))
    body = re.sub(r' id="([^"]*)"', lambda m: f' id="{name}-{m[1]}"' if m[1] in pointed else "", body)
    body = re.sub(r'(href="#|url\(#)', rf"\g<1>{name}-", body)
    for colour, ours in THEME.items():
        body = body.replace(colour, ours)
    body = re.sub(r'<style type="text/css">\*\{[^}]*\}</style>', "", body)
    body = re.sub(r' transform="rotate\(-0 [^"]*"', "", body)
    return re.sub(r"\s*\n\s*", " ", body).replace("> <", ">\n<").strip()
