"""The log of the registry, as far as it can be read."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from litesmith.errors import DataError
from litesmith.records.record import parse_record
from litesmith.records.service.release import LogLine

_STATES = ("promoted", "rolled back", "not completed")


@dataclass(frozen=True)
class ReleaseLog:
    """The lines in their order; a crash may leave one that cannot be read."""

    lines: tuple[LogLine, ...]
    num_unreadable: int = 0

    def last_states(self) -> dict[tuple[str, str], LogLine]:
        """Return the last line on the version in service, by data set and device."""
        return {(line.dataset, line.device): line for line in self.lines if line.event in _STATES}

    def promotion_of(self, version: str) -> LogLine | None:
        """Return the line that put a version in service first."""
        found = (line for line in self.lines if line.event == "promoted" and line.version == version)
        return next(found, None)

    def rolled_back(self, model_sha256: str) -> LogLine | None:
        """Return the last rollback away from a model, if it was not promoted since."""
        last: LogLine | None = None
        for line in self.lines:
            if (
                line.event == "rolled back"
                and line.before
                and self._model_of(line.before) == model_sha256
            ):
                last = line
            elif line.event == "promoted" and line.candidate_sha256 == model_sha256:
                last = None
        return last

    def refused(self, decision_sha256: str) -> bool:
        """Tell whether a decision did not lead to a promotion that nobody ordered."""
        return any(
            line.event == "refused" and line.by is None and line.decision_sha256 == decision_sha256
            for line in self.lines
        )

    def judged_on(self, gate_sha256: str) -> set[str]:
        """Return the hashes of all candidates that were judged on the same gate images."""
        return {
            line.candidate_sha256
            for line in self.lines
            if line.event == "judged" and line.candidate_sha256 and line.gate_sha256 == gate_sha256
        }

    def _model_of(self, version: str) -> str | None:
        line = self.promotion_of(version)
        return line.candidate_sha256 if line else None


def read_log(path: Path) -> ReleaseLog:
    """Return the log in a file; an empty one where there is no file."""
    lines, num_unreadable = list[LogLine](), 0
    for text in _texts(path):
        try:
            lines.append(parse_record(text, LogLine, path.as_posix()))
        except DataError:
            num_unreadable += 1
    return ReleaseLog(tuple(lines), num_unreadable)


def _texts(path: Path) -> Iterator[bytes]:
    if path.is_file():
        yield from (text for text in path.read_bytes().splitlines() if text.strip())
