"""Write what a benchmark measured, what it must be, and the host and versions it was measured with."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from litesmith.files import write_json
from litesmith.host import describe_host

Unit = Literal["accuracy", "points", "share", "times", "s", "cpu_s", "bytes", "inputs"]
Verdict = Literal["met", "not met", "not measured"]

_PACKAGES = (
    "tensorflow",
    "tf-keras",
    "tensorflow-model-optimization",
    "ai-edge-litert",
    "optuna",
    "numpy",
)


@dataclass(frozen=True)
class Claim:
    """A figure that must be on one side of a bound.

    Attributes:
        what: Is measured, in words.
        unit: Of all figures; accuracies, points of accuracy and shares are fractions.
        measured: None if it is not, or not all of it.
        must: The bound.
        most: Whether the bound is the most that it may be, else the least.
        goal: A further bound, None if there is none.
        note: What else to know, such as how many seeds are behind it.
        never: Whether the target was never reached: there is no figure then, and the bounds are missed.
    """

    what: str
    unit: Unit
    measured: float | None
    must: float
    most: bool
    goal: float | None = None
    note: str = ""
    never: bool = False

    def verdict(self, bound: float) -> Verdict:
        """Say whether what was measured keeps a bound."""
        if self.measured is None:
            return "not met" if self.never else "not measured"
        return "met" if (self.measured <= bound if self.most else self.measured >= bound) else "not met"

    def to_plain(self) -> dict[str, Any]:
        """Return the claim with its verdicts as JSON can hold it."""
        of_goal = None if self.goal is None else self.verdict(self.goal)
        return {**asdict(self), "verdict": self.verdict(self.must), "goal_verdict": of_goal}


def installed() -> dict[str, str]:
    """Return the versions of the packages that decide numbers."""
    return {name: version(name) for name in _PACKAGES}


def host_words(host: Mapping[str, Any]) -> str:
    """Return processor and cores of a machine, as `describe_host` describes it."""
    return f"{host['cpu']}, {host['cores']} cores"


def where() -> dict[str, Any]:
    """Return this machine and the versions installed on it."""
    return {"host": describe_host(), "versions": installed()}


def write_result(path: Path, measured: Mapping[str, Any], claims: Sequence[Claim] = ()) -> None:
    """Write claims and all else that was measured as JSON, host and versions beside it."""
    write_json(path, {"claims": [claim.to_plain() for claim in claims], **measured, **where()})
