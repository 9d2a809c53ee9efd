"""Choose the file that goes to the device."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from litesmith.analysis.balance import balance_of
from litesmith.analysis.outcome import smallest_visible
from litesmith.analysis.paired import paired
from litesmith.analysis.scores import accuracy
from litesmith.records.convert import Candidate, FinalChoice
from litesmith.tflite.sizes import Size
from litesmith.wording import count, percent


@dataclass(frozen=True)
class CandidateFile:
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


def choose(
    files: list[CandidateFile], labels: NDArray[np.integer],
    *, noise_standard_errors: float, relevant_loss: float, equal_size_share: float, moved_px: int,
) -> FinalChoice:  # fmt: skip
    """Choose the smallest candidate as accurate as the best within limits.

    A candidate is near the best when its accuracy on the same images is at most
    ``noise_standard_errors`` standard errors of the paired difference below the best one's (the
    one-standard-error rule: Breiman et al., "Classification and Regression Trees", 1984, section 3.4.3),
    and by less than ``relevant_loss``: where images are few, noise alone would excuse any loss. Pruning
    puts zeros where weights were and leaves the file's size, so raw sizes that differ by at most
    ``equal_size_share`` count as equal, and the compressed size decides.

    Args:
        files: At least one. If none is within the limits, they exclude none, and the reason says so.
        labels: True classes (n,).
        noise_standard_errors: How far below the best is still noise.
        relevant_loss: The smallest loss of accuracy that matters, a fraction.
        equal_size_share: Share of the smallest size by which an equal one may be larger.
        moved_px: How far the images of the pictures were moved each way.
    """
    fitting = [file for file in files if not file.broken] or files
    best = max(
        fitting, key=lambda file: (accuracy(labels, file.predicted), -file.size.gzip_bytes, file.name)
    )
    candidates = {
        file.name: _candidate(file, best, labels, noise_standard_errors, relevant_loss) for file in files
    }
    near = [file for file in fitting if candidates[file.name].near_best]
    limit = min(file.size.raw_bytes for file in near) * (1 + equal_size_share)
    small = [file for file in near if file.size.raw_bytes <= limit]
    chosen = min(small, key=lambda file: (file.size.gzip_bytes, file.size.raw_bytes, file.name))
    return FinalChoice(
        name=chosen.name,
        bytes=chosen.size.raw_bytes,
        gzip_bytes=chosen.size.gzip_bytes,
        reason=_reason(chosen, best, near, small, candidates)
        + _uncertain([candidates[file.name] for file in fitting], len(labels), relevant_loss)
        + _excluded(files),
        candidates=candidates,
        moved_px=moved_px,
    )


def _candidate(
    file: CandidateFile, best: CandidateFile, labels: NDArray[np.integer], noise: float, relevant: float
) -> Candidate:
    behind, is_best = paired(best.predicted == labels, file.predicted == labels), file is best
    return Candidate(
        accuracy=accuracy(labels, file.predicted),
        balance=balance_of(labels, file.predicted),
        bytes=file.size.raw_bytes,
        gzip_bytes=file.size.gzip_bytes,
        behind_best=behind.mean,
        standard_error=0.0 if is_best else behind.standard_error,
        smallest_visible=None if is_best else smallest_visible(behind.low, behind.high),
        near_best=behind.mean <= noise * behind.standard_error and behind.mean < relevant,
        within_limits=not file.broken,
    )


def _reason(
    chosen: CandidateFile, best: CandidateFile, near: list[CandidateFile], small: list[CandidateFile],
    candidates: dict[str, Candidate],
) -> str:  # fmt: skip
    """Return in words what decided."""
    named, best_named = (
        f"{file.name} ({percent(candidates[file.name].accuracy)} %)" for file in (chosen, best)
    )
    if len(near) == 1:
        return f"{best_named} is the most accurate on validation, no other near it."
    if len(small) == 1:
        size = f"is the smallest near the most accurate ({count(chosen.size.raw_bytes)} bytes)"
    else:
        size = (
            "is as small as any near the most accurate, and the smallest compressed "
            f"({count(chosen.size.gzip_bytes)} bytes)"
        )
    if chosen is best:
        return f"{named} {size}, which it is itself."
    candidate = candidates[chosen.name]
    error = percent(candidate.standard_error)
    gap = f"{percent(candidate.behind_best)} points behind, standard error {error}"
    return f"{named} {size}, {best_named}: {gap}."


def _uncertain(candidates: list[Candidate], num_images: int, relevant_loss: float) -> str:
    """Return what the images cannot show of candidates; empty if they show what matters."""
    visible = max(candidate.smallest_visible or 0.0 for candidate in candidates)
    if visible < relevant_loss:
        return ""
    return (
        f" These {count(num_images)} images cannot show a difference under {100 * visible:.1f} points "
        f"between candidates, and one of {100 * relevant_loss:g} matters: the choice is uncertain."
    )


def _excluded(files: list[CandidateFile]) -> str:
    """Return which candidates the device's limits exclude; empty if none."""
    over = [f"{file.name} ({file.broken})" for file in files if file.broken]
    if not over:
        return ""
    if len(over) == len(files):
        return f" No candidate keeps the device's limits: {', '.join(over)}."
    return f" Over the device's limits: {', '.join(over)}."
