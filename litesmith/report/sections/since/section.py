"""What changed since the reference run, the weightiest first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from litesmith.records.summary import SinceReference
from litesmith.report.action import promote_command
from litesmith.report.causes import of_topic
from litesmith.report.inputs import ReportInputs
from litesmith.report.reference import not_compared, since_reference
from litesmith.report.section import Section


@dataclass(frozen=True)
class SinceSection:
    """What the section shows.

    Attributes:
        since: None if there is nothing to compare with.
        not_compared: Why there is nothing; empty if there is.
        released: The version in service; None if the reference is a run from before releases.
        command: Puts this run's model in service.
        causes: What changed by topic, in words.
    """

    since: SinceReference | None
    not_compared: str
    released: str | None
    command: str
    causes: Mapping[str, Sequence[str]]


def build(inputs: ReportInputs) -> SinceSection:
    """Return what the section shows."""
    since = since_reference(inputs)
    return SinceSection(
        since=since,
        not_compared=not_compared(inputs),
        released=inputs.released,
        command=promote_command(inputs),
        causes=of_topic(since.causes) if since else {},
    )


SECTION = Section("since", "What changed", build)
