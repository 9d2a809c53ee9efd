"""Data: validation, images of each class, images to look at."""

from dataclasses import dataclass

from litesmith.records.summary import Changed
from litesmith.records.validate import RuleResult, ValidateResult
from litesmith.report.inputs import ReportInputs
from litesmith.report.reference import since_reference
from litesmith.report.section import Section


@dataclass(frozen=True)
class Cell:
    """Images of a class, and their share of the column's largest class."""

    count: int
    share: float


@dataclass(frozen=True)
class Column:
    """Images of each class in a published file or split."""

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
        changes: What of the data is not as in the reference run; None if there is none to compare with.
    """

    validate: ValidateResult
    rules: tuple[RuleResult, ...]
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
        columns=columns,
        classes=tuple(
            ClassRow(name, pictures.get(label), tuple(column.cell(label) for column in columns))
            for label, name in enumerate(inputs.class_names)
        ),
        changes=None if since is None else since.data,
    )


def class_columns(inputs: ReportInputs) -> tuple[Column, ...]:
    """Return the published files, then the splits."""
    files, splits = inputs.results.validate.files, inputs.results.prepare.splits
    return (
        *(Column(name, "file", file.per_class) for name, file in files.items()),
        *(Column(name, "split", split.per_class) for name, split in splits.items()),
    )


SECTION = Section("data", "Data", build)
