"""What changed since the reference run, in short."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from litesmith.records.summary import Changed, SinceReference
from litesmith.report.inputs import ReportInputs
from litesmith.report.reference import not_compared, since_reference
from litesmith.report.section import Section
from litesmith.report.verdict import promote_command


@dataclass(frozen=True)
class SinceSection:
    """What the section shows: the first few changes in words.

    Attributes:
        since: None if there is nothing to compare with.
        not_compared: Why there is nothing; empty if there is.
        released: The version in service; None if the reference is a run from before releases.
        command: Puts this run's model in service.
    """

    since: SinceReference | None
    not_compared: str
    released: str | None
    command: str
    parameters: Markup
    versions: Markup
    hosts: Markup


def build(inputs: ReportInputs) -> SinceSection:
    """Return what the section shows."""
    since = since_reference(inputs)
    changes = (since.parameters, since.versions, since.hosts) if since else ((), (), ())
    reason, command = not_compared(inputs), promote_command(inputs)
    return SinceSection(since, reason, inputs.released, command, *map(_listed, changes))


def _listed(changes: Sequence[Changed], most: int = 4) -> Markup:
    texts: list[str] = []
    for change in changes[:most]:
        now, before = ("not there" if v is None else v for v in (change.now, change.before))
        texts.append(Markup("{} <b>{}</b>, was {}").format(change.name, now, before))
    if len(changes) > most:
        texts.append(f"and {len(changes) - most} more")
    return Markup("; ").join(texts)


SECTION = Section("since", "Since the reference", build)
