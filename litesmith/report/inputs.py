"""Everything that a report may show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from litesmith.report.records import Absent, Incomparable, Record, plain


@dataclass(frozen=True)
class Predictions:
    """What the variants said about the test images.

    Args:
        labels: True classes, uint8 (n,).
        predicted: For each variant the predicted classes, uint8 (n,).
        confidence: For each variant the probability of the predicted class, float (n,), 0 to 1.
        error_rows: Test rows whose pictures are kept, because some variant got them wrong, int (k,).
        error_images: Their pictures, uint8 (k, height, width).
    """

    labels: NDArray[np.uint8]
    predicted: Mapping[str, NDArray[np.uint8]]
    confidence: Mapping[str, NDArray[np.floating[Any]]]
    error_rows: NDArray[np.integer[Any]]
    error_images: NDArray[np.uint8]


@dataclass(frozen=True)
class ReportInputs:
    """The files that a report is made from, read.

    Args:
        class_names: Names of the classes in the order of their labels.
        results: The whole result of each step, by step.
        latency: What the evaluation measured of time.
        histories: Columns of the training histories, by model: ``epoch``, ``loss``, ``accuracy`` ...
        predictions: What the variants predicted.
        summary: Keras's summary of the baseline.
        made: How each step's outputs were made: cost, host, package versions, parameters.
        limits: What the device can take, by name.
        sha256: Hash of each file that the report was made from, by its path.
        reference: The summary of the run to compare with, None if there is none yet.
        reference_file: Where that was read from, as ``sha256`` names it.
        max_thumbnails: How many wrongly classified images to show.
        max_pairs: How many pairs of confused classes to name.
        pair_pictures: How many pictures of mistakes to show of each pair.
        calibration_bins: How many bins of confidence to compare with accuracy.
        importance_shuffles: How often to shuffle the trials' outcomes, to see what importance chance alone brings.
        profile: The profiles that the run's parameters were made with, joined by ``+``, None for the project's own.
    """

    class_names: Sequence[str]
    results: Mapping[str, Any]
    latency: Any
    histories: Mapping[str, Mapping[str, Sequence[float]]]
    predictions: Predictions
    summary: str
    made: Mapping[str, Any]
    limits: Mapping[str, float | None]
    sha256: Mapping[str, str]
    reference: Any
    reference_file: str
    max_thumbnails: int
    max_pairs: int
    pair_pictures: int
    calibration_bins: int
    importance_shuffles: int
    profile: str | None


SCHEMA_VERSION = 1
"""Of the summary that a report leaves, and reads again as the reference."""


class Records:
    """The recorded inputs of a report as `Record` objects that share one list of absences."""

    def __init__(self, inputs: ReportInputs) -> None:
        """Wrap the JSON inputs of a report."""
        self.absences: dict[str, Absent] = {}
        self.made = {
            step: Record(made, f"the record of making {step}", self.absences)
            for step, made in inputs.made.items()
        }
        self.latency = Record(inputs.latency, "the latency measurement", self.absences)
        self.reference = _reference(inputs.reference, self.absences)
        self.profile = inputs.profile
        self._results = inputs.results

    def __getitem__(self, step: str) -> Record:
        """Return the results of a step."""
        return Record(self._results.get(step, {}), f"the results of {step}", self.absences)

    def mark(self, absent: Absent) -> Markup:
        """Return what stands in the page for an absent value: a mark with the number of its reason in the page's list.

        The list stands at the page's end; the tooltip says the same to who has a pointer.
        """
        self.absences.setdefault(absent.reason, absent)
        number = list(self.absences).index(absent.reason) + 1
        return Markup('<abbr class="absent" title="{}">n/r\u00a0{}</abbr>').format(absent.reason, number)

    @property
    def final(self) -> str:
        """Name of the variant that was chosen, empty if none is recorded."""
        return str(self["evaluate"]["final"] or self["convert"]["final"]["name"] or "")

    @property
    def optimized(self) -> str:
        """Name of the model that the chosen variant was converted from, such as ``tuned`` or ``qat``."""
        return self.final.partition("-")[0]

    @property
    def passes(self) -> int:
        """How often, side by side, the final file runs the winner's network for one answer."""
        made = self["quantize"]["variants"].optional(self.optimized)
        return int(plain(made.optional("passes"), 1)) if made else 1


def _reference(content: Any, absences: dict[str, Absent]) -> Record | Absent:
    """Return the reference run's summary, or why there is none to compare with."""
    if content is None:
        return Absent("there is no reference run yet")
    version = content.get("schema_version") if isinstance(content, dict) else None
    if version != SCHEMA_VERSION:
        found = "names no schema version" if version is None else f"is of schema version {version}"
        reason = (
            f"there is a reference run, but its summary {found}, and this report reads {SCHEMA_VERSION}"
        )
        return absences.setdefault(reason, Incomparable(reason))
    return Record(content, "the reference run's summary", absences)
