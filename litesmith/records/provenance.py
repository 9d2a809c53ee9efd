"""How the outputs of a step came about."""

from pydantic import JsonValue

from litesmith.records.host import Host
from litesmith.records.record import Record


class Provenance(Record):
    """How a step made its outputs.

    Attributes:
        step: Its name.
        wall_s: Seconds that it took.
        cpu_s: CPU-seconds of its process and its workers.
        peak_memory_mb: Of the largest single process.
        host: Where it ran.
        versions: Of the packages that decide its numbers.
        parameters: What it followed: its section as ``params``, other sections by name, the seed.
    """

    step: str
    wall_s: float
    cpu_s: float
    peak_memory_mb: float
    host: Host
    versions: dict[str, str]
    parameters: dict[str, JsonValue]
