"""What validation found in the images, batch by batch."""

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
        Literal["critical", "quarantine", "warning"],
        about("Critical ones stop the pipeline, `quarantine` leaves out the image or batch."),
    ]
    table: Annotated[str, about("Which table of statistics it looks at.")]
    success: bool
    expected: Annotated[str, about("What the rule asks for, in words.")]
    observed: str
    num_unexpected: Annotated[Count, about("Rows that break it.")]
    offenders: Annotated[tuple[str, ...], about("Some of those rows, such as ``train 17``.")]


class RawFiles(Record):
    """What the train or test images of the first batch hold, or later batches."""

    num_images: Count
    mean: Annotated[float, about("Mean of all pixels, grey, 0 to 1.")]
    std: Annotated[float, about("Their standard deviation.")]
    per_class: tuple[Count, ...]
    near_empty: Annotated[Count, about("Images with hardly a pixel that is unlike the ground.")]
    duplicates: Annotated[Count, about("Images with the pixels of another.")]


class BatchResult(Record):
    """What became of a batch."""

    name: str
    kind: Annotated[str, about("Its format.")]
    state: Literal["accepted", "quarantined", "accepted by hand"]
    num_images: Annotated[Count, about("That could be read.")]
    num_unreadable: Annotated[Count, about("Files that could not.")]
    num_left_out: Annotated[Count, about("Images left out for a fault of their own.")]
    reasons: Annotated[tuple[str, ...], about("Why it is not simply accepted.")]


class Left(Record):
    """How many images are left out for a kind of fault."""

    kind: str
    num_images: Count


class Picked(Record):
    """An image that deserves a look: where it stands, why, and its picture."""

    file: Annotated[str, about("Batch and file.")]
    row: Annotated[Count, about("Counted over all batches.")]
    name: Annotated[str | None, about("Of its class.")]
    reason: str
    image: Picture


class ClassPicture(Record):
    """A typical image of a class."""

    label: Count
    name: str
    row: Count
    image: Picture


class Pictures(Record):
    """Images for people."""

    classes: Annotated[tuple[ClassPicture, ...], about("A typical one of each class.")]
    suspicious: Annotated[tuple[Picked, ...], about("Accepted ones that look odd.")]
    mislabelled: Annotated[tuple[Picked, ...], about("Accepted ones whose label is likely wrong.")]
    left_out: Annotated[tuple[Picked, ...], about("Some of those that are left out.")]


class ValidateResult(Record):
    """The result of the step ``validate``."""

    passed: bool
    dataset: DatasetName
    rules: tuple[RuleResult, ...]
    batches: Annotated[tuple[BatchResult, ...], about("In the order in which they were judged.")]
    left_out: Annotated[tuple[Left, ...], about("Images of accepted batches, by kind of fault.")]
    files: dict[str, RawFiles]
    overlap: Annotated[Count, about("Test images that are also train images.")]
    label_noise: Annotated[float, about("Share of the first batch's labels that do not fit.")]
    num_mislabelled: Annotated[Count, about("Accepted images whose label is likely wrong.")]
    min_ink_share: Annotated[float, about("Of the pixels, below which an image is near-empty.")]
    expectation_library: Annotated[str, about("Name and version of what checked the rules.")]
    thumbnails: Pictures
