"""Why data were refused or left out: pages, and a text."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from litesmith.data.quality.result import Checked, picked, suggestion
from litesmith.data.quality.rules import Finding, Offender
from litesmith.data.quality.verdicts import BatchVerdict, Verdicts, explain
from litesmith.data.thumbnails import png_base64
from litesmith.documents.chapters import Chapter, Thumbnail, render_page
from litesmith.records.validate import DatasetName

_MAX_THUMBNAILS = 48
_MAX_ON_PAGE = 500
_MAX_IN_TEXT = 20


def failures(findings: Sequence[Finding], images: NDArray[np.uint8]) -> list[Chapter]:
    """Return the failed findings as the page shows them, the critical ones first.

    ``images`` are all images, uint8 (n, height, width, channels).
    """
    failed = [finding for finding in findings if not finding.success]
    return [
        Chapter(
            title=finding.name,
            kind=finding.severity,
            note=f"{finding.severity}, table {finding.table}",
            facts=(("Expected", finding.expected), ("Observed", finding.observed)),
            thumbnails=_thumbnails(finding.rows, images),
            rows=f"Rows that fail: {finding.num_unexpected}",
            listed=tuple(str(offender) for offender in finding.rows[:_MAX_ON_PAGE]),
            num_more=max(len(finding.rows) - _MAX_ON_PAGE, 0),
        )
        for finding in sorted(failed, key=lambda finding: not finding.blocks)
    ]


def render_refusal(dataset: DatasetName, shown: Sequence[Chapter] = (), trouble: str = "") -> str:
    """Return a page about refused data; ``trouble`` is why they cannot be read."""
    what = "Nothing was trained. Correct the data, or the thresholds in the section validate of "
    what += "params.yaml, of the data set's file or of the run's profile, and run again."
    title = f"{dataset.name} was refused"
    return render_page(dataset, title, "" if trouble else what, shown, trouble)


def render_quarantine(dataset: DatasetName, checked: Checked) -> str:
    """Return a page about batches and images that are left out."""
    verdicts = checked.verdicts
    held = [batch for batch in verdicts.batches if batch.broken]
    chapters = [_held_batch(batch, verdicts) for batch in held]
    chapters += _left_out(verdicts)
    if len(verdicts.intake.unreadable):
        chapters.append(_unreadable(verdicts))
    intro = "Nothing is left out."
    if chapters:
        intro = (
            "What is left out stays where it was dropped. A batch comes in when it is mended under a "
        )
        intro += 'new name, or when a person accepts it: python -m tasks accept BATCH --why "...".'
    return render_page(dataset, f"What is left out of {dataset.name}", intro, chapters)


def render_text(findings: Sequence[Finding]) -> str:
    """Return one line for each finding that blocks: rule, expectation, offending images."""
    return "\n".join(_line(finding) for finding in findings if finding.blocks)


def _line(finding: Finding) -> str:
    listed = ", ".join(str(offender) for offender in finding.rows[:_MAX_IN_TEXT])
    more = len(finding.rows) - _MAX_IN_TEXT
    rows = f"{listed}, and {more} more" if more > 0 else listed
    return f"{finding.name}: expected {finding.expected}; got {rows or finding.observed}"


def _thumbnails(offenders: Sequence[Offender], images: NDArray[np.uint8]) -> tuple[Thumbnail, ...]:
    return tuple(
        Thumbnail(png_base64(np.asarray(images[row.row])), str(row))
        for row in offenders[:_MAX_THUMBNAILS]
        if row.row is not None
    )


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
                    Thumbnail(one.image, f"{one.file}: {one.name}: {one.reason}") for one in shown
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
