"""What the index of runs shows of the models in service."""

from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from litesmith.analysis.luck import best_by_luck
from litesmith.records.service.release import LogLine
from litesmith.release.pointers import Key
from litesmith.release.registry import Registry

_MOST = 30


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
        version: In service; None before the first.
        lines: The last events but the decisions, the last on top.
        num_more: Events before those.
        num_unreadable: Lines of the log that cannot be read.
        luck: None before the first decision.
    """

    key: Key
    version: str | None
    lines: tuple[LogLine, ...]
    num_more: int
    num_unreadable: int
    luck: Luck | None


def read_served(releases: Path, key: Key) -> Served:
    """Read what the registry in a folder knows of a data set and device.

    Raises:
        DataError: The pointer file cannot be read.
    """
    registry = Registry(releases)
    log, pointer = registry.log(), registry.in_service(key)
    own = [line for line in log.lines if Key(line.dataset, line.device) == key]
    events = [line for line in reversed(own) if line.event != "judged"]
    return Served(
        key=key,
        version=pointer.version if pointer else None,
        lines=tuple(events[:_MOST]),
        num_more=max(len(events) - _MOST, 0),
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
