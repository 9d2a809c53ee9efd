"""How the outputs of a step came about, and on which machine."""

from pydantic import JsonValue

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
    """How a step came to its outputs.

    Attributes:
        wall_s: Seconds that it took.
        cpu_s: CPU-seconds of its process and its workers.
        peak_memory_mb: Of the largest single process.
        versions: Of the packages that decide its numbers.
        parameters: Its own section as ``params``, other sections by name, the seed.
    """

    step: str
    wall_s: float
    cpu_s: float
    peak_memory_mb: float
    host: Host
    versions: dict[str, str]
    parameters: dict[str, JsonValue]
