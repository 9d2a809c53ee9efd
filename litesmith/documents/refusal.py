"""Show why data was refused: one page that needs no network, and one text for the terminal."""

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
    """An image as a data URI, and what is said below it."""

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
    """Return what the page shows of each failed finding, the critical ones first.

    Args:
        findings: Of all rules.
        raw: Where the thumbnails come from.
    """
    failed = sorted((one for one in findings if not one.success), key=lambda one: not one.blocks)
    return [
        Failure(
            one,
            [str(offender) for offender in one.rows[:_MAX_ON_PAGE]],
            max(len(one.rows) - _MAX_ON_PAGE, 0),
            _thumbnails(one.rows, raw),
        )
        for one in failed
    ]


def render_page(dataset: str, synthetic: bool, shown: Sequence[Failure] = (), trouble: str = "") -> str:
    """Return a self-contained HTML page.

    Args:
        dataset: The data set's name.
        synthetic: Whether the images are drawn, which the page then says.
        shown: What failed.
        trouble: Why the files cannot be read, where they cannot.
    """
    page = templates().get_template("documents/refusal.html.j2")
    text = page.render(dataset=dataset, synthetic=synthetic, failures=shown, trouble=trouble)
    return text.strip() + "\n"


def render_text(findings: Sequence[Finding]) -> str:
    """Return one line for each finding that blocks: rule, expectation, offending indices."""
    return "\n".join(_line(one) for one in findings if one.blocks)


def _line(one: Finding) -> str:
    listed = ", ".join(str(offender) for offender in one.rows[:_MAX_IN_TEXT])
    more = len(one.rows) - _MAX_IN_TEXT
    rows = f"{listed}, and {more} more" if more > 0 else listed
    return f"{one.name}: expected {one.expected}; got {rows or one.observed}"


def _thumbnails(offenders: Sequence[Offender], raw: RawSet) -> list[Thumbnail]:
    return [
        Thumbnail(f"data:image/png;base64,{png_base64(raw[one.file].images[one.index])}", str(one))
        for one in offenders[:_MAX_THUMBNAILS]
        if one.index is not None
    ]
