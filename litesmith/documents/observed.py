"""What was seen of a rule, in words, and how far off."""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from litesmith.data.quality.result import Checked
from litesmith.data.quality.rules import Finding, Offender, Rule
from litesmith.data.quality.verdicts import Part, Verdicts, explain
from litesmith.wording import count, percent

_PARTS = {
    "images_left_out": "% of its images are left out",
    "test_labels": "points more of its labels do not fit than of the train labels",
    "alike_images": "% of its held-back images have a near-copy in another split",
    "label_noise": "% of its labels do not fit",
    "rare_classes": "% of its images are of its rarest class",
    "frequent_classes": "% of its images are of its most frequent class",
}
_BATCHES = {
    "usable_images", "drift", "class_mix", "missing_class", "label_loss", "label_doubts",
}  # fmt: skip
_MAX_LABELS = 5


def observed(checked: Checked, finding: Finding) -> str:
    """Return what was seen of a rule, as sentences.

    A rule that could not be checked keeps the reason of that.
    """
    verdicts = checked.verdicts
    if finding.success:
        return _kept(verdicts, finding)
    if not finding.rows or finding.rule is None:
        return finding.observed
    if finding.table == "images":
        return _images(verdicts, finding)
    if finding.table == "batches":
        return " ".join(_batch(verdicts, finding, row) for row in finding.rows)
    parts = {part.name: part for part in verdicts.first.parts}
    return " ".join(_of_first(verdicts, parts[row.where], finding.rule, row) for row in finding.rows)


def _kept(verdicts: Verdicts, finding: Finding) -> str:
    if finding.table == "images":
        return f"none of {count(len(verdicts.intake))} images breaks it"
    if finding.table == "batches":
        num = len(verdicts.later)
        return f"none of {num} batches breaks it" if num != 1 else "the one batch keeps it"
    return f"{_range(finding)} in {' and '.join(part.name for part in verdicts.first.parts)}"


def _range(finding: Finding) -> str:
    """Return the values of a rule that holds."""
    low, _, high = finding.observed.partition(" to ")
    return f"{low if low == high else finding.observed} seen"


def _images(verdicts: Verdicts, finding: Finding) -> str:
    """Tell how many images of which batches break a rule."""
    rows = [row.row for row in finding.rows if row.row is not None]
    batches = Counter(str(verdicts.intake.rows.batch.iat[row]) for row in rows)
    listed = ", ".join(f"{count(num)} in {batch}" for batch, num in batches.most_common())
    share = f"{percent(len(rows) / len(verdicts.intake))} %"
    are = "images breaks" if len(rows) == 1 else "images break"
    return f"{count(len(rows))} of {count(len(verdicts.intake))} {are} it, {share}: {listed}."


def _batch(verdicts: Verdicts, finding: Finding, row: Offender) -> str:
    """Tell how a batch breaks a rule."""
    batch = next(batch for batch in verdicts.later if batch.name == row.where)
    names = verdicts.intake.form.class_names
    reasons = dict(zip((rule.name for rule in batch.broken), explain(batch, names), strict=True))
    rule, reason = finding.rule, reasons.get(finding.name, row.value)
    chance = ""
    if rule and rule.column.endswith("_p") and row.measured is not None:
        asked = f"at least {rule.low:g} is asked for"
        chance = f"; so much comes by chance with probability {row.measured:.1g}, {asked}"
    elif rule and finding.name not in _BATCHES and row.measured is not None:
        chance = f", {_distance(rule, row.measured)}"
    return f"{row.where}: {reason}{chance}."


def _of_first(verdicts: Verdicts, part: Part, rule: Rule, row: Offender) -> str:
    """Tell how a part of the first batch breaks a rule."""
    tell = _TELLERS.get(rule.name)
    if tell is None:
        return _part(rule, row)
    text = tell(verdicts, part)
    if rule.name in _PARTS and row.measured is not None:
        return f"{text.removesuffix('.')}; {_points(rule, row.measured)}."
    return text


def _part(rule: Rule, row: Offender) -> str:
    """Tell the value of a part, and how far off it is."""
    if row.measured is None:
        return f"{row.where}: {row.value}."
    if rule.name in _PARTS:
        return (
            f"{row.where}: {percent(row.measured)} {_PARTS[rule.name]}, {_points(rule, row.measured)}."
        )
    if rule.column.endswith("_p"):
        chance = f"the difference comes by chance with probability {row.measured:.1g}"
        return f"{row.where}: {chance}, at least {rule.low:g} is asked for."
    what = {"mean": "the mean of its pixels is", "std": "the deviation of its pixels is"}
    told = what.get(rule.column, rule.column.replace("_", " "))
    return f"{row.where}: {told} {row.measured:.3f}, {_distance(rule, row.measured)}."


def _distance(rule: Rule, value: float) -> str:
    if rule.high is not None and value > rule.high:
        return f"{value - rule.high:.3f} above the most allowed, {rule.high:g}"
    low = 0.0 if rule.low is None else rule.low
    return f"{low - value:.3f} below the least allowed, {low:g}"


def _points(rule: Rule, value: float) -> str:
    """Return by how many points a share is beyond its limit."""
    if rule.high is not None and value > rule.high:
        over = percent(value - rule.high)
        return f"{over} points above the most allowed, {percent(rule.high)} %"
    low = 0.0 if rule.low is None else rule.low
    return f"{percent(low - value)} points below the least allowed, {percent(low)} %"


def _foreign(verdicts: Verdicts, part: Part) -> str:
    """Tell the labels of a part that are no class, as they were given."""
    given = Counter(verdicts.intake.label_name(row) for row in foreign_rows(verdicts, part.name))
    labels = [f"{name.partition(', which')[0]} ({count(num)})" for name, num in given.most_common()]
    more = f" and {len(labels) - _MAX_LABELS} more" if len(labels) > _MAX_LABELS else ""
    images = "image has a label" if part.num_foreign == 1 else "images have a label"
    text = f"{part.name}: {count(part.num_foreign)} of {count(part.num_rows)} {images} that is no class"
    return f"{text}: {', '.join(labels[:_MAX_LABELS])}{more}."


def _empty(verdicts: Verdicts, part: Part) -> str:
    """Tell the classes of which a part has no image."""
    names, counts = verdicts.intake.form.class_names, part.content.counts.tolist()
    empty = [name for name, num in zip(names, counts, strict=True) if not num]
    others = [num for num in counts if num]
    rest = f"; the others have {count(min(others))} to {count(max(others))}" if others else ""
    return f"{part.name}: no image of {', '.join(empty)}{rest}."


def _left_out(verdicts: Verdicts, part: Part) -> str:
    """Tell why images of a part are left out."""
    tested = part_rows(verdicts, part.name)
    kinds = Counter(kind for row, kind, _ in verdicts.first.faults if row in tested)
    lost = part.num_rows - part.content.num_images
    listed = ", ".join(f"{count(num)} {kind}" for kind, num in kinds.most_common())
    share = percent(lost / max(part.num_rows, 1))
    return f"{part.name}: {count(lost)} of {count(part.num_rows)} images, {share} %: {listed}."


_TELLERS: dict[str, Callable[[Verdicts, Part], str]] = {
    "foreign_labels": _foreign,
    "empty_classes": _empty,
    "images_left_out": _left_out,
}


def part_rows(verdicts: Verdicts, name: str) -> range | frozenset[int]:
    """Return the rows of a part of the first batch."""
    span = verdicts.intake.spans()[verdicts.first.name]
    rows = range(span.start, span.stop)
    if len(verdicts.first.parts) == 1:
        return rows
    given = verdicts.intake.rows.given.to_numpy(str)[span] == "test"
    chosen = np.flatnonzero(given == (name == "test")) + span.start
    return frozenset(chosen.tolist())


def foreign_rows(verdicts: Verdicts, name: str) -> Sequence[int]:
    """Return the rows of a part whose label is no class."""
    labels = verdicts.intake.labels
    return [row for row in sorted(part_rows(verdicts, name)) if labels[row] < 0]
