"""What validation found in the raw files."""

from typing import Annotated, Literal

from pydantic import Field

from litesmith.params.section import about
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
    """What became of one rule."""

    name: str
    severity: Annotated[
        Literal["critical", "warning", "info"], about("Critical ones stop the pipeline.")
    ]
    table: Annotated[str, about("Which table of statistics it looks at.")]
    success: bool
    expected: Annotated[str, about("What the rule asks for, in words.")]
    observed: str
    num_unexpected: Annotated[Count, about("Rows that break it.")]
    offenders: Annotated[tuple[str, ...], about("Some of those rows, such as ``train 17``.")]


class RawFiles(Record):
    """What a pair of image and label file holds."""

    num_images: Count
    mean: Annotated[float, about("Mean of all pixels, 0 to 1.")]
    std: Annotated[float, about("Their standard deviation.")]
    per_class: tuple[Count, ...]
    near_empty: Annotated[Count, about("Images with hardly a pixel that is not zero.")]
    duplicates: Annotated[Count, about("Images that are exact copies of another in the file.")]


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
    """The result of the step ``validate``."""

    passed: bool
    dataset: DatasetName
    rules: tuple[RuleResult, ...]
    files: dict[str, RawFiles]
    overlap: Annotated[Count, about("Test images that are also train images.")]
    expectation_library: Annotated[str, about("Name and version of what checked the rules.")]
    thumbnails: Pictures
