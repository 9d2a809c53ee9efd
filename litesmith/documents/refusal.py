"""Why data were refused: a self-contained page, and a text for the terminal."""

from collections.abc import Sequence
from dataclasses import dataclass

from litesmith.data.statistics import Finding, Offender, RawSet
from litesmith.data.thumbnails import png_base64
from litesmith.documents.templates import templates

_MAX_THUMBNAILS = 48
_MAX_ON_PAGE = 500
_MAX_IN_TEXT = 20


@dataclass(frozen=True)
class Thumbnail:
    """An image as a data URI, and its caption."""

    data_uri: str
    caption: str


@dataclass(frozen=True)
class Failure:
    """A finding as the page shows it."""

    finding: Finding
    listed: list[str]
    num_more: int
    thumbnails: list[Thumbnail]


def failures(findings: Sequence[Finding], raw: RawSet) -> list[Failure]:
    """Return the failed findings as the page shows them, the critical ones first."""
    failed = [finding for finding in findings if not finding.success]
    return [
        Failure(
            finding,
            [str(offender) for offender in finding.rows[:_MAX_ON_PAGE]],
            max(len(finding.rows) - _MAX_ON_PAGE, 0),
            _thumbnails(finding.rows, raw),
        )
        for finding in sorted(failed, key=lambda finding: not finding.blocks)
    ]


def render_page(dataset: str, synthetic: bool, shown: Sequence[Failure] = (), trouble: str = "") -> str:
    """Return a self-contained page; ``trouble`` is why files cannot be read."""
    page = templates().get_template("documents/refusal.html.j2")
    text = page.render(dataset=dataset, synthetic=synthetic, failures=shown, trouble=trouble)
    return text.strip() + "\n"


def render_text(findings: Sequence[Finding]) -> str:
    """Return one line for each finding that blocks: rule, expectation, offending indices."""
    return "\n".join(_line(finding) for finding in findings if finding.blocks)


def _line(finding: Finding) -> str:
    listed = ", ".join(str(offender) for offender in finding.rows[:_MAX_IN_TEXT])
    more = len(finding.rows) - _MAX_IN_TEXT
    rows = f"{listed}, and {more} more" if more > 0 else listed
    return f"{finding.name}: expected {finding.expected}; got {rows or finding.observed}"


def _thumbnails(offenders: Sequence[Offender], raw: RawSet) -> list[Thumbnail]:
    return [
        Thumbnail(f"data:image/png;base64,{png_base64(raw[row.file].images[row.index])}", str(row))
        for row in offenders[:_MAX_THUMBNAILS]
        if row.index is not None
    ]
