"""Files and the choice among them, as the records of the step ``convert``."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from litesmith.analysis.scores import accuracy
from litesmith.data.splits import Split
from litesmith.records.convert import (
    Calibration,
    Candidate,
    ConvertedFile,
    FinalChoice,
    Sparsity,
    TensorForm,
    WeightTensor,
)
from litesmith.tflite.conversion import LiteFile
from litesmith.tflite.runtime import Observation
from litesmith.tflite.selection import Choice


def converted_file(file: LiteFile, labels: NDArray[np.uint8]) -> ConvertedFile:
    """Return all that is known of a file.

    Args:
        file: The file.
        labels: Of the validation images, uint8 (n,).
    """
    seen = file.judgement.seen
    return ConvertedFile(
        model=file.model,
        precision=file.precision.name,
        bytes=file.size.raw_bytes,
        gzip_bytes=file.size.gzip_bytes,
        input=TensorForm(**asdict(seen.input)),
        output=TensorForm(**asdict(seen.output)),
        golden_max_error=file.judgement.golden_error,
        agreement_with_keras=file.judgement.agreement,
        validation_accuracy=accuracy(labels, seen.in_place),
        sparsity=_sparsity(seen),
        checks=tuple(file.judgement.checks),
    )


def final_choice(choice: Choice, files: Mapping[str, LiteFile], moved_px: int) -> FinalChoice:
    """Return the file chosen, the reason, and every candidate.

    Args:
        choice: The choice.
        files: All files by name.
        moved_px: Pixels that the validation images were moved each way.
    """
    size = files[choice.name].size
    return FinalChoice(
        name=choice.name,
        bytes=size.raw_bytes,
        gzip_bytes=size.gzip_bytes,
        reason=choice.reason,
        candidates={
            name: Candidate(
                accuracy=standing.accuracy,
                bytes=files[name].size.raw_bytes,
                gzip_bytes=files[name].size.gzip_bytes,
                behind_best=standing.behind.mean,
                standard_error=standing.behind.standard_error,
                within_noise=standing.within_noise,
                within_limits=standing.within_limits,
            )
            for name, standing in choice.standings.items()
        },
        moved_px=moved_px,
    )


def count_calibration(calibration: Split, num_classes: int) -> Calibration:
    """Count the calibration images of each class, and hash their ids as little-endian int64."""
    ids = np.ascontiguousarray(calibration.ids, "<i8")
    return Calibration(
        num_images=len(ids),
        per_class=tuple(np.bincount(calibration.labels, minlength=num_classes).tolist()),
        ids_sha256=hashlib.sha256(ids.tobytes()).hexdigest(),
    )


def _sparsity(seen: Observation) -> Sparsity:
    layers = tuple(
        WeightTensor(
            name=weights.name,
            shape=weights.shape,
            dtype=weights.dtype,
            num_weights=weights.num_weights,
            sparsity=weights.sparsity,
        )
        for weights in seen.weights
    )
    return Sparsity(overall=seen.sparsity, layers=layers)
