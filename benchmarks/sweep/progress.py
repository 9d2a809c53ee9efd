"""The incumbents of a search over time, from its finished trials alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol


class Finished(Protocol):
    """A trial at a rung, as `litesmith.search.trial.TrialResult`, whose module this one does without."""

    @property
    def rung(self) -> int:
        """Counted from 0."""

    @property
    def accuracy(self) -> float:
        """On validation, 0 to 1."""

    @property
    def cpu_s(self) -> float:
        """CPU-seconds spent."""


@dataclass(frozen=True)
class Incumbent:
    """The best trial so far, when it became that.

    Attributes:
        cpu_s: CPU-seconds of all trials up to and with it, at all rungs.
        accuracy: On validation, after the training in full.
    """

    cpu_s: float
    accuracy: float


def incumbents(results: Iterable[Finished], last_rung: int) -> list[Incumbent]:
    """Return every incumbent of a search, each better than the one before.

    Args:
        results: In the order in which they ran.
        last_rung: Of the training in full; results at others only cost.
    """
    spent, best = 0.0, list[Incumbent]()
    for result in results:
        spent += result.cpu_s
        if result.rung == last_rung and result.accuracy > (best[-1].accuracy if best else 0.0):
            best.append(Incumbent(round(spent, 2), result.accuracy))
    return best


def cpu_s_until(best: Sequence[Incumbent], accuracy: float) -> float | None:
    """Return the CPU-seconds until the incumbent was so accurate, None if it never was."""
    return next((result.cpu_s for result in best if result.accuracy >= accuracy), None)
