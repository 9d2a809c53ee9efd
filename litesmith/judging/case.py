"""A candidate as the gates see it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from litesmith.judging.changes import compare
from litesmith.judging.packing import unpack_answers
from litesmith.records.device import LimitCheck
from litesmith.records.service.judge import Changes, Evidence, JudgedFile, LatencyFacts, RegressionAnswer

Labels = NDArray[np.uint8]


@dataclass(frozen=True)
class Case:
    """A candidate, and the file in service if it can be compared.

    Attributes:
        class_names: In the order of the labels.
        labels: True classes of the gate images, uint8 (n,).
        candidate: Classes that the candidate gave, uint8 (n,).
        keras: Those of its Keras model.
        candidate_bytes: Of the file.
        released_bytes: Of the file in service; None without one.
        changes: Against that file; None without one that can be compared.
        regression: Pictures that once went wrong.
        limits: Of the device, and what the candidate takes.
        latency: None where nothing was timed.
        validated: Whether the data passed their validation.
        synthetic: Whether a program drew the images.
    """

    class_names: tuple[str, ...]
    labels: Labels
    candidate: Labels
    keras: Labels
    candidate_bytes: int
    released_bytes: int | None
    changes: Changes | None
    regression: tuple[RegressionAnswer, ...]
    limits: tuple[LimitCheck, ...]
    latency: LatencyFacts | None
    validated: bool
    synthetic: bool


def make_case(
    evidence: Evidence, candidate: JudgedFile, released: JudgedFile | None, level: float
) -> Case:
    """Return what the gates look at.

    Raises:
        DataError: The answers do not fit together.
    """
    labels, now, before, keras = unpack_answers(evidence.answers)
    comparable = before is not None and evidence.other_form is None
    return Case(
        class_names=evidence.class_names,
        labels=labels,
        candidate=now,
        keras=keras,
        candidate_bytes=candidate.bytes,
        released_bytes=released.bytes if released else None,
        changes=compare(labels, now, before, evidence.class_names, level)
        if before is not None and comparable
        else None,
        regression=evidence.regression,
        limits=evidence.limits,
        latency=evidence.latency,
        validated=evidence.validated,
        synthetic=evidence.synthetic,
    )
