"""The decision on a night's file: promote, keep, or neither."""

from typing import Annotated, Literal

from litesmith.params.section import about
from litesmith.records.record import Count, Record

DecisionOutcome = Literal["promote", "keep", "undecided", "in service", "not comparable"]
"""What `judge` may find; a night that cannot be judged leaves no decision."""


class GateVerdict(Record):
    """What one gate found."""

    name: Annotated[str, about("Of the gate in its registry, such as ``floor``.")]
    passed: Annotated[bool | None, about("None if the gate cannot tell, or does not apply.")]
    text: Annotated[str, about("A sentence: what was seen, and what was asked for.")]


class JudgedFile(Record):
    """A file that took part in a decision."""

    name: Annotated[str, about("Such as ``pruned-int8``.")]
    sha256: str
    bytes: Count
    version: Annotated[str | None, about("In the registry; None of a candidate.")]


class GateImages(Record):
    """The images that a decision rests on."""

    num_images: Count
    sha256: Annotated[str, about("Over the digests of their pixels, in order.")]
    num_left_out: Annotated[Count, about("Left out, as the released model had learned from them.")]


class Decision(Record):
    """The result of the step ``judge``."""

    kind: Literal["litesmith decision"]
    schema_version: Literal[1]
    outcome: DecisionOutcome
    headline: Annotated[str, about("The outcome in one sentence.")]
    reasons: tuple[GateVerdict, ...]
    dataset: Annotated[str, about("Key of the data set, such as ``fashion-mnist``.")]
    device: Annotated[str, about("Key of the device, such as ``wearable``.")]
    candidate: JudgedFile
    released: Annotated[JudgedFile | None, about("In service; None before the first release.")]
    gate: GateImages
