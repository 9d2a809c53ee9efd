"""What changed since the reference run, in short."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from litesmith.records.summary import Changed
from litesmith.report.inputs import ReportInputs
from litesmith.report.reference import Since, not_compared, since_reference
from litesmith.report.section import Section
from litesmith.report.verdict import reference_command

_MOST = 4


@dataclass(frozen=True)
class SinceSection:
    """What the section shows.

    Attributes:
        since: What changed, None if there is nothing to compare with.
        not_compared: Why there is nothing; empty if there is.
        command: Makes this run the reference.
        parameters: Some of the parameters that changed, in a sentence; empty if none did.
        versions: The same of the packages.
        hosts: The same of the hosts.
    """

    since: Since | None
    not_compared: str
    command: str
    parameters: Markup
    versions: Markup
    hosts: Markup


def build(inputs: ReportInputs) -> SinceSection:
    """Return what the section shows."""
    since = since_reference(inputs)
    changes = (since.parameters, since.versions, since.hosts) if since else ((), (), ())
    command = reference_command(inputs.params.profile)
    return SinceSection(since, not_compared(inputs), command, *map(_listed, changes))


def _listed(changes: Sequence[Changed]) -> Markup:
    """Name the first few changes."""
    named = [
        Markup("{} <b>{}</b>, was {}").format(
            change.name, *(_MISSING if v is None else v for v in (change.now, change.before))
        )
        for change in changes[:_MOST]
    ]
    more = [f"and {len(changes) - _MOST} more"] if len(changes) > _MOST else []
    return Markup("; ").join([*named, *more])


_MISSING = "not there"

SECTION = Section("since", "Since the reference", build)
