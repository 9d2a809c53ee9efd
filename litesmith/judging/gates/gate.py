"""A gate: one thing that a candidate must show."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from litesmith import wording
from litesmith.analysis.intervals import Estimate
from litesmith.judging.case import Case
from litesmith.params.sections.judge import JudgeParams


@dataclass(frozen=True)
class Finding:
    """What a gate found.

    Attributes:
        passed: None if the evidence cannot tell; then nothing is promoted.
        text: A sentence with what was seen and what was asked for.
    """

    passed: bool | None
    text: str


@dataclass(frozen=True)
class Gate:
    """One thing that a candidate must show.

    Attributes:
        name: Of the gate in decisions.
        judge: Looks at a candidate.
        compares: Whether it needs a file in service that can be compared; only then it is asked.
    """

    name: str
    judge: Callable[[Case, JudgeParams], Finding]
    compares: bool = False


def at_least(share: Estimate, limit: float) -> bool | None:
    """Tell whether a share's lower end reaches a limit, None if unknown."""
    return True if share.low >= limit else False if share.value < limit else None


def at_most(share: Estimate, limit: float) -> bool | None:
    """Tell whether a share's upper end keeps to a limit, None if unknown."""
    return True if share.high <= limit else False if share.value > limit else None


def all_of(answers: Iterable[bool | None]) -> bool | None:
    """Tell whether all answers are yes: one no decides, else one None does."""
    given = set(answers)
    return False if False in given else None if None in given else True


def percent(share: float) -> str:
    """Return a share with its sign, such as ``93.52 %``."""
    return f"{wording.percent(share)} %"


def unsigned_points(difference: float) -> str:
    """Return the size of a difference, such as ``0.31 points``."""
    return f"{wording.percent(difference)} points"


def points(difference: float) -> str:
    """Return a difference of two shares, such as ``+0.31 points``."""
    return f"{wording.points(difference)} points"


def p_value(probability: float) -> str:
    """Return a probability by chance as text: ``p = 0.013``, ``p below 0.0001``."""
    return "p below 0.0001" if probability < _SMALLEST_P else f"p = {probability:.2g}"


_SMALLEST_P = 0.0001
