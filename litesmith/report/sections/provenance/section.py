"""Provenance: where the numbers come from, and how to make them again."""

from collections.abc import Mapping
from dataclasses import dataclass

from litesmith.documents.formats import plainly
from litesmith.records.prepare import SplitSummary
from litesmith.records.summary import Changed
from litesmith.report.inputs import ReportInputs
from litesmith.report.provenance import flat_parameters, hosts, pythons, seeds, versions
from litesmith.report.reference import Since, since_reference
from litesmith.report.section import Section


@dataclass(frozen=True)
class HashRow:
    """A file that the page was made from.

    Attributes:
        path: The file.
        sha256: Its hash.
        changed: Whether the reference run had another one.
        is_reference: Whether the reference run was read from it.
    """

    path: str
    sha256: str
    changed: bool
    is_reference: bool


@dataclass(frozen=True)
class ProvenanceSection:
    """What the section shows.

    Attributes:
        profile: With which the run was made; None for the project's own parameters.
        python: Its version.
        seed: Of every random choice.
        since: What changed since the reference run, None if there is none to compare with.
        parameters: All of the steps, as text by place.
        changed: Those that are not what they were in the reference run, by place.
        own_parameters: Those of the report, as text by place.
        hosts: Each host with the steps that ran on it.
        versions: Of each package.
        splits: The packed splits.
        hashes: Every file that the page was made from.
    """

    profile: str | None
    python: str
    seed: str
    since: Since | None
    parameters: Mapping[str, str]
    changed: Mapping[str, Changed]
    own_parameters: Mapping[str, str]
    hosts: Mapping[str, str]
    versions: Mapping[str, str]
    splits: Mapping[str, SplitSummary]
    hashes: tuple[HashRow, ...]


def build(inputs: ReportInputs) -> ProvenanceSection:
    """Return what the section shows."""
    steps, since = inputs.provenance, since_reference(inputs)
    return ProvenanceSection(
        profile=inputs.params.profile,
        python=pythons(steps),
        seed=seeds(steps),
        since=since,
        parameters=flat_parameters(steps),
        changed={change.name: change for change in since.parameters} if since else {},
        own_parameters={
            f"report.{name}": "null" if value is None else plainly(value)
            for name, value in inputs.params
        },
        hosts=hosts(steps),
        versions=versions(steps),
        splits=inputs.results.prepare.splits,
        hashes=_hashes(inputs, since),
    )


def _hashes(inputs: ReportInputs, since: Since | None) -> tuple[HashRow, ...]:
    changed = {change.name for change in since.inputs} if since else set()
    reference = inputs.reference_file if since else None
    return tuple(
        HashRow(path, digest, path in changed, path == reference)
        for path, digest in inputs.sha256.items()
    )


SECTION = Section("provenance", "Provenance", build)
