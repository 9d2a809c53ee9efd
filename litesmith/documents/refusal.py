"""Why data were refused or left out: pages, and a text."""

from collections.abc import Sequence

import numpy as np

from litesmith.data.quality.result import Checked, picked, suggestion
from litesmith.data.quality.rules import Finding
from litesmith.data.quality.verdicts import BatchVerdict, Verdicts, explain
from litesmith.data.thumbnails import png_base64
from litesmith.documents.chapters import Chapter, Kept, Occasion, Thumbnail, render_page
from litesmith.documents.fixes import TOLD
from litesmith.documents.observed import foreign_rows, observed, part_rows
from litesmith.records.validate import DatasetName
from litesmith.wording import run_options

_MAX_THUMBNAILS = 48
# Of a rule on the page of a refusal: one that stops the run, and another.
_MAX_SHOWN, _MAX_OF_OTHERS = 24, 8
_MAX_ON_PAGE = 500
_MAX_IN_TEXT = 20
_SEVERITIES = {
    "critical": "stops the run",
    "quarantine": "leaves out what breaks it",
    "warning": "stops nothing",
}
_UNTOUCHED = "Nothing was trained, and the model in service stays."
# Rules that ask whether labels fit their images.
_ABOUT_LABELS = ("test_labels", "test_label_loss", "label_noise", "label_loss", "label_doubts")


def failures(checked: Checked, data: str | None = None) -> list[Chapter]:
    """Return the failed findings as the page shows them, the critical ones first."""
    failed = [finding for finding in checked.findings if not finding.success]
    ordered = sorted(failed, key=lambda one: not one.blocks)
    return [_chapter(checked, finding, data) for finding in ordered]


def _chapter(checked: Checked, finding: Finding, data: str | None) -> Chapter:
    told = TOLD.get(finding.name)
    facts = [("Expected", finding.expected), ("Observed", observed(checked, finding))]
    if told:
        facts.append(("Fix", told.fix_of(data)))
    rows = [row for row in finding.rows if row.row is not None]
    return Chapter(
        title=told.title if told else finding.name,
        kind=finding.severity,
        note=f"{finding.name}, {_SEVERITIES[finding.severity]}",
        facts=tuple(facts),
        thumbnails=_thumbnails(checked.verdicts, finding),
        rows=f"Images that fail: {len(rows)}" if rows else "",
        listed=tuple(str(offender) for offender in rows[:_MAX_ON_PAGE]),
        num_more=max(len(rows) - _MAX_ON_PAGE, 0),
    )


def kept(checked: Checked) -> list[Kept]:
    """Return the findings of rules that hold."""
    return [
        Kept(
            TOLD[finding.name].passed if finding.name in TOLD else "",
            finding.name,
            observed(checked, finding),
        )
        for finding in checked.findings
        if finding.success
    ]


def render_refusal(dataset: DatasetName, checked: Checked, occasion: Occasion, data: str | None) -> str:
    """Return a page about refused data, with what passed as well.

    Commands on it are for the data set ``data``, None for the project's own.
    """
    title, shown = f"{dataset.name} was refused", failures(checked, data)
    reasons = [chapter.title.lower() for chapter in shown if chapter.kind == "critical"]
    what = (
        f"What stops the run: {'; '.join(reasons)}. Nothing was trained, and the model in service stays."
    )
    return render_page(
        dataset, title, what, shown, occasion=occasion, kept=kept(checked), back=_back(occasion)
    )


def render_unreadable(dataset: DatasetName, trouble: str, occasion: Occasion) -> str:
    """Return a page about data that cannot be read; ``trouble`` is why."""
    title = f"{dataset.name} was refused"
    return render_page(dataset, title, _UNTOUCHED, (), trouble, occasion=occasion, back=_back(occasion))


def _back(occasion: Occasion) -> tuple[str, ...]:
    return (
        f"Once the data or the thresholds are mended, `{occasion.again}` goes on from here.",
        "To go back to the images as they were, put the former files of the base back (`git diff "
        "datasets/` shows a change of its description), or the first batch where there is no base, and "
        "run the same command: what was computed from those images comes from DVC's cache.",
    )


def render_quarantine(dataset: DatasetName, checked: Checked, data: str | None) -> str:
    """Return a page about batches and images that are left out.

    Commands on it are for the data set ``data``, None for the project's own.
    """
    verdicts = checked.verdicts
    held = [batch for batch in verdicts.batches if batch.broken]
    chapters = [_held_batch(batch, verdicts) for batch in held]
    chapters += _left_out(verdicts)
    if len(verdicts.intake.unreadable):
        chapters.append(_unreadable(verdicts))
    intro = "Nothing is left out."
    if chapters:
        command = f'python -m tasks accept BATCH --why "..."{run_options(data)}'
        intro = (
            "What is left out stays where it was dropped. A batch comes in when it is mended under a "
            f"new name, or when a person accepts it: `{command}`."
        )
    return render_page(dataset, f"What is left out of {dataset.name}", intro, chapters)


def render_text(findings: Sequence[Finding]) -> str:
    """Return one line for each finding that blocks: rule, expectation, offending images."""
    return "\n".join(_line(finding) for finding in findings if finding.blocks)


def _line(finding: Finding) -> str:
    listed = ", ".join(str(offender) for offender in finding.rows[:_MAX_IN_TEXT])
    more = len(finding.rows) - _MAX_IN_TEXT
    rows = f"{listed}, and {more} more" if more > 0 else listed
    return f"{finding.name}: expected {finding.expected}; got {rows or finding.observed}"


def _thumbnails(verdicts: Verdicts, finding: Finding) -> tuple[Thumbnail, ...]:
    """Return images that show what breaks a rule; of copies both."""
    rows = [offender.row for offender in finding.rows if offender.row is not None]
    most = _MAX_SHOWN if finding.blocks else _MAX_OF_OTHERS
    if rows:
        values = {offender.row: str(offender) for offender in finding.rows}
        return tuple(_thumbnail(verdicts, row, values[row]) for row in _once(verdicts, rows)[:most])
    places = [offender.where for offender in finding.rows]
    reasons = {row: reason for row, _, reason in verdicts.faults()}
    shown = [row for place in places for row in _rows_behind(verdicts, finding.name, place)]
    return tuple(
        _thumbnail(verdicts, row, _caption(verdicts, row, reasons.get(row))) for row in shown[:most]
    )


def _once(verdicts: Verdicts, rows: Sequence[int]) -> list[int]:
    """Return rows without those that are shown beside an earlier one."""
    first: dict[frozenset[int | None], int] = {}
    for row in rows:
        first.setdefault(frozenset({row, verdicts.copied(row)}), row)
    return list(first.values())


def _rows_behind(verdicts: Verdicts, rule: str, place: str) -> list[int]:
    """Return the images that make a part or a batch break a rule."""
    if rule == "foreign_labels":
        return list(foreign_rows(verdicts, place))
    if rule == "images_left_out":
        own = part_rows(verdicts, place)
        return [row for row, _, _ in verdicts.first.faults if row in own]
    if rule in _ABOUT_LABELS:
        spans = verdicts.intake.spans()
        span = spans.get(place)
        rows = np.array(
            sorted(part_rows(verdicts, place)) if span is None else range(span.start, span.stop)
        )
        given, named = verdicts.intake.labels[rows], verdicts.suggestions.labels[rows]
        doubted = rows[(given >= 0) & (named != given)]
        order = np.argsort(-verdicts.suggestions.margins[doubted], kind="stable")
        ranked: list[int] = doubted[order].tolist()
        return ranked
    return []


def _caption(verdicts: Verdicts, row: int, reason: str | None) -> str:
    words = f"{verdicts.intake.where(row)}: {verdicts.intake.label_name(row)}"
    return (
        words if verdicts.intake.labels[row] < 0 else f"{words}; {reason or suggestion(verdicts, row)}"
    )


def _thumbnail(verdicts: Verdicts, row: int, caption: str) -> Thumbnail:
    """Return an image, and beside it the one that it is a copy of."""
    intake, other = verdicts.intake, verdicts.copied(row)
    image = png_base64(np.asarray(intake.images[row]))
    if other is None:
        return Thumbnail(image, caption)
    beside = f"{intake.where(other)}: {intake.label_name(other)}"
    own = f"{caption}; label {intake.label_name(row)}"
    return Thumbnail(image, own, Thumbnail(png_base64(np.asarray(intake.images[other])), beside))


def _held_batch(batch: BatchVerdict, verdicts: Verdicts) -> Chapter:
    """Return a batch with images that tell why, and some of all."""
    intake, part = verdicts.intake, batch.parts[0]
    span = intake.spans()[batch.name]
    rows = np.arange(span.start, span.stop)
    shown: list[int] = []
    if any(rule.name.startswith("label") for rule in batch.broken):
        doubted = rows[verdicts.suggestions.labels[span] != intake.labels[span]]
        order = np.argsort(-verdicts.suggestions.margins[doubted], kind="stable")
        shown = doubted[order][: _MAX_THUMBNAILS // 2].tolist()
    reasons = dict.fromkeys(rows.tolist(), "")
    reasons |= {row: suggestion(verdicts, row) for row in shown}
    others = np.setdiff1d(rows, shown)
    spread = others[:: max(1, len(others) * 2 // _MAX_THUMBNAILS)][: _MAX_THUMBNAILS // 2].tolist()
    shown += spread
    counts = zip(intake.form.class_names, part.content.counts.tolist(), strict=True)
    return Chapter(
        title=f"Batch {batch.name}",
        kind="quarantine" if batch.state == "quarantined" else "warning",
        note=f"{batch.state}, {part.num_rows} images",
        facts=(
            *(("Reason", reason) for reason in explain(batch, intake.form.class_names)),
            ("Rules", ", ".join(rule.name for rule in batch.broken)),
            ("Images by class", ", ".join(f"{name} {num}" for name, num in counts)),
        ),
        thumbnails=tuple(
            Thumbnail(one.image, ": ".join(filter(None, (one.file, one.name, one.reason))))
            for one in picked(verdicts, shown, [reasons[row] for row in shown])
        ),
    )


def _left_out(verdicts: Verdicts) -> list[Chapter]:
    """Return the images that are left out, by kind of fault."""
    faults = list(verdicts.faults())
    chapters = []
    for kind in dict.fromkeys(kind for _, kind, _ in faults):
        own = [(row, reason) for row, of, reason in faults if of == kind]
        shown = picked(verdicts, *zip(*own[:_MAX_THUMBNAILS], strict=True))
        listed = [f"{verdicts.intake.where(row)} ({reason})" for row, reason in own[:_MAX_ON_PAGE]]
        chapters.append(
            Chapter(
                title=f"Images: {kind}",
                kind="quarantine",
                thumbnails=tuple(
                    _thumbnail(verdicts, one.row, f"{one.file}: {one.name}: {one.reason}")
                    for one in shown
                ),
                rows=f"Images: {len(own)}",
                listed=tuple(listed),
                num_more=max(len(own) - _MAX_ON_PAGE, 0),
            )
        )
    return chapters


def _unreadable(verdicts: Verdicts) -> Chapter:
    table = verdicts.intake.unreadable
    lines = (table.batch + "/" + table.file + " (" + table.reason + ")").tolist()
    return Chapter(
        title="Files that cannot be read",
        kind="quarantine",
        rows=f"Files: {len(lines)}",
        listed=tuple(lines[:_MAX_ON_PAGE]),
        num_more=max(len(lines) - _MAX_ON_PAGE, 0),
    )
