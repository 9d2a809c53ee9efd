"""The style of all figures, and their SVG for a page."""

import io
import re
from collections.abc import Sequence
from typing import Any

import matplotlib
from markupsafe import escape
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from litesmith.analysis.intervals import Estimate

INK = "#1b1d21"
FAINT = "#c3c7cf"

# Okabe and Ito's colours, which people with any of the common colour deficiencies tell apart
# (https://jfly.uni-koeln.de/color/). Lines and points differ in dash and shape as well.
PALETTE = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
MARKERS = ("o", "s", "^", "D", "v", "P")

# A page replaces these colours by its own, light or dark.
THEME = {colour: f"var(--series-{n})" for n, colour in enumerate(PALETTE, 1)}
THEME |= {INK: "var(--ink)", FAINT: "var(--line)"}

# Narrow, so that letters are still read on a screen of 390 px.
WIDTH_INCHES = 5.4
HEIGHT_INCHES = 3.9

STYLE: Any = {
    # A user's matplotlibrc, in the home folder or the current one, changes no page.
    **{name: value for name, value in matplotlib.rcParamsDefault.items() if name != "backend"},
    "svg.fonttype": "none",  # text stays text: small, searchable, in the page's own font
    "svg.hashsalt": "litesmith",
    "svg.id": None,
    "figure.facecolor": "none",
    "figure.edgecolor": "none",
    "axes.facecolor": "none",
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

# The horizontal figures, whose rows are things with names.
ROWS_STYLE: Any = {**STYLE, "axes.grid.axis": "x", "ytick.major.size": 0}


def one_axes(
    title: str, x_label: str, y_label: str, height_inches: float = HEIGHT_INCHES
) -> tuple[Figure, Axes]:
    """Return a new figure with one pair of axes."""
    figure = Figure(figsize=(WIDTH_INCHES, height_inches), layout="constrained")
    axes = figure.subplots()
    axes.set(title=title, xlabel=x_label, ylabel=y_label)
    return figure, axes


def name_rows(axes: Axes, names: Sequence[str]) -> None:
    """Name the rows of the vertical axis, the first on top."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)


def draw_interval(axes: Axes, estimate: Estimate, row: int, colour: str) -> None:
    """Draw an estimate as a dot with a line for its interval."""
    axes.plot([estimate.low, estimate.high], [row, row], color=colour, linewidth=1.6)
    axes.plot([estimate.value], [row], color=colour, marker="o", markersize=6)


def percent_ticks() -> FuncFormatter:
    """Return a formatter that labels fractions in percent."""
    return FuncFormatter(lambda value, _: f"{100 * value:.6g}")


def legend_below(figure: Figure, axes: Axes, columns: int = 2) -> None:
    """Put the legend of ``axes`` below the figure."""
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside lower left", ncols=columns)


def svg_text(figure: Figure, name: str, description: str) -> str:
    """Return a figure as one ``<svg>`` element for an HTML page.

    The same figure gives the same text: ids are fixed and begin with ``name``, and no date is in it.
    Text is text in the page's font, and colours are the page's custom properties (``--ink``,
    ``--line``, ``--series-1`` ...): the page may be dark.
    The name is unique in the page, of letters, digits and hyphens. The description is for those who do
    not see the figure.
    """
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with matplotlib.rc_context(STYLE):
        # `savefig` draws twice where there is a layout to work out: once for that, and once more.
        FigureCanvasSVG(figure).print_svg(buffer, metadata=nothing)  # type: ignore[no-untyped-call]
    text = buffer.getvalue()
    view = re.search(r'viewBox="[^"]*"', text)
    body = text[text.index(">", text.index("<svg")) + 1 :]
    about = f'role="img" aria-labelledby="{name}-alt" {view[0] if view else ""}'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {about}>'
    return f'{head}<title id="{name}-alt">{escape(description)}</title>{_slim(body, name)}'


def _slim(body: str, name: str) -> str:
    """Prefix ids with ``name`` and leave font and colour to the page."""
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
