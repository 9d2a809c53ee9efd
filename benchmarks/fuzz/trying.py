"""Try mutated inputs and count how they end."""

import logging
import math
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.fuzz.kinds import KINDS, Kind
from benchmarks.fuzz.workers import Limits, Outcome, run_all
from benchmarks.numbers import read_numbers
from benchmarks.record import Claim, write_result
from litesmith.files import write_text
from litesmith.host import cpu_seconds
from litesmith.params.section import Count, Section

CONFIG = Path(__file__).parents[1] / "fuzz.yaml"
RESULT = Path("benchmarks/results/fuzz.json")
# Packages that read inputs, beside those that every result names.
_READERS = ("pillow", "ruamel.yaml", "pydantic")

_LOG = logging.getLogger(__name__)


class Config(Section):
    """All of ``fuzz.yaml``."""

    seed: int
    num_inputs: dict[str, Count]
    confirm_every: Count
    num_workers: Count
    limit_s: float
    memory_bytes: Count
    min_inputs: int
    max_cpu_s: float

    @property
    def limits(self) -> Limits:
        """What each input may take."""
        return Limits(self.limit_s, self.memory_bytes)

    def numbers(self, kind: Kind, share: float = 1.0) -> range:
        """Return the numbers of a kind's inputs, or of the first share of them."""
        return range(math.ceil(self.num_inputs[kind.name] * share))


@dataclass(frozen=True)
class Job:
    """An input whose files lie in a folder, and the function to give it to."""

    use: Callable[[Path], None]
    folder: Path

    def run(self) -> None:
        """Use the input."""
        self.use(self.folder)


@dataclass(frozen=True)
class Tried:
    """What became of the inputs of a kind.

    Attributes:
        outcomes: Of each input, by its number.
        num_distinct: How many inputs differ from each other.
        num_used: How many went the way that a user's input goes, or None if all of them did.
        ends_in_worker: What a worker, which has no process of its own for each, came to where it failed.
    """

    outcomes: dict[int, Outcome]
    num_distinct: int
    num_used: int | None = None
    ends_in_worker: Counter[str] | None = None

    @property
    def failures(self) -> dict[int, Outcome]:
        """Inputs that ended in another way than an answer or an error of ours."""
        return {number: outcome for number, outcome in self.outcomes.items() if outcome.failed}

    def to_plain(self) -> dict[str, Any]:
        """Return the counts as JSON can hold them."""
        ended = {
            end: [outcome for outcome in self.outcomes.values() if outcome.end == end]
            for end in ("answered", "refused")
        }
        counts = {
            "tried": len(self.outcomes),
            "distinct": self.num_distinct,
            "answered": len(ended["answered"]),
            "refused": _counts(Counter(outcome.what for outcome in ended["refused"])),
            "failed": len(self.failures),
            "failures": {
                str(number): f"{outcome.end}: {outcome.what}"
                for number, outcome in self.failures.items()
            },
        }
        if self.ends_in_worker is None:
            return counts
        return {
            **counts,
            "used_as_a_user_does": self.num_used,
            "ended_in_worker": _counts(self.ends_in_worker),
        }


def measure(config: Config) -> None:
    """Try all inputs and write the result; the files of failures stay."""
    began = cpu_seconds()
    folder = Path(tempfile.mkdtemp(prefix="litesmith-fuzz-"))
    tried = {kind.name: try_inputs(config, kind, config.numbers(kind), folder) for kind in KINDS}
    spent = round(cpu_seconds() - began, 1)
    if not any(kind.failures for kind in tried.values()):
        shutil.rmtree(folder)
    measured = {
        "command": "python -m benchmarks.fuzz",
        **config.model_dump(include={"seed", "confirm_every", "limit_s", "memory_bytes"}),
        "kinds": {name: kind.to_plain() for name, kind in tried.items()},
        "cpu_s": spent,
        "readers": {name: version(name) for name in _READERS},
    }
    write_result(RESULT, measured, claims(config, tried, spent))


def try_inputs(config: Config, kind: Kind, numbers: Sequence[int], folder: Path) -> Tried:
    """Try inputs of a kind.

    Args:
        config: The seed, and what an input may take.
        kind: Of the inputs.
        numbers: Which of them.
        folder: Where they are written. The files of those that fail stay, with a line in the log.
    """
    below = folder / kind.name
    distinct = len({kind.write(config.seed, number, below / str(number)) for number in numbers})
    if kind.quick is None:
        outcomes = _run(config, numbers, kind.use, below)
        _keep_failures(kind, outcomes, below)
        return Tried(outcomes, distinct)
    quick = _run(config, numbers, kind.quick, below)
    doubtful = [
        number for number in numbers if quick[number].failed or number % config.confirm_every == 0
    ]
    used = _run(config, doubtful, kind.use, below)
    _keep_failures(kind, {**quick, **used}, below)
    in_worker = Counter(f"{outcome.end}: {outcome.what}" for outcome in quick.values() if outcome.failed)
    return Tried({**quick, **used}, distinct, len(used), in_worker)


def claims(config: Config, tried: dict[str, Tried], spent: float) -> list[Claim]:
    """Return what must hold of all that was tried; ``spent`` is in CPU-seconds."""
    ends = Counter(outcome.end for kind in tried.values() for outcome in kind.outcomes.values())
    num, failed = (
        sum(kind.num_distinct for kind in tried.values()),
        sum(len(kind.failures) for kind in tried.values()),
    )
    by_kind = ", ".join(f"{kind.num_distinct} {name}" for name, kind in tried.items())
    note = f"{ends['answered']} answered, {ends['refused']} refused with an error of litesmith.errors"
    return [
        Claim(
            "mutated inputs tried, each another", "inputs", num, config.min_inputs, False, note=by_kind
        ),
        Claim(
            "of them ended by another exception, a signal or a hang",
            "inputs",
            failed,
            0,
            True,
            note=note,
        ),
        Claim("CPU-seconds of trying them", "cpu_s", spent, config.max_cpu_s, True),
    ]


def read_config() -> Config:
    """Return the numbers of ``fuzz.yaml``."""
    return read_numbers(CONFIG, Config)


def _run(
    config: Config, numbers: Sequence[int], use: Callable[[Path], None], folder: Path
) -> dict[int, Outcome]:
    """Use inputs that lie in folders of their own, and return how each ended, by its number."""
    jobs = [Job(use, folder / str(number)) for number in numbers]
    return dict(
        zip(numbers, run_all(jobs, Job.run, config.limits, config.num_workers, folder), strict=True)
    )


def _keep_failures(kind: Kind, outcomes: Mapping[int, Outcome], folder: Path) -> None:
    """Leave the files of failures, with a line in the log and the traceback beside them."""
    for number, outcome in outcomes.items():
        if outcome.failed:
            _LOG.warning(
                "%s %d: %s: %s; see %s",
                kind.name,
                number,
                outcome.end,
                outcome.what,
                folder / str(number),
            )
            write_text(folder / f"{number}.txt", f"{outcome.end}: {outcome.what}\n{outcome.detail}\n")
    failed_names = {str(number) for number, outcome in outcomes.items() if outcome.failed}
    for own in folder.iterdir():
        if own.is_dir() and own.name not in failed_names:
            shutil.rmtree(own)


def _counts(counter: Counter[str]) -> dict[str, int]:
    return dict(sorted(counter.items()))
