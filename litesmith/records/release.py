"""Released models: what a package holds, which version is in service, and what happened when."""

from datetime import datetime
from typing import Annotated, Literal

from litesmith.params.section import about
from litesmith.records.judge import DecisionOutcome
from litesmith.records.record import Count, Record


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


Event = Literal["judged", "promoted", "refused", "rolled back"]


class LogLine(Record):
    """A line of the registry's log, which is only appended to."""

    when: Annotated[datetime, about("In UTC.")]
    event: Event
    dataset: str
    device: str
    version: Annotated[str | None, about("That was put in service, or that the line is about.")]
    before: Annotated[str | None, about("The version in service until then.")]
    by: Annotated[str | None, about("The person who ordered it; None where the decision did.")]
    why: str
    outcome: Annotated[DecisionOutcome | None, about("Of the decision; None of a rollback.")]
    decision_sha256: str | None
    candidate_sha256: str | None
    gate_sha256: str | None
