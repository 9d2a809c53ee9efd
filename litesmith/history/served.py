"""What the index of runs shows of the models in service."""

from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from litesmith.analysis.luck import best_by_luck
from litesmith.records.service.release import LogLine
from litesmith.release.pointers import Key
from litesmith.release.registry import Registry

_MOST = 30
_MOVES = ("promoted", "rolled back")


@dataclass(frozen=True)
class Luck:
    """How much the last candidate's gain may owe to luck.

    Attributes:
        num_candidates: Different files that were judged on the same gate images.
        num_images: How many these images are.
        gain: What the best of that many equal candidates gains, a fraction; None if no two files were
            compared on them.
    """

    num_candidates: int
    num_images: int
    gain: float | None


@dataclass(frozen=True)
class Served:
    """The models of a data set and device.

    Attributes:
        key: The data set and the device.
        options: With which commands choose the runs beside which it is told, such as `` --data digits``.
        version: In service; None before the first.
        events: All but the decisions, the last one first.
        num_unreadable: Lines of the log that cannot be read.
        luck: None before the first decision.
    """

    key: Key
    options: str
    version: str | None
    events: tuple[LogLine, ...]
    num_unreadable: int
    luck: Luck | None

    @property
    def lines(self) -> tuple[LogLine, ...]:
        """The last events, as many as a list shows."""
        return self.events[:_MOST]

    @property
    def num_more(self) -> int:
        """Events before those."""
        return len(self.events) - len(self.lines)

    @property
    def moves(self) -> tuple[LogLine, ...]:
        """All promotions and rollbacks, the last one first."""
        return tuple(line for line in self.events if line.event in _MOVES)


def read_served(releases: Path, key: Key, options: str = "") -> Served:
    """Read what the registry in a folder knows of a data set and device.

    Raises:
        DataError: The pointer file cannot be read.
    """
    registry = Registry(releases)
    log, pointer = registry.log(), registry.in_service(key)
    own = [line for line in log.lines if Key(line.dataset, line.device) == key]
    return Served(
        key=key,
        options=options,
        version=pointer.version if pointer else None,
        events=tuple(line for line in reversed(own) if line.event != "judged"),
        num_unreadable=log.num_unreadable,
        luck=_luck([line for line in own if line.event == "judged"]),
    )


def _luck(judged: list[LogLine]) -> Luck | None:
    """Return what luck gives on the images of the last decision."""
    if not judged:
        return None
    same = [line for line in judged if line.gate_sha256 == judged[-1].gate_sha256]
    num_candidates = len({line.candidate_sha256 for line in same})
    num_images = judged[-1].gate_images or 0
    shares = [line.discordant for line in same if line.discordant is not None]
    gain = best_by_luck(num_candidates, num_images, mean(shares)) if shares and num_images else None
    return Luck(num_candidates, num_images, gain)
