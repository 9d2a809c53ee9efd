"""Pages in chapters, about what was refused or left out."""

from collections.abc import Sequence
from dataclasses import dataclass

from litesmith.documents.templates import templates
from litesmith.records.validate import DatasetName


@dataclass(frozen=True)
class Thumbnail:
    """An image as PNG in Base64, and its caption."""

    image: str
    caption: str


@dataclass(frozen=True)
class Chapter:
    """A part of a page: what is wrong, with pictures.

    Attributes:
        title: Its heading.
        kind: ``critical``, ``quarantine`` or ``warning``.
        note: Behind the heading.
        facts: Terms and what is said of them.
        thumbnails: Pictures.
        rows: Heading of the list of rows.
        listed: Rows in words.
        num_more: Rows that are not listed.
    """

    title: str
    kind: str
    note: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    thumbnails: tuple[Thumbnail, ...] = ()
    rows: str = ""
    listed: tuple[str, ...] = ()
    num_more: int = 0


def render_page(
    dataset: DatasetName, title: str, intro: str, chapters: Sequence[Chapter], trouble: str = ""
) -> str:
    """Return a page of chapters; ``trouble`` is why data cannot be read."""
    page = templates().get_template("documents/refusal.html.j2")
    text = page.render(
        title=title, intro=intro, synthetic=dataset.synthetic, chapters=chapters, trouble=trouble
    )
    return text.strip() + "\n"


def render_invalid(dataset: DatasetName, reason: str) -> str:
    """Return a page about a run whose final file cannot be judged."""
    what = (
        "This says nothing of the model: no decision was recorded, and the next run judges again. The "
    )
    what += "version in service stays."
    chapter = Chapter(title="Why", kind="critical", facts=(("Reason", reason),))
    return render_page(dataset, f"{dataset.name}: the final file cannot be judged", what, [chapter])
