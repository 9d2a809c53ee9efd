"""Data: validation, batches, images of each class, images to look at."""

from dataclasses import dataclass

from litesmith.records.summary import Changed
from litesmith.records.validate import BatchResult, RuleResult, ValidateResult
from litesmith.report.causes import really_differs
from litesmith.report.inputs import ReportInputs
from litesmith.report.reference import since_reference
from litesmith.report.section import Section

# The page that the step writes beside the report.
_QUARANTINE = "quarantine.html"
_MAX_BATCHES = 200


@dataclass(frozen=True)
class Cell:
    """Images of a class, and their share of the column's largest class."""

    count: int
    share: float


@dataclass(frozen=True)
class Column:
    """Images of each class in a part of the data or in a split."""

    name: str
    kind: str
    counts: tuple[int, ...]

    def cell(self, label: int) -> Cell:
        """Return what stands in the row of a class."""
        return Cell(self.counts[label], self.counts[label] / max(1, *self.counts))


@dataclass(frozen=True)
class ClassRow:
    """A class: a typical image, and its images by column."""

    name: str
    picture: str | None
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class DataSection:
    """What the section shows.

    Attributes:
        rules: Those of the validation, the failed ones first.
        batches: Those with something to say first.
        num_more_batches: That are not shown.
        num_left_out: Images of accepted batches.
        num_quarantined: Batches.
        quarantine: Name of the page about what is left out.
        changes: What of the data is not as in the reference run; None if there is none to compare with.
    """

    validate: ValidateResult
    rules: tuple[RuleResult, ...]
    batches: tuple[BatchResult, ...]
    num_more_batches: int
    num_left_out: int
    num_quarantined: int
    quarantine: str
    columns: tuple[Column, ...]
    classes: tuple[ClassRow, ...]
    changes: tuple[Changed, ...] | None


def build(inputs: ReportInputs) -> DataSection:
    """Return what the section shows."""
    validate, since = inputs.results.validate, since_reference(inputs)
    columns = class_columns(inputs)
    pictures = {picture.label: picture.image for picture in validate.thumbnails.classes}
    return DataSection(
        validate=validate,
        rules=tuple(sorted(validate.rules, key=lambda rule: rule.success)),
        batches=tuple(sorted(validate.batches, key=lambda batch: not batch.reasons))[:_MAX_BATCHES],
        num_more_batches=max(len(validate.batches) - _MAX_BATCHES, 0),
        num_left_out=sum(left.num_images for left in validate.left_out),
        num_quarantined=sum(batch.state == "quarantined" for batch in validate.batches),
        quarantine=_QUARANTINE,
        columns=columns,
        classes=tuple(
            ClassRow(name, pictures.get(label), tuple(column.cell(label) for column in columns))
            for label, name in enumerate(inputs.class_names)
        ),
        changes=None if since is None else tuple(filter(really_differs, since.data)),
    )


def class_columns(inputs: ReportInputs) -> tuple[Column, ...]:
    """Return the parts of the data, then the splits."""
    files, splits = inputs.results.validate.files, inputs.results.prepare.splits
    return (
        *(Column(name, "images", file.per_class) for name, file in files.items()),
        *(Column(name, "split", split.per_class) for name, split in splits.items()),
    )


SECTION = Section("data", "Data", build)
