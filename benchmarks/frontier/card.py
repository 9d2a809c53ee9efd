"""The card of a published file of the frontier: description, figures, and how to score it."""

import inspect
from pathlib import Path
from typing import Any

from benchmarks import score
from litesmith.documents.templates import templates
from litesmith.tflite.metadata import path_beside
from litesmith.tflite.runtime import LiteModel


def render_card(file: Path, entry: dict[str, Any], figures: dict[str, Any]) -> str:
    """Return the card as Markdown.

    Args:
        file: The published ``.tflite`` file.
        entry: What was measured of it.
        figures: Of its budget, see `benchmarks.frontier.collecting.summary`.
    """
    model, template = LiteModel(file), templates(Path(__file__).parent).get_template("card.md.j2")
    return template.render(
        name=file.name,
        metadata=path_beside(file).name,
        entry=entry,
        figures=figures,
        num_seeds=figures["num_seeds"] + len(figures["missing_seeds"]),
        input=model.input,
        end=model.output,
        code=inspect.getsource(score.score).strip(),
        official=score.OFFICIAL,
        sign=_sign,
    )


def _sign(value: int | None) -> str:
    """Write a zero point as what is added, or taken off if it is negative."""
    return f"{'-' if (value or 0) < 0 else '+'} {abs(value or 0)}"
