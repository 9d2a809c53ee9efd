"""Pages in chapters, about what was refused or left out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from litesmith.documents.templates import page_style, templates
from litesmith.records.validate import DatasetName, RuleResult
from litesmith.wording import run_options


@dataclass(frozen=True)
class Thumbnail:
    """An image as PNG in Base64 with a caption; maybe a pair."""

    image: str
    caption: str
    other: "Thumbnail | None" = None


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


@dataclass(frozen=True)
class Occasion:
    """When and by what a page was made.

    Attributes:
        when: Local time, with its distance from UTC.
        run: Id of the run that ordered it; None for a step that was run by hand.
        again: The command that was run, for the next try.
    """

    when: datetime
    run: str | None
    again: str


@dataclass(frozen=True)
class Kept:
    """A rule that holds: what is right, its name, and what was seen."""

    text: str
    name: str
    observed: str


def render_page(
    dataset: DatasetName,
    title: str,
    intro: str,
    chapters: Sequence[Chapter],
    trouble: str = "",
    *,
    occasion: Occasion | None = None,
    kept: Sequence[Kept] = (),
    back: Sequence[str] = (),
) -> str:
    """Return a page of chapters.

    Args:
        dataset: What it is about.
        title: Its heading.
        intro: A paragraph below that, with code between backticks.
        chapters: Its parts.
        trouble: Why data cannot be read; empty if they can.
        occasion: When it was made; None for a page that is the output of a step.
        kept: What was found to be right.
        back: What to do next and how to go back, a paragraph each.
    """
    page = templates().get_template("documents/refusal.html.j2")
    text = page.render(
        style=Markup(page_style()),
        title=title,
        intro=intro,
        synthetic=dataset.synthetic,
        chapters=chapters,
        trouble=trouble,
        occasion=occasion,
        kept=kept,
        back=back,
    )
    return text.strip() + "\n"


def render_invalid(
    dataset: DatasetName,
    reason: str,
    occasion: Occasion,
    rules: Sequence[RuleResult] = (),
    data: str | None = None,
) -> str:
    """Return a page about a run whose final file cannot be judged.

    Args:
        dataset: What the file was made of.
        reason: Why it cannot be judged, and how to mend that.
        occasion: When it was tried.
        rules: What validation found in the images.
        data: The data set that commands are for; None for the project's own.
    """
    what = "This says nothing of the model: no decision was recorded, and the next run judges again. "
    what += "The version in service stays."
    chapter = Chapter(title="Why", kind="critical", facts=(("Reason and remedy", reason),))
    return render_page(
        dataset,
        f"{dataset.name}: the final file cannot be judged",
        what,
        [chapter],
        occasion=occasion,
        kept=[Kept("", rule.name, rule.observed) for rule in rules if rule.success],
        back=(
            f"Once the cause is removed, `{occasion.again}` judges again. All steps before are done and "
            "are not run again.",
            f"`python -m tasks releases{run_options(data)}` shows what is in service. Nothing has to be "
            "taken back.",
        ),
    )
