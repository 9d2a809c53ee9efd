"""Choose the file that goes to the device."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from litesmith.analysis.paired import Difference, paired
from litesmith.analysis.scores import accuracy
from litesmith.tflite.sizes import Size


@dataclass(frozen=True)
class Candidate:
    """A file that may go to the device, with its answers.

    Attributes:
        predicted: Predicted classes (k, n) of k pictures of each image, the same in the same order for
            every candidate.
        broken: Which limits of the device it breaks, in words; empty if none.
    """

    name: str
    size: Size
    predicted: NDArray[np.integer]
    broken: str = ""


@dataclass(frozen=True)
class Standing:
    """How a candidate stands against the most accurate one within the device's limits."""

    accuracy: float
    behind: Difference
    within_noise: bool
    within_limits: bool


@dataclass(frozen=True)
class Choice:
    """The file chosen, why, and how every candidate stood."""

    name: str
    reason: str
    standings: dict[str, Standing]


def choose(
    candidates: list[Candidate],
    labels: NDArray[np.integer],
    *,
    noise_standard_errors: float,
    equal_size_share: float,
) -> Choice:
    """Choose the smallest candidate as accurate as the best within limits.

    A candidate is within noise when its accuracy on the same images is at most ``noise_standard_errors``
    standard errors of the paired difference below the best one's (the one-standard-error rule: Breiman
    et al., "Classification and Regression Trees", 1984, section 3.4.3). Pruning puts zeros where weights
    were and leaves the file's size, so raw sizes that differ by at most ``equal_size_share`` count as
    equal, and the compressed size decides.

    Args:
        candidates: At least file. If none keeps the limits, they bind none, and the reason says so.
        labels: True classes (n,).
        noise_standard_errors: How far below the best is still noise.
        equal_size_share: Share of the smallest size by which an equal one may be larger.
    """
    fitting = [file for file in candidates if not file.broken] or candidates
    best = max(
        fitting, key=lambda file: (accuracy(labels, file.predicted), -file.size.gzip_bytes, file.name)
    )
    standings = {file.name: _standing(file, best, labels, noise_standard_errors) for file in candidates}
    near = [file for file in fitting if standings[file.name].within_noise]
    limit = min(file.size.raw_bytes for file in near) * (1 + equal_size_share)
    small = [file for file in near if file.size.raw_bytes <= limit]
    chosen = min(small, key=lambda file: (file.size.gzip_bytes, file.size.raw_bytes, file.name))
    reason = f"{_reason(chosen, best, near, small, standings)}{_budget_note(candidates)}"
    return Choice(chosen.name, reason, standings)


def _standing(file: Candidate, best: Candidate, labels: NDArray[np.integer], noise: float) -> Standing:
    behind = paired(best.predicted == labels, file.predicted == labels)
    return Standing(
        accuracy=accuracy(labels, file.predicted),
        behind=behind,
        within_noise=behind.mean <= noise * behind.standard_error,
        within_limits=not file.broken,
    )


def _reason(
    chosen: Candidate,
    best: Candidate,
    near: list[Candidate],
    small: list[Candidate],
    standings: dict[str, Standing],
) -> str:
    """Say in words what decided."""
    if len(near) == 1:
        named = _with_accuracy(best, standings)
        return f"{named} is the most accurate on validation, no other within noise of it."
    if len(small) == 1:
        size = f"is the smallest within noise of the most accurate ({chosen.size.raw_bytes} bytes)"
    else:
        size = (
            "is as small as any within noise of the most accurate, and the smallest compressed "
            f"({chosen.size.gzip_bytes} bytes)"
        )
    if chosen is best:
        return f"{_with_accuracy(chosen, standings)} {size}, which it is itself."
    behind = standings[chosen.name].behind
    gap = f"{behind.mean:.4f} behind, standard error {behind.standard_error:.4f}"
    return f"{_with_accuracy(chosen, standings)} {size}, {_with_accuracy(best, standings)}: {gap}."


def _budget_note(candidates: list[Candidate]) -> str:
    """Say which candidates the device's limits ruled out, if any."""
    over = [f"{file.name} ({file.broken})" for file in candidates if file.broken]
    if not over:
        return ""
    if len(over) == len(candidates):
        return f" No candidate keeps the device's limits: {', '.join(over)}."
    return f" Over the device's limits: {', '.join(over)}."


def _with_accuracy(file: Candidate, standings: dict[str, Standing]) -> str:
    return f"{file.name} ({standings[file.name].accuracy:.4f})"
