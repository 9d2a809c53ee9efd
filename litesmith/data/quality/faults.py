"""Faults of single images, each with its reason in words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from litesmith.data.quality.copies import Pairs
from litesmith.data.quality.intake import Intake
from litesmith.data.quality.measures import Measures

LABEL, CONSTANT, NEAR_EMPTY = "label", "constant", "near-empty"
KNOWN, CONFLICT, COPY, GROUP = "known", "conflict", "near-copy", "group"

_NONE = -1


class Fault(NamedTuple):
    """What is wrong with an image: the kind, and the reason in words.

    ``other`` is the row of the image that it is a copy of, -1 for none.
    """

    kind: str
    reason: str
    other: int = _NONE


Found = dict[int, Fault]
"""The fault of a row."""

# Of two near-copies of the first batch the one whose place is first here is left out.
HELD_BACK = ("validation", "gate", "test")
PLACES = ("", "train", *HELD_BACK)
_SHARE_OF_USUAL, _RAREST = 0.1, 0.01


@dataclass(frozen=True)
class Faults:
    """Faults of a batch's images, at most one each, ascending by row.

    Attributes:
        rows: In the intake, int64 (n,).
        kinds: Of each.
        reasons: Of each, in words.
        others: The row that each is a copy of, -1 for none, int64 (n,).
    """

    rows: NDArray[np.int64]
    kinds: tuple[str, ...]
    reasons: tuple[str, ...]
    others: NDArray[np.int64]

    def __iter__(self) -> Iterator[tuple[int, str, str]]:
        """Yield row, kind and reason."""
        return zip(self.rows.tolist(), self.kinds, self.reasons, strict=True)


@dataclass(frozen=True)
class Known:
    """What is known of accepted images: their first row, by digest."""

    intake: Intake
    places: NDArray[np.str_]
    rows: Mapping[str, int]


def as_faults(found: Found) -> Faults:
    """Return faults from kind and reason by row."""
    rows = sorted(found)
    return Faults(
        np.array(rows, np.int64),
        tuple(found[row].kind for row in rows),
        tuple(found[row].reason for row in rows),
        np.array([found[row].other for row in rows], np.int64),
    )


def least_ink(measures: Measures) -> float:
    """Return a tenth of the ink that nearly all images have, as a share."""
    shares = measures.column("ink share")
    return _SHARE_OF_USUAL * float(np.quantile(shares, _RAREST)) if len(shares) else 0.0


def own_faults(intake: Intake, span: slice, measures: Measures, min_ink_share: float) -> Found:
    """Return the faults that images of a batch have by themselves.

    Args:
        intake: With all images.
        span: The batch's rows.
        measures: Of the batch's images.
        min_ink_share: Share of ink below which an image is near-empty.
    """
    labels = intake.labels[span]
    ink = measures.column("ink share").astype(np.float64)
    faults: Found = {}
    for offset in np.flatnonzero((labels < 0) | (measures.extent == 0) | (ink < min_ink_share)).tolist():
        if labels[offset] < 0:
            given = intake.foreign.get(span.start + offset)
            label = "its label" if given is None else f"its label {given!r}"
            fault = Fault(LABEL, f"{label} is none of the classes")
        elif measures.extent[offset] == 0:
            fault = Fault(CONSTANT, "all its pixels are the same")
        else:
            unlike = f"{ink[offset]:.2%} of its pixels are unlike the ground"
            fault = Fault(NEAR_EMPTY, f"near-empty: {unlike}")
        faults[span.start + offset] = fault
    return faults


def copy_faults(known: Known, rows: list[int]) -> Found:
    """Return which images have the pixels of a known or earlier one.

    Of images with the same pixels and label the first stays, of those with different labels none.

    Args:
        known: The accepted images.
        rows: Of a batch, in the order in which they count as first.
    """
    intake = known.intake
    digests, labels = intake.digests, intake.labels
    first: dict[str, int] = {}
    mixed: dict[str, tuple[int, int]] = {}
    for row in rows:
        earlier = first.setdefault(digests[row], row)
        if labels[row] != labels[earlier]:
            mixed.setdefault(digests[row], (earlier, row))
    faults: Found = {}
    for row in rows:
        other = known.rows.get(digests[row])
        if other is None and digests[row] in mixed:
            other = next(side for side in mixed[digests[row]] if labels[side] != labels[row])
        elif other is None:
            other = first[digests[row]]
        if other != row:
            faults[row] = _same_pixels(known, row, other)
    return faults


def group_faults(places: NDArray[np.str_], rows: list[int]) -> Found:
    """Return which rows have no place: their group or pixels have another."""
    reason = "images of its group, or with its pixels, are in another split"
    return {row: Fault(GROUP, reason) for row in rows if not places[row]}


def near_copy_faults(known: Known, pairs: Pairs) -> Found:
    """Return the faults of near-copies, each with the one that it is most like."""
    faults: Found = {}
    order = np.lexsort((pairs.others, -pairs.correlations))
    for row, other, likeness in zip(
        pairs.rows[order].tolist(),
        pairs.others[order].tolist(),
        pairs.correlations[order].tolist(),
        strict=True,
    ):
        where, place = known.intake.where(other), known.places[other]
        reason = f"a near-copy (correlation {likeness:.4f}) of {where}, which is in {place}"
        faults.setdefault(row, Fault(COPY, reason, other))
    return faults


def _same_pixels(known: Known, row: int, other: int) -> Fault:
    intake = known.intake
    same = f"the same pixels as {intake.where(other)}"
    if intake.labels[row] != intake.labels[other]:
        names = f"{intake.label_name(other)}, not {intake.label_name(row)}"
        return Fault(CONFLICT, f"{same}, whose label is {names}", other)
    held_back = known.places[other] in HELD_BACK
    place = f", which is held back in {known.places[other]}" if held_back else ""
    return Fault(KNOWN, f"{same}{place}", other)
