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

Options = ParamSpec("Options")


@dataclass(frozen=True)
class Captioned:
    """A figure and what stands below it."""

    figure: Markup
    caption: str = ""


def drawn(
    name: str,
    description: str,
    draw: Callable[Options, Figure],
    *args: Options.args,
    **kwargs: Options.kwargs,
) -> Markup:
    """Return the figure that ``draw`` draws as SVG; the rest as in `litesmith.report.svg.svg_text`."""
    return Markup(svg_text(draw(*args, **kwargs), name, description))


def png_uri(image: NDArray[np.uint8]) -> str:
    """Return an image, uint8 (height, width, channels), as a PNG data URI."""
    grey_or_colour = image[..., 0] if image.shape[2] == 1 else image
    buffer = io.BytesIO()
    Image.fromarray(grey_or_colour).save(buffer, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
