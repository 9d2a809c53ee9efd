"""The report: the page, its numbers for machines, the model card."""

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from litesmith.documents.templates import page_style, templates
from litesmith.records.provenance import Making
from litesmith.records.summary import Summary, Verdict
from litesmith.records.validate import DatasetName
from litesmith.report.answers import Answers, answers
from litesmith.report.budget import budget
from litesmith.report.facts import known_facts
from litesmith.report.inputs import ReportInputs
from litesmith.report.model_card import render_card
from litesmith.report.provenance import made
from litesmith.report.reference import since_reference
from litesmith.report.section import Section
from litesmith.report.sections.changed.section import SECTION as CHANGED
from litesmith.report.sections.compression.section import SECTION as COMPRESSION
from litesmith.report.sections.conversion.section import SECTION as CONVERSION
from litesmith.report.sections.data.section import SECTION as DATA
from litesmith.report.sections.decision.section import SECTION as DECISION
from litesmith.report.sections.device.section import SECTION as DEVICE
from litesmith.report.sections.errors.section import SECTION as ERRORS
from litesmith.report.sections.glossary.section import SECTION as GLOSSARY
from litesmith.report.sections.headline.section import SECTION as HEADLINE
from litesmith.report.sections.network.section import SECTION as NETWORK
from litesmith.report.sections.provenance.section import SECTION as PROVENANCE
from litesmith.report.sections.since.section import SECTION as SINCE
from litesmith.report.sections.sweep.section import SECTION as SWEEP
from litesmith.report.sections.training.section import SECTION as TRAINING
from litesmith.report.sections.variants.section import SECTION as VARIANTS
from litesmith.report.summary import summarize
from litesmith.report.verdict import verdict_on

SECTIONS = (
    HEADLINE,
    DECISION,
    SINCE,
    CHANGED,
    DEVICE,
    NETWORK,
    ERRORS,
    VARIANTS,
    CONVERSION,
    COMPRESSION,
    SWEEP,
    TRAINING,
    DATA,
    PROVENANCE,
    GLOSSARY,
)
"""The sections in their order: what is decided, how good it is, how it came about."""


@dataclass(frozen=True)
class Report:
    """A self-contained HTML page, its numbers, and the model card in Markdown."""

    page: str
    summary: Summary
    card: str


@dataclass(frozen=True)
class Script:
    """A script, and the hash in the page's Content-Security-Policy."""

    text: Markup
    hash: str


@dataclass(frozen=True)
class Page:
    """What the template shows: sections as HTML, and their frame.

    Attributes:
        device: Key of the device.
        made: When, by which run and from which sources the decision was made; None if not recorded.
    """

    dataset: DatasetName
    device: str
    made: Making | None
    verdict: Verdict
    answers: Answers
    sections: tuple[tuple[Section, Markup], ...]
    style: Markup
    script: Script
    summary: Markup


def make_report(inputs: ReportInputs) -> Report:
    """Return page, summary and model card; equal inputs give equal bytes."""
    since = since_reference(inputs)
    verdict, facts = verdict_on(inputs), known_facts(inputs, budget(inputs), since)
    summary = summarize(inputs, verdict, facts, since)
    page = Page(
        dataset=inputs.results.validate.dataset,
        device=inputs.decision.device,
        made=made(inputs.provenance),
        verdict=verdict,
        answers=answers(inputs, since),
        sections=tuple((section, section.render(inputs)) for section in SECTIONS),
        style=Markup(page_style()),
        script=_script(),
        summary=script_text(summary),
    )
    text = templates().get_template("report/page.html.j2").render(page=page)
    # A browser breaks lines at the thin space between thousands, not at the narrow one.
    text = text.strip().replace("\u2009", "\u202f") + "\n"
    return Report(text, summary, render_card(inputs, verdict))


def script_text(summary: Summary) -> Markup:
    """Write a summary as JSON that cannot end a ``<script>`` element."""
    content = summary.model_dump(mode="json")
    return htmlsafe_json_dumps(content, separators=(",", ":"), allow_nan=False)


@cache
def _script() -> Script:
    text = "\n" + Path(__file__).with_name("page.js").read_text(encoding="utf-8")
    digest = hashlib.sha256(text.encode()).digest()
    return Script(Markup(text), base64.b64encode(digest).decode())
