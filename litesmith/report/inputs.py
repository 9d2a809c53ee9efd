"""Everything that a report may show."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from litesmith.params.sections.dataset import Description
from litesmith.params.sections.report import ReportParams
from litesmith.records.device import LimitCheck
from litesmith.records.evaluate import Variant
from litesmith.records.final.network import Network
from litesmith.records.final.tradeoff import Tradeoff
from litesmith.records.form import DataForm
from litesmith.records.provenance import Provenance
from litesmith.records.service.changed import ChangedImages
from litesmith.records.service.judge import Decision
from litesmith.records.summary import Reference, Results
from litesmith.wording import run_options

BASELINE = "baseline-keras"
"""The variant that every other is compared with."""

BASELINE_LITE = "baseline-float32"
"""Its ``.tflite`` file, whose size and latency stand for it."""


@dataclass(frozen=True)
class Predictions:
    """The answers of the variants to the test images.

    Attributes:
        labels: True classes, (n,).
        predicted: Predicted classes by variant, each (n,).
        confidence: Probability of the predicted class by variant, each (n,), 0 to 1.
        error_rows: Test rows that some variant got wrong and whose images are there, (k,).
        error_images: Their images, uint8 (k, height, width, channels).
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
    """The contents of a report's input files.

    Attributes:
        dataset: What its file says of the data set.
        form: What its images look like, and its classes in the order of their labels.
        histories: Of ``baseline``, ``tuned``, ``pruned``, and ``teacher`` if there is one.
        baseline_summary: Keras' table of the baseline's layers.
        decision: Of the step `judge`, on the final file.
        network: Of the final file, as it stands in it.
        tradeoff: Accuracy on validation against size, of all files.
        changed: Pictures of gate images that the final file answers unlike the one in service.
        provenance: By step.
        sha256: Hash of each input file, by its path.
        reference: The run to compare with, None if there is none yet.
        released: The version in service that it made; None if it is one from before there were releases.
        version_before: In service before that one; None if it is the first, or there is none.
        reference_files: What tells which run that is, as ``sha256`` names it.
        final_file: The file that goes to the device, as ``sha256`` names it.
        folder: Of the run, from the project's folder: empty, or with a slash at its end.
        relevant_loss: The smallest loss of accuracy that matters, a fraction.
    """

    dataset: Description
    form: DataForm
    results: Results
    histories: Mapping[str, History]
    predictions: Predictions
    decision: Decision
    network: Network
    tradeoff: Tradeoff
    changed: ChangedImages
    baseline_summary: str
    provenance: Mapping[str, Provenance]
    sha256: Mapping[str, str]
    reference: Reference | None
    released: str | None
    version_before: str | None
    reference_files: tuple[str, ...]
    final_file: str
    folder: str
    params: ReportParams
    relevant_loss: float

    @property
    def class_names(self) -> tuple[str, ...]:
        """What the classes are called, in the order of their labels."""
        return self.form.class_names

    @property
    def reference_name(self) -> str:
        """What the run to compare with is called in a sentence."""
        return "the model in service" if self.released else "the run before releases"

    @property
    def options(self) -> str:
        """Options with which commands choose this run, such as `` --data digits``."""
        return run_options(self.params.data, self.params.profile)

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

    def passes_of(self, file: str) -> int:
        """Return how often one answer of a file runs the winner's network."""
        variant = self.results.quantize.variants.get(self.results.convert.files[file].model)
        return variant.passes if variant else 1
