"""The machine that something was made or measured on."""

from litesmith.records.record import Count, Record


class Host(Record):
    """The machine that a measurement was made on."""

    system: str
    cpu: str
    cores: Count
    python: str

    @property
    def words(self) -> str:
        """The host in one line: processor, cores, system, Python."""
        return f"{self.cpu}, {self.cores} cores, {self.system}, Python {self.python}"
