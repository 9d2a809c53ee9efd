"""Figures as they stand in the page."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec

from markupsafe import Markup
from matplotlib.figure import Figure

from litesmith.report.svg import svg_text

Given = ParamSpec("Given")


@dataclass(frozen=True)
class Captioned:
    """A figure and what stands below it."""

    figure: Markup
    caption: str = ""


def drawn(
    name: str, description: str, draw: Callable[Given, Figure], *given: Given.args, **named: Given.kwargs
) -> Markup:
    """Draw a figure and return it as SVG.

    Args:
        name: Unique in the page; made of letters, digits and hyphens.
        description: What the figure shows, for those who do not see it.
        draw: What draws it.
        given: What ``draw`` is given.
        named: What it is given by name.
    """
    return Markup(svg_text(draw(*given, **named), name, description))
