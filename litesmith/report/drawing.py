"""Figures and images as they stand in the page."""

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec

import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

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
        name: Unique in the page; of letters, digits and hyphens.
        description: What the figure shows, for those who do not see it.
        draw: Draws it from ``given`` and ``named``.
    """
    return Markup(svg_text(draw(*given, **named), name, description))


def png_uri(image: NDArray[np.uint8]) -> str:
    """Return a uint8 (height, width) image, inverted, as a PNG data URI."""
    buffer = io.BytesIO()
    Image.fromarray(255 - image).save(buffer, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
