"""How the outputs of a step came about, and on which machine."""

from typing import Annotated

from pydantic import JsonValue

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


class Provenance(Record):
    """How a step came to its outputs."""

    step: str
    wall_s: Annotated[float, about("Seconds that it took.")]
    cpu_s: Annotated[float, about("CPU-seconds of its process and its workers.")]
    peak_memory_mb: Annotated[float, about("Of the largest single process.")]
    host: Host
    versions: Annotated[dict[str, str], about("Of the packages that decide its numbers.")]
    parameters: Annotated[dict[str, JsonValue], about("Its own section is ``params``.")]
