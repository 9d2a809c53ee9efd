"""Put the report together: what was recorded, what follows from it, the page, its summary, the model card."""

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from litesmith.documents.formats import FILTERS
from litesmith.report import model_card
from litesmith.report.difference import compared
from litesmith.report.inputs import Records, ReportInputs
from litesmith.report.records import Absent, Incomparable, Record
from litesmith.report.reference import since
from litesmith.report.sections.compression import section as compression
from litesmith.report.sections.data import section as data
from litesmith.report.sections.errors import section as errors
from litesmith.report.sections.headline import section as tables
from litesmith.report.sections.provenance import section as provenance
from litesmith.report.sections.sweep import section as sweep
from litesmith.report.sections.training import section as training
from litesmith.report.summary import facts, script_text, summary
from litesmith.report.verdict import budget, judge, measured_files, reference_command

_FOLDER = Path(__file__).parent
_SECTIONS = (data, training, sweep, compression, errors, provenance)


@dataclass(frozen=True)
class Report:
    """What a report leaves.

    Args:
        page: An HTML document that needs nothing from elsewhere.
        summary: All its numbers, as `summary.schema.json` says.
        card: The model card, in Markdown.
    """

    page: str
    summary: Mapping[str, Any]
    card: str


def make_report(inputs: ReportInputs) -> Report:
    """Return the page, its summary and the model card.

    They show what their inputs hold and nothing else, so the same inputs give the same bytes. A value that an input
    should hold and does not is marked where it would stand, with the number of its reason at the end of the page.
    """
    records = Records(inputs)
    judged, content = _judged(records, inputs)
    shown = _shown(records, inputs)
    page = _environment().get_template("page.html.j2")
    text = page.render(
        records=records,
        inputs=inputs,
        style=_style(),
        script=_script(),
        summary=script_text(content),
        **judged,
        **shown,
    )
    # A browser breaks lines at the thin space between thousands, and does not at the narrow one that is no-break.
    text = text.strip().replace("\u2009", "\u202f") + "\n"
    return Report(text, content, model_card.render(records, content))


def _style() -> Markup:
    return Markup((_FOLDER / "page.css").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Script:
    """A script and the hash by which the page's policy admits it, and no other."""

    text: Markup
    hash: str


@cache
def _script() -> Script:
    text = "\n" + (_FOLDER / "page.js").read_text(encoding="utf-8")
    return Script(Markup(text), base64.b64encode(hashlib.sha256(text.encode()).digest()).decode())


@cache
def _environment() -> Environment:
    loader = FileSystemLoader(_FOLDER)
    environment = Environment(
        loader=loader,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        finalize=_marked,
    )
    environment.filters.update(FILTERS)
    environment.tests["absent"] = lambda value: isinstance(value, Absent)
    environment.tests["incomparable"] = lambda value: isinstance(value, Incomparable)
    return environment


@pass_context
def _marked(context: Context, value: Any) -> Any:
    """Give an absent value its mark, so that no reason stands in a tooltip alone; leave any other as it is."""
    return context["records"].mark(value) if isinstance(value, Absent) else value


def _judged(records: Records, inputs: ReportInputs) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the verdict with what stands beside it, and the summary of the whole report."""
    base = facts(records, inputs, _derived(records, inputs))
    changed = since(
        Record(base, "the summary of this run", {}), records.reference, inputs.reference_file
    )
    difference = compared(inputs.predictions, records.final)
    lines = budget(records, inputs.limits)
    verdict = judge(records, difference, lines, changed)
    judged = {
        "verdict": verdict,
        "headline": tables.headline(records, difference, changed),
        "budget": lines,
        "measured_files": measured_files,
        "since": changed,
        "reference_command": reference_command(records),
        "final": records.final,
        "drawn": records["validate"]["dataset"]["drawn"],
    }
    return judged, summary(base, verdict, difference, lines, changed)


def _shown(records: Records, inputs: ReportInputs) -> dict[str, Any]:
    """Return what the sections show besides what was recorded."""
    values: dict[str, Any] = {}
    for section in _SECTIONS:
        values |= section.shown(records, inputs)
    return values


def _derived(records: Records, inputs: ReportInputs) -> dict[str, Any]:
    """Return the numbers that sections worked out, by section: those that have a function ``numbers`` for them."""
    derived = {}
    for section in _SECTIONS:
        numbers: Callable[[Records, ReportInputs], dict[str, Any]] | None = getattr(
            section, "numbers", None
        )
        if numbers is not None:
            derived[section.__name__.split(".")[-2]] = numbers(records, inputs)
    return derived
