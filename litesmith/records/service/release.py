"""Packages of released models, versions in service, and the log."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, JsonValue

from litesmith.params.section import about
from litesmith.records.prepare import SplitSummary
from litesmith.records.record import Count, Record, Share
from litesmith.records.service.judge import DecisionOutcome


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


class PackageProvenance(Record):
    """Where a packaged model comes from: ``provenance.json``.

    The revision of the code is not among it: a commit that changes no result makes no other package. The
    registry's log names it.
    """

    dataset: Annotated[str, about("Key of the data set, such as ``fashion-mnist``.")]
    splits: Annotated[dict[str, SplitSummary], about("With their SHA-256.")]
    train_digests: Annotated[
        tuple[str, ...], about("Of the pixels of all images that it learned from, in ascending order.")
    ]
    parameters: Annotated[dict[str, dict[str, JsonValue]], about("By step, as it was run.")]
    versions: Annotated[dict[str, dict[str, str]], about("Of the deciding packages, by step.")]
    inputs: Annotated[dict[str, str], about("SHA-256 of each file that the report read, by path.")]


class Operator(Record):
    """A kind of operator in a model, in one version."""

    name: Annotated[str, about("As the schema of ``.tflite`` calls it, or of a custom one its own.")]
    version: Count
    custom: Annotated[bool, about("Whether it is not built into the runtime.")]
    count: Annotated[Count, about("How often the model has it.")]


class Arena(Record):
    """Working memory of the model on a microcontroller."""

    tool: Annotated[str, about("That measured it, with its version.")]
    measured_bytes: Count
    margin: Annotated[Share, about("Added to what was measured.")]
    recommended_bytes: Annotated[Count, about("With the margin, a multiple of 16.")]


class Operators(Record):
    """What a model asks of a runtime: ``operators.json``."""

    operators: tuple[Operator, ...]
    arena: Annotated[Arena | None, about("None if no tool measured it.")]


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

    when: Annotated[AwareDatetime, about("In local time, with its distance from UTC.")]
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
