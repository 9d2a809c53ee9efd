"""How the outputs of a step came about, and on which machine."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, JsonValue

from litesmith.params.section import about
from litesmith.records.record import Count, Record


class Host(Record):
    """The machine that something was computed or measured on."""

    system: str
    cpu: str
    cores: Count
    python: str

    @property
    def words(self) -> str:
        """The host in one line: processor, cores, system, Python."""
        return f"{self.cpu}, {self.cores} cores, {self.system}, Python {self.python}"


class Making(Record):
    """When, by which run and from which sources a step made its outputs."""

    ended: Annotated[
        str,
        Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$"),
        about("Local time with its offset from UTC, such as 2026-11-30T19:35:37+01:00."),
    ]
    run: Annotated[str | None, about("Id of the run; None if none ordered it, as with ``dvc repro``.")]
    revision: Annotated[str | None, about("The commit that was checked out; None if git did not tell.")]
    dirty: Annotated[bool | None, about("Whether files differed from it; None if git did not tell.")]
    code: Annotated[str, about("SHA-256 of the sources that decide its result.")]

    @property
    def when(self) -> datetime:
        """The end, in the local time of the machine."""
        return datetime.fromisoformat(self.ended)


class Provenance(Record):
    """How a step came to its outputs."""

    step: str
    wall_s: Annotated[float, about("Seconds that it took.")]
    cpu_s: Annotated[float, about("CPU-seconds of its process and its workers.")]
    peak_memory_mb: Annotated[float, about("Of the largest single process.")]
    host: Host
    versions: Annotated[dict[str, str], about("Of the packages that decide its numbers.")]
    parameters: Annotated[dict[str, JsonValue], about("Its own section is ``params``.")]
    made: Annotated[Making | None, about("None in a record of an earlier version.")] = None
