"""What candidate and version in service answer to the gate images."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from litesmith.data.rows import read_rows
from litesmith.data.splits import Split, read_split
from litesmith.errors import DataError, InvalidError
from litesmith.judging.changed import changed_images
from litesmith.judging.decide import Subject
from litesmith.judging.packing import pack_answers
from litesmith.judging.regressions import RegressionSet
from litesmith.judging.released import Released, other_form
from litesmith.judging.scores import score_histogram
from litesmith.judging.timing import Timing, time_in_turns
from litesmith.params.sections.judge import JudgeParams
from litesmith.records.device import LimitCheck
from litesmith.records.service.changed import ChangedImages
from litesmith.records.service.judge import (
    Evidence,
    GateImages,
    JudgedFile,
    LatencyFacts,
    RegressionAnswer,
)
from litesmith.tflite.metadata import Metadata
from litesmith.tflite.runtime import LiteModel

Labels = NDArray[np.uint8]


@dataclass(frozen=True)
class Candidate:
    """The final file of a run.

    Attributes:
        file: Name, hash and size.
        path: Of the file.
        metadata: What lies beside it.
        keras: Classes that its Keras model gave to the gate images, uint8 (n,).
        limits: Of the device, and what the file takes.
    """

    file: JudgedFile
    path: Path
    metadata: Metadata
    keras: Labels
    limits: tuple[LimitCheck, ...]


@dataclass(frozen=True)
class Night:
    """What a candidate was made from and for.

    Attributes:
        dataset: Key of the data set.
        device: Name of the device.
        max_latency_ms: Its limit on time.
        validated: Whether the data passed their validation.
        synthetic: Whether a program drew the images.
    """

    dataset: str
    device: str
    max_latency_ms: float
    validated: bool
    synthetic: bool


@dataclass(frozen=True)
class GateSplit:
    """The gate images, with the digests of their pixels before they were fitted."""

    split: Split
    digests: tuple[str, ...]


@dataclass(frozen=True)
class Seen:
    """What was seen of two files.

    Attributes:
        subject: What is decided on.
        timing: Of the files in turns; None where nothing was timed.
        changed: Pictures of what the candidate gains and loses.
    """

    subject: Subject
    timing: Timing | None
    changed: ChangedImages


def read_gate(folder: Path, rows: Path) -> GateSplit:
    """Return the gate images, and of the tables of intake their digests.

    Raises:
        DataError: A file is missing or another, or they do not belong together.
    """
    split, every = read_split(folder), read_rows(rows)
    ids = split.ids.tolist()
    if max(ids, default=-1) >= len(every):
        raise DataError(
            f"{rows} has {len(every)} rows, and {folder} names row {max(ids)}. Run prepare again."
        )
    return GateSplit(split, tuple(every[row].digest for row in ids))


def read_keras_answers(path: Path, gate: Split, model: str) -> Labels:
    """Return the classes that a Keras model gave to the gate images, uint8 (n,).

    Raises:
        DataError: The file holds the answers of another model, or to other images.
    """
    with np.load(path, allow_pickle=False) as arrays:
        name, ids, probabilities = (arrays[part] for part in ("model", "ids", "probabilities"))
    if str(name) != model or not np.array_equal(ids, gate.ids):
        raise DataError(
            f"{path} holds the answers of {name} to {len(ids)} images, expected those of {model} to the "
            f"{len(gate.ids)} gate images. Run convert again."
        )
    return _classes(probabilities)


def see(
    night: Night, candidate: Candidate, released: Released | None, gate: GateSplit,
    regressions: RegressionSet, params: JudgeParams, max_changed: int,
) -> Seen:  # fmt: skip
    """Let both files answer the gate images, and time them.

    Gate images that the version in service learned from are left out. Of those that one file alone gets
    right ``max_changed`` of each kind are kept as pictures.

    Raises:
        DataError: A file cannot be run.
        InvalidError: Too few images are left, or the host is too loaded to time.
    """
    learned = released.train_digests if released else frozenset()
    kept = np.flatnonzero([digest not in learned for digest in gate.digests])
    num_left_out = len(gate.digests) - len(kept)
    split = _rows(gate.split, kept)
    labels, images = split.labels, split.images
    _require_enough(labels, num_left_out, candidate.metadata.class_names, params)
    now, before = LiteModel(candidate.path), LiteModel(released.path) if released else None
    other = other_form(candidate.metadata, now, released, before) if released and before else None
    rival = before if other is None else None
    timing = _timing(now, rival, images, params)
    probabilities = now.probabilities(images)
    other_probabilities = rival.probabilities(images) if rival else None
    evidence = Evidence(
        class_names=candidate.metadata.class_names,
        answers=pack_answers(
            labels,
            _classes(probabilities),
            None if other_probabilities is None else _classes(other_probabilities),
            candidate.keras[kept],
        ),
        regression=_regression(now, rival, regressions),
        limits=candidate.limits,
        latency=_facts(timing, night, params),
        validated=night.validated,
        synthetic=night.synthetic,
        other_form=other,
    )
    subject = Subject(
        dataset=night.dataset,
        device=night.device,
        candidate=candidate.file,
        released=released.file if released else None,
        prior=released.prior if released else None,
        gate=GateImages(
            num_images=len(kept),
            sha256=hashlib.sha256(
                "".join(f"{gate.digests[row]}\n" for row in kept).encode()
            ).hexdigest(),
            num_left_out=num_left_out,
        ),
        scores=score_histogram(probabilities),
        evidence=evidence,
    )
    return Seen(subject, timing, changed_images(split, other_probabilities, probabilities, max_changed))


def _rows(split: Split, rows: NDArray[np.intp]) -> Split:
    return Split(
        np.asarray(split.images[rows]), np.asarray(split.labels[rows]), np.asarray(split.ids[rows])
    )


def _require_enough(
    labels: Labels, num_left_out: int, class_names: tuple[str, ...], params: JudgeParams
) -> None:
    """Raise `InvalidError` if there are too few gate images."""
    counts = np.bincount(labels, minlength=len(class_names)).tolist()
    few = [
        f"{name}: {num}"
        for name, num in zip(class_names, counts, strict=True)
        if num < params.min_class_images
    ]
    left_out = f"{num_left_out} were left out, as the version in service learned from them"
    if len(labels) < params.min_images:
        raise InvalidError(
            f"{len(labels)} gate images are left, and judge.min_images asks for {params.min_images}; "
            f"{left_out}. Add images (`python -m tasks add`)."
        )
    if few:
        raise InvalidError(
            f"some classes have fewer than {params.min_class_images} gate images "
            f"(judge.min_class_images): {', '.join(few)}; {left_out}. Add images of these classes "
            "(`python -m tasks add`)."
        )


def _timing(
    now: LiteModel, rival: LiteModel | None, images: NDArray[np.uint8], params: JudgeParams
) -> Timing | None:
    """Time the files; `InvalidError` if the host was loaded each time."""
    if not params.latency.timed:
        return None
    timing = time_in_turns(now, rival, images, params.latency)
    if doubt := timing.doubt(params.latency):
        raise InvalidError(
            f"this host is too loaded to time the files: {doubt}, {params.latency.attempts} times in a "
            "row. Run again when nothing else runs; with judge.latency.timed off no time counts."
        )
    return timing


def _facts(timing: Timing | None, night: Night, params: JudgeParams) -> LatencyFacts | None:
    if timing is None:
        return None
    slower = None if timing.ratio is None else timing.ratio > params.latency.max_slowdown
    return LatencyFacts(fits=timing.candidate_ms <= night.max_latency_ms, slower=slower)


def _regression(
    now: LiteModel, rival: LiteModel | None, regressions: RegressionSet
) -> tuple[RegressionAnswer, ...]:
    """Let the files answer the pictures that once went wrong."""
    given, before = _answers(now, regressions.images), _answers(rival, regressions.images)
    return tuple(
        RegressionAnswer(
            file=file,
            label=int(regressions.labels[row]),
            candidate=int(given[row]),
            released=None if before is None else int(before[row]),
        )
        for row, file in enumerate(regressions.files)
        if given is not None
    )


def _answers(model: LiteModel | None, images: NDArray[np.uint8]) -> Labels | None:
    """Return the classes that a file gives, uint8 (n,); None without a file."""
    return None if model is None else _classes(model.probabilities(images))


def _classes(probabilities: NDArray[np.float32]) -> Labels:
    classes: Labels = probabilities.argmax(axis=1).astype(np.uint8)
    return classes
