"""Provenance: where the numbers come from, and how to make them again."""

from collections.abc import Mapping
from dataclasses import dataclass

from litesmith.params.sections.report import ReportParams
from litesmith.records.prepare import SplitSummary
from litesmith.records.summary import Changed, SinceReference
from litesmith.report.inputs import ReportInputs
from litesmith.report.provenance import (
    flat_parameters,
    hosts,
    pythons,
    revisions,
    seeds,
    versions,
)
from litesmith.report.reference import since_reference
from litesmith.report.section import Section
from litesmith.wording import plainly


@dataclass(frozen=True)
class HashRow:
    """An input of the page; changed if the reference's hash differs."""

    path: str
    sha256: str
    changed: bool
    is_reference: bool


@dataclass(frozen=True)
class ProvenanceSection:
    """What the section shows.

    Attributes:
        options: Of commands that choose this run; empty for the project's own.
        revision: That the steps recorded; empty if they did not, several if they differ.
        overlays: Files that lie over ``params.yaml``, in their order.
        since: None if there is no reference run to compare with.
        parameters: Those of all steps, as text by place.
        changed: Those of them that are not as in the reference run, by place.
        own_parameters: Those of the report, as text by place.
    """

    options: str
    revision: str
    overlays: tuple[str, ...]
    python: str
    seed: str
    since: SinceReference | None
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
    changed = {change.name for change in since.inputs} if since else set()
    references = inputs.reference_files if since else ()
    return ProvenanceSection(
        options=inputs.options,
        revision=revisions(steps),
        overlays=overlays(inputs.params),
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
        hashes=tuple(
            HashRow(path, digest, path in changed, path in references)
            for path, digest in inputs.sha256.items()
        ),
    )


def overlays(params: ReportParams) -> tuple[str, ...]:
    """Return the files that lie over ``params.yaml``, in their order."""
    data = (f"datasets/{params.data}.yaml",) if params.data else ()
    names = params.profile.split("+") if params.profile else []
    return (*data, *(f"profiles/{name}.yaml" for name in names))


SECTION = Section("provenance", "Provenance", build)
