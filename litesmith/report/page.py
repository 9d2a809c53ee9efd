"""Put the page together: what was recorded, what follows from it, the figures, the template."""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from litesmith.report import compression, data, errors, provenance, sweep, tables, training
from litesmith.report.formats import FILTERS
from litesmith.report.inputs import Records, ReportInputs
from litesmith.report.records import Absent
from litesmith.report.verdict import budget, compared, judge

_FOLDER = Path(__file__).parent
_SECTIONS = (data, training, sweep, compression, errors, provenance)


def render(inputs: ReportInputs) -> str:
    """Return the page as one HTML document that needs nothing from elsewhere.

    It shows what its inputs hold and nothing else, so the same inputs give the same bytes. A value that an input should
    hold and does not is marked where it would stand, and named at the end of the page with its reason.
    """
    records = Records(inputs)
    template = _environment().get_template("page.html.j2")
    style = Markup((_FOLDER / "page.css").read_text())
    text = template.render(
        style=style, records=records, inputs=inputs, **_judged(records, inputs), **_shown(records, inputs)
    )
    return text.strip() + "\n"


@cache
def _environment() -> Environment:
    loader = FileSystemLoader(_FOLDER)
    environment = Environment(
        loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    environment.filters.update(FILTERS)
    environment.tests["absent"] = lambda value: isinstance(value, Absent)
    return environment


def _judged(records: Records, inputs: ReportInputs) -> dict[str, Any]:
    """Return the verdict and what stands beside it."""
    difference = compared(inputs.predictions, records.final)
    lines = budget(records, inputs.limits)
    return {
        "verdict": judge(records, difference, lines),
        "headline": tables.headline(records, difference),
        "budget": lines,
        "final": records.final,
    }


def _shown(records: Records, inputs: ReportInputs) -> dict[str, Any]:
    """Return what the sections show besides what was recorded."""
    values = {"drawn": records["validate"]["dataset"]["drawn"]}
    for section in _SECTIONS:
        values |= section.shown(records, inputs)
    return values
