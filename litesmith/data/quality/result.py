"""The rules checked over all verdicts, and the record of what they found."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from litesmith.data.quality.expectations import LIBRARY, check
from litesmith.data.quality.faults import CONFLICT, COPY, GROUP, KNOWN
from litesmith.data.quality.intake import Intake
from litesmith.data.quality.rules import LABEL_RULE, Finding, batch_rules, image_rules, part_rules
from litesmith.data.quality.verdicts import State, Verdicts, explain
from litesmith.data.thumbnails import class_distances, odd_rows, png_base64, typical_rows
from litesmith.params.sections.validate import ValidateParams
from litesmith.records.validate import (
    BatchResult,
    ClassPicture,
    DatasetName,
    Left,
    Picked,
    Pictures,
    RawFiles,
    ValidateResult,
)


@dataclass(frozen=True)
class Checked:
    """Verdicts, and the findings of all rules on them."""

    verdicts: Verdicts
    findings: tuple[Finding, ...]

    @property
    def blocks(self) -> bool:
        """Whether a critical rule fails."""
        return any(finding.blocks for finding in self.findings)


def check_verdicts(verdicts: Verdicts, params: ValidateParams) -> Checked:
    """Check the tables of images, of batches and of the first batch's parts."""
    num_classes = verdicts.intake.form.num_classes
    images = check("images", images_table(verdicts), image_rules(num_classes, verdicts.min_ink_share))
    first, later = verdicts.first, verdicts.later
    batches = pd.DataFrame([batch.parts[0].values() for batch in later])
    batch_findings = check("batches", batches, batch_rules(params)) if later else []
    shares = [(verdicts.label_noise, verdicts.alike_share), (0.0, 0.0)]
    parts = pd.DataFrame([part.values(*own) for part, own in zip(first.parts, shares, strict=False)])
    part_findings = check(first.name, parts, part_rules(params))
    _require_same(verdicts, images, batch_findings)
    images = [_with_given_labels(finding, verdicts.intake) for finding in images]
    return Checked(verdicts, (*part_findings, *batch_findings, *images))


def _with_given_labels(finding: Finding, intake: Intake) -> Finding:
    """Return a finding that shows foreign labels as they were given."""
    if finding.name != LABEL_RULE:
        return finding
    rows = tuple(
        replace(row, value=f"label: {intake.label_name(row.row)}") if row.row is not None else row
        for row in finding.rows
    )
    listed = tuple(map(str, rows[: len(finding.offenders)]))
    return finding.model_copy(update={"rows": rows, "offenders": listed})


def images_table(verdicts: Verdicts) -> pd.DataFrame:
    """Return what the rules look at of each image.

    Those that are accepted though they break a rule, by hand or as test images, are not in it.

    Returns:
        ``where``, ``row``, ``label``, ``extent`` (brightest minus darkest value), ``ink_share``, and in
        ``known``, ``conflict``, ``group`` and ``copy`` the reason or nothing.
    """
    intake, measures = verdicts.intake, verdicts.measures
    table = pd.DataFrame(
        {
            "where": intake.rows.batch + "/" + intake.rows.file,
            "row": np.arange(len(intake)),
            "label": intake.labels,
            "extent": measures.extent.astype(np.int64),
            "ink_share": measures.column("ink share").astype(np.float64),
        }
    )
    faults = list(verdicts.faults())
    for column, kind in (("known", KNOWN), ("conflict", CONFLICT), ("group", GROUP), ("copy", COPY)):
        reasons = pd.Series({row: reason for row, of, reason in faults if of == kind}, dtype=object)
        table[column] = reasons.reindex(table.index, fill_value="").astype(object)
    faulty = np.isin(table.row, [row for row, _, _ in faults])
    odd = (table.label < 0) | (table.extent < 1) | (table.ink_share < verdicts.min_ink_share)
    return table[faulty | ~odd]


def validate_result(checked: Checked, dataset: DatasetName, params: ValidateParams) -> ValidateResult:
    """Return the record of verdicts."""
    verdicts = checked.verdicts
    lost = verdicts.left_out()
    return ValidateResult(
        passed=not checked.blocks,
        dataset=dataset,
        rules=checked.findings,
        batches=_batch_results(verdicts),
        left_out=tuple(Left(kind=kind, num_images=num) for kind, num in sorted(lost.items())),
        files=_files(verdicts),
        overlap=_overlap(verdicts),
        label_noise=round(verdicts.label_noise, 4),
        num_mislabelled=len(verdicts.mislabelled()),
        min_ink_share=round(verdicts.min_ink_share, 6),
        expectation_library=LIBRARY,
        thumbnails=_pictures(verdicts, params.max_thumbnails),
    )


def validate_metrics(result: ValidateResult) -> dict[str, object]:
    """Return the numbers to compare between runs."""
    failed = sum(not rule.success for rule in result.rules)
    files = {name: file.model_dump(exclude={"per_class"}) for name, file in result.files.items()}
    states = Counter(batch.state for batch in result.batches)
    return {
        **files,
        "batches": {state.replace(" ", "_"): states[state] for state in get_args(State)},
        "left_out": sum(left.num_images for left in result.left_out),
        "mislabelled": result.num_mislabelled,
        "label_noise": result.label_noise,
        "rules": {"passed": len(result.rules) - failed, "failed": failed},
    }


def picked(verdicts: Verdicts, rows: Sequence[int], reasons: Sequence[str]) -> tuple[Picked, ...]:
    """Return images with a reason and their pictures."""
    intake = verdicts.intake
    return tuple(
        Picked(
            file=intake.where(row),
            row=row,
            name=intake.label_name(row),
            reason=reason,
            image=png_base64(np.asarray(intake.images[row])),
        )
        for row, reason in zip(rows, reasons, strict=True)
    )


def suggestion(verdicts: Verdicts, row: int) -> str:
    """Return what the judge would have called an image, in words."""
    named, margin = verdicts.suggestions.labels[row], verdicts.suggestions.margins[row]
    name = verdicts.intake.form.class_names[named]
    return f"the judge says {name}, {100 * margin:.0f} points ahead"


def _require_same(verdicts: Verdicts, images: Sequence[Finding], batches: Sequence[Finding]) -> None:
    """Require that Great Expectations finds what the verdicts were made by."""
    broken = {(batch.name, rule.name) for batch in verdicts.batches for rule in batch.broken}
    found = {(row.where, finding.name) for finding in batches for row in finding.rows}
    faulty = {row for row, _, _ in verdicts.faults()}
    offending = {row.row for finding in images for row in finding.rows}
    assert broken == found and faulty == offending, "the rules and Great Expectations differ"


def _batch_results(verdicts: Verdicts) -> tuple[BatchResult, ...]:
    names = verdicts.intake.form.class_names
    batches = verdicts.intake.batches
    columns = batches.kind, batches.num_images, batches.num_unreadable
    return tuple(
        BatchResult(
            name=batch.name,
            kind=kind,
            state=batch.state,
            num_images=int(num_images),
            num_unreadable=int(num_unreadable),
            num_left_out=len(batch.faults.rows),
            reasons=explain(batch, names),
        )
        for batch, kind, num_images, num_unreadable in zip(verdicts.batches, *columns, strict=True)
    )


def _files(verdicts: Verdicts) -> dict[str, RawFiles]:
    """Describe parts of the first batch, and all later accepted images."""
    intake, first = verdicts.intake, verdicts.first
    span = intake.spans()[first.name]
    rows = np.arange(len(intake))
    tested = intake.rows.given.to_numpy(str) == "test"
    inside = rows < span.stop
    chosen = {part.name: inside & (tested == (part.name == "test")) for part in first.parts}
    if verdicts.later:
        chosen |= {"batches": ~inside & verdicts.accepted}
    kinds = np.full(len(intake), "", object)
    for row, kind, _ in verdicts.faults():
        kinds[row] = kind
    return {name: _file(verdicts, mask, kinds) for name, mask in chosen.items()}


def _file(verdicts: Verdicts, mask: NDArray[np.bool_], kinds: NDArray[np.object_]) -> RawFiles:
    intake, measures = verdicts.intake, verdicts.measures
    means = measures.column("brightness")[mask].astype(np.float64)
    squares = measures.column("contrast")[mask].astype(np.float64) ** 2 + means**2
    mean = float(means.mean()) if len(means) else 0.0
    variance = max(float(squares.mean()) - mean**2, 0.0) if len(means) else 0.0
    labels = intake.labels[mask]
    counts = np.bincount(labels[labels >= 0], minlength=intake.form.num_classes)
    return RawFiles(
        num_images=int(mask.sum()),
        mean=round(mean, 6),
        std=round(variance**0.5, 6),
        per_class=tuple(counts.tolist()),
        near_empty=int((measures.column("ink share")[mask] < verdicts.min_ink_share).sum()),
        duplicates=int(np.isin(kinds[mask].astype(str), (KNOWN, CONFLICT)).sum()),
    )


def _overlap(verdicts: Verdicts) -> int:
    """Count accepted test images that are also accepted elsewhere."""
    rows, test = verdicts.intake.rows, verdicts.places == "test"
    others = set(rows.digest[verdicts.accepted & ~test])
    return int(rows.digest[verdicts.accepted & test].isin(others).sum())


def _pictures(verdicts: Verdicts, most: int) -> Pictures:
    intake, labels = verdicts.intake, verdicts.intake.labels
    rows = np.flatnonzero(verdicts.accepted & (labels >= 0))
    distances = class_distances(intake.images, labels, rows, intake.form.num_classes)
    brightness = verdicts.measures.column("brightness")[rows]
    odd = odd_rows(labels, rows, distances, brightness, most)
    doubted = verdicts.mislabelled()[:most].tolist()
    lost = [(row, reason) for row, _, reason in verdicts.faults()][:most]
    return Pictures(
        classes=tuple(
            ClassPicture(
                label=label,
                name=intake.form.class_names[label],
                row=row,
                image=png_base64(np.asarray(intake.images[row])),
            )
            for label, row in typical_rows(labels, rows, distances).items()
        ),
        suspicious=picked(verdicts, [one.row for one in odd], [one.reason for one in odd]),
        mislabelled=picked(verdicts, doubted, [suggestion(verdicts, row) for row in doubted]),
        left_out=picked(verdicts, [row for row, _ in lost], [reason for _, reason in lost]),
    )
