"""Released models: packages, versions in service, and the log."""

from typing import Annotated, Literal

from pydantic import AwareDatetime

from litesmith.params.section import about
from litesmith.records.judge import DecisionOutcome
from litesmith.records.record import Count, Record, Share


class PackageFile(Record):
    """A file of a package."""

    sha256: str
    bytes: Count


class Manifest(Record):
    """What a package holds, by path within it; ``manifest.json`` itself is not listed."""

    kind: Literal["litesmith package"]
    schema_version: Literal[1]
    dataset: str
    device: str
    model_sha256: str
    decision: Annotated[DecisionOutcome, about("Of the decision that lies in the package.")]
    files: dict[str, PackageFile]


class InService(Record):
    """The version in service for one data set and device."""

    version: str
    manifest_sha256: str
    model_sha256: str


class Pointers(Record):
    """The versions in service, by ``DATA/DEVICE``: the registry's only pointer file."""

    kind: Literal["litesmith releases in service"]
    schema_version: Literal[1]
    in_service: dict[str, InService]


def no_pointers() -> Pointers:
    """Return what the pointer file holds before the first release."""
    return Pointers(kind="litesmith releases in service", schema_version=1, in_service={})


Event = Literal["judged", "promoted", "refused", "rolled back", "not completed"]
"""What a line of the log tells; ``not completed``: a line before it did not come to pass."""


class LogLine(Record):
    """A line of the registry's log, which is only appended to."""

    when: Annotated[AwareDatetime, about("In UTC.")]
    event: Event
    dataset: str
    device: str
    version: Annotated[str | None, about("In service from then on; None if there is none.")]
    before: Annotated[str | None, about("The version in service until then.")]
    by: Annotated[str | None, about("The person who ordered it; None where the decision did.")]
    why: str
    revision: Annotated[str | None, about("Git's, when it was ordered; None if git does not tell.")]
    outcome: Annotated[DecisionOutcome | None, about("Of the decision; None of a rollback.")]
    decision_sha256: str | None
    candidate_sha256: str | None
    gate_sha256: str | None
    gate_images: Annotated[Count | None, about("How many images the decision rests on.")]
    discordant: Annotated[Share | None, about("Images that one of the two files alone got right.")]
