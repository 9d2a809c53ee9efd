"""Everything that a report may show."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from litesmith.params.sections.report import ReportParams
from litesmith.records.device import LimitCheck
from litesmith.records.evaluate import Variant
from litesmith.records.provenance import Provenance
from litesmith.records.summary import Reference, Results

BASELINE = "baseline-keras"
"""The variant that every other is compared with."""

BASELINE_LITE = "baseline-float32"
"""Its ``.tflite`` file, whose size and latency stand for it."""


@dataclass(frozen=True)
class Predictions:
    """The answers of the variants to the test images.

    Attributes:
        labels: True classes, uint8 (n,).
        predicted: For each variant the predicted classes, uint8 (n,).
        confidence: For each variant the probability of the predicted class, float32 (n,), 0 to 1.
        error_rows: Test rows whose pictures are there, because some variant got them wrong, int64 (k,).
        error_images: Their pictures, uint8 (k, height, width).
    """

    labels: NDArray[np.uint8]
    predicted: Mapping[str, NDArray[np.uint8]]
    confidence: Mapping[str, NDArray[np.float32]]
    error_rows: NDArray[np.int64]
    error_images: NDArray[np.uint8]


History = Mapping[str, tuple[float, ...]]
"""Columns of a training history, such as ``epoch`` and ``val_loss``; NaN where a value is missing."""


@dataclass(frozen=True)
class ReportInputs:
    """The files that a report is made from, read.

    Attributes:
        class_names: Names of the classes in the order of their labels.
        results: The result of each step.
        histories: Training histories of ``baseline``, ``tuned``, ``pruned``, and ``teacher`` if there
            is one.
        predictions: Answers of the variants.
        baseline_summary: Keras' table of the baseline's layers.
        provenance: How each step made its outputs, by step.
        sha256: Hash of each file that the report was made from, by its path.
        reference: The run to compare with, None if there is none yet.
        reference_file: Where that was read from, as ``sha256`` names it.
        params: How much the report shows.
    """

    class_names: tuple[str, ...]
    results: Results
    histories: Mapping[str, History]
    predictions: Predictions
    baseline_summary: str
    provenance: Mapping[str, Provenance]
    sha256: Mapping[str, str]
    reference: Reference | None
    reference_file: str
    params: ReportParams

    @property
    def final(self) -> str:
        """Name of the file that goes to the device."""
        return self.results.evaluate.final

    @property
    def final_variant(self) -> Variant:
        """The file that goes to the device, on the test images."""
        return self.results.evaluate.variants[self.final]

    @property
    def parent(self) -> str:
        """The Keras model that the final file was made of, as a variant."""
        return f"{self.final_variant.model}-keras"

    @property
    def limits(self) -> tuple[LimitCheck, ...]:
        """What the final file takes of each limit of the device."""
        return self.results.evaluate.limits + self.results.latency.limits

    @property
    def passes(self) -> int:
        """How often one answer of the final file runs the winner's network."""
        variant = self.results.quantize.variants.get(self.final_variant.model)
        return variant.passes if variant else 1
