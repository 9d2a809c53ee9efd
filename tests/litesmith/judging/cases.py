"""Candidates made up of counts, and the thresholds of the project; tests replace what they are about."""

from pathlib import Path
from typing import Any

import numpy as np

from litesmith.files import read_yaml
from litesmith.judging.case import Case
from litesmith.judging.changes import compare
from litesmith.judging.decide import Subject
from litesmith.judging.packing import pack_answers
from litesmith.params.loading import overlaid
from litesmith.params.sections.judge import JudgeParams
from litesmith.records.device import LimitCheck
from litesmith.records.service.judge import Evidence, GateImages, JudgedFile, LatencyFacts, PriorDecision

NAMES = ("a", "b", "c", "d")
NUM_IMAGES = 4000


def thresholds(overlay: dict[str, Any] | None = None) -> JudgeParams:
    """Return the project's section `judge`, changed by ``overlay``."""
    content = read_yaml(Path(__file__).parents[3] / "params.yaml")["judge"]
    return JudgeParams.model_validate(overlaid(content, overlay or {}))


def limit(name: str, most: float, measured: float | None) -> LimitCheck:
    """Return a limit with what a file takes of it."""
    reason = "it was not asked for" if measured is None else None
    met = None if measured is None else measured <= most
    return LimitCheck(
        name=name,
        label=name.removeprefix("max_"),
        unit="bytes",
        limit=most,
        measured=measured,
        met=met,
        reason=reason,
    )


LIMITS = tuple(
    limit(name, 1000, 900)
    for name in ("max_tflite_bytes", "max_macs", "max_activation_bytes", "max_arena_bytes")
)


def answers(
    gained: dict[int, int], lost: dict[int, int], accuracy: float = 0.95, num: int = NUM_IMAGES
) -> Any:
    """Return labels, and classes given by two files that differ on so many images of each class.

    The first is that of the candidate; the file in service has the accuracy in each class.
    """
    labels = (np.arange(num) % len(NAMES)).astype(np.uint8)
    before = labels.copy()
    for label in range(len(NAMES)):
        rows = np.flatnonzero(labels == label)
        before[rows[round(accuracy * len(rows)) :]] = (label + 1) % len(NAMES)
    now = before.copy()
    for label in range(len(NAMES)):
        wrong = np.flatnonzero((labels == label) & (before != label))[: gained.get(label, 0)]
        right = np.flatnonzero((labels == label) & (before == label))[: lost.get(label, 0)]
        now[wrong], now[right] = label, (label + 1) % len(NAMES)
    return labels, now, before


def evenly(number: int) -> dict[int, int]:
    """Return a number of images spread over the classes."""
    return {label: number // len(NAMES) + (label < number % len(NAMES)) for label in range(len(NAMES))}


def case(
    gained: int = 0, lost: int = 0, first: bool = False, accuracy: float = 0.95, **changes: Any
) -> Case:
    """Return a candidate that gains and loses images evenly over the classes, otherwise fit for release."""
    labels, now, before = answers(evenly(gained), evenly(lost), accuracy)
    values: dict[str, Any] = {
        "class_names": NAMES,
        "labels": labels,
        "candidate": now,
        "keras": now,
        "candidate_bytes": 1000,
        "released_bytes": None if first else 1000,
        "changes": None if first else compare(labels, now, before, NAMES, 0.025),
        "regression": (),
        "limits": LIMITS,
        "latency": LatencyFacts(fits=True, slower=None if first else False),
        "validated": True,
        "synthetic": False,
    }
    return Case(**{**values, **changes})


def subject(gained: int = 0, lost: int = 0, first: bool = False, **changes: Any) -> Subject:
    """Return the same as what is decided on; ``changes`` are of the evidence, or ``released_sha256``."""
    labels, now, before = answers(evenly(gained), evenly(lost))
    released = JudgedFile(
        name="old-int8", sha256=changes.pop("released_sha256", "b" * 64), bytes=1000, version="v-1"
    )
    prior = PriorDecision(
        sha256="c" * 64, headline="Promote old-int8.", limits=changes.pop("old_limits", LIMITS)
    )
    evidence: dict[str, Any] = {
        "class_names": NAMES,
        "answers": pack_answers(labels, now, None if first else before, now),
        "regression": (),
        "limits": LIMITS,
        "latency": LatencyFacts(fits=True, slower=None if first else False),
        "validated": True,
        "synthetic": False,
        "other_form": None,
    }
    return Subject(
        dataset="toys",
        device="wearable",
        candidate=JudgedFile(name="new-int8", sha256="a" * 64, bytes=1000, version=None),
        released=None if first else released,
        prior=None if first else prior,
        gate=GateImages(num_images=len(labels), sha256="d" * 64, num_left_out=0),
        scores=None,
        evidence=Evidence(**{**evidence, **changes}),
    )
