"""What validation found in the raw files."""

from typing import Annotated, Literal

from pydantic import Field

from litesmith.records.record import Count, Record

Picture = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9+/]*={0,2}$", json_schema_extra={"contentEncoding": "base64"})
]
"""A PNG in Base64; empty in a summary."""


class DatasetName(Record):
    """Which data set was validated, and whether a program drew its images."""

    name: str
    synthetic: bool


class RuleResult(Record):
    """What became of one rule.

    Attributes:
        severity: Whether a broken rule stops the pipeline.
        table: Which table of statistics it looks at.
        expected: What the rule asks for, in words.
        num_unexpected: Rows that break it.
        offenders: Some of those rows, such as ``train 17``.
    """

    name: str
    severity: Literal["critical", "warning", "info"]
    table: str
    success: bool
    expected: str
    observed: str
    num_unexpected: Count
    offenders: tuple[str, ...]


class RawFiles(Record):
    """What a pair of image and label file holds.

    Attributes:
        mean: Mean of all pixels, 0 to 1.
        std: Their standard deviation.
        near_empty: Images with hardly a pixel that is not zero.
        duplicates: Images that are exact copies of another in the file.
    """

    num_images: Count
    mean: float
    std: float
    per_class: tuple[Count, ...]
    near_empty: Count
    duplicates: Count


class ClassPicture(Record):
    """A typical image of a class."""

    label: Count
    name: str
    row: Count
    image: Picture


class OddPicture(Record):
    """An image that deserves a look: where it stands, why, and its picture."""

    file: str
    row: Count
    name: str | None
    reason: str
    image: Picture


class Pictures(Record):
    """Images for people: one of each class, and those that look odd."""

    classes: tuple[ClassPicture, ...]
    suspicious: tuple[OddPicture, ...]


class ValidateResult(Record):
    """The result of the step ``validate``.

    Attributes:
        overlap: Test images that are also train images.
        expectation_library: Name and version of what checked the rules.
    """

    passed: bool
    dataset: DatasetName
    rules: tuple[RuleResult, ...]
    files: dict[str, RawFiles]
    overlap: Count
    expectation_library: str
    thumbnails: Pictures
