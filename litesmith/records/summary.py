"""All numbers of a report for machines, and the part that later reports compare themselves with."""

from base64 import b64decode
from dataclasses import dataclass
from typing import ClassVar, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from litesmith.records.baseline import BaselineResult
from litesmith.records.convert import ConvertResult
from litesmith.records.evaluate import EvaluateResult
from litesmith.records.figures import AccuracyChange
from litesmith.records.latency import FileLatency, LatencyResult
from litesmith.records.prepare import PrepareResult
from litesmith.records.provenance import Provenance
from litesmith.records.prune import PruneResult
from litesmith.records.quantize import QuantizeResult
from litesmith.records.record import Count, Interval, Record, Share
from litesmith.records.sweep import SweepResult, SweepTiming
from litesmith.records.teach import TeachResult
from litesmith.records.validate import ValidateResult


@dataclass(frozen=True)
class Results:
    """The result of each step."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    validate: ValidateResult
    prepare: PrepareResult
    baseline: BaselineResult
    teach: TeachResult
    sweep: SweepResult
    sweep_timing: SweepTiming
    prune: PruneResult
    quantize: QuantizeResult
    convert: ConvertResult
    evaluate: EvaluateResult
    latency: LatencyResult


class DatasetSummary(Record):
    """The data set: whether a program drew its images, and its classes in the order of the labels."""

    name: str
    synthetic: bool
    class_names: tuple[str, ...]


class HeadlineSide(Record):
    """What the headline says of one model.

    Attributes:
        variant: The variant whose accuracy it is.
        accuracy: Share of the test images classified right.
        accuracy_interval: Its interval.
        keras_bytes: Size of the Keras file.
        tflite_bytes: Size of the ``.tflite`` file.
        gzip_bytes: Its size after gzip.
        median_latency_ms: Of the ``.tflite`` file for one image, on the host that timed it.
    """

    variant: str
    accuracy: Share
    accuracy_interval: Interval
    keras_bytes: Count
    tflite_bytes: Count
    gzip_bytes: Count
    median_latency_ms: float


class Headline(Record):
    """Baseline and optimized model, and the optimized one's accuracy minus the baseline's."""

    baseline: HeadlineSide
    optimized: HeadlineSide
    gain: AccuracyChange


class RightAnswers(Record):
    """Which test images the final file got right.

    Attributes:
        num_images: Test images.
        bits: One bit for each image in order, the first the highest of its byte, in Base64.
    """

    num_images: Count
    bits: str = Field(json_schema_extra={"contentEncoding": "base64"})

    @model_validator(mode="after")
    def _bit_for_each_image(self) -> Self:
        num_bytes = len(b64decode(self.bits, validate=True))
        if num_bytes != -(-self.num_images // 8):
            raise ValueError(f"holds {num_bytes} bytes for {self.num_images} images: give each one bit")
        return self


class Reason(Record):
    """One thing that the verdict rests on.

    Attributes:
        topic: In a word.
        good: Whether it speaks for the model; None if that is not known.
        text: The facts.
    """

    topic: str
    good: bool | None
    text: str


class Verdict(Record):
    """The verdict in one sentence, what to do next, and the reasons."""

    outcome: Literal["good", "bad", "unclear"]
    sentence: str
    advice: str
    reasons: tuple[Reason, ...]


class Changed(Record):
    """One thing that is not what it was in the reference run; None where it was not there at all."""

    name: str
    now: str | None
    before: str | None


class SinceReference(Record):
    """What changed since the reference run.

    Attributes:
        final: Name of the reference's final file.
        accuracy: Accuracy of the final file minus that of the reference's.
        paired: Whether both answered the same test images and were compared image by image.
        same_run: Whether this is the reference run itself.
        raw_share: Bytes of the final file as a share of the reference's.
        gzip_share: The same after gzip.
        data: Facts of the data set.
        parameters: Parameters of the steps.
        versions: Versions of packages.
        hosts: Hosts that the steps ran on.
        inputs: Hashes of the files that the report was made from.
    """

    final: str
    accuracy: AccuracyChange
    paired: bool
    same_run: bool
    raw_share: float
    gzip_share: float
    data: tuple[Changed, ...]
    parameters: tuple[Changed, ...]
    versions: tuple[Changed, ...]
    hosts: tuple[Changed, ...]
    inputs: tuple[Changed, ...]


class Summary(Record):
    """All numbers of one report: ``reports/summary.json``, and the element ``summary`` of the page.

    Accuracies and shares are fractions from 0 to 1, sizes are bytes, latencies milliseconds.

    Attributes:
        kind: Tells the file from others.
        schema_version: Goes up when something that a reader relies on is gone or means something else.
        dataset: The data set.
        final: Name of the file that goes to the device.
        headline: Baseline and optimized model.
        right: Which test images the final file got right.
        results: The result of each step, without pictures.
        histories: Columns of the training histories, by model; null where a value is missing.
        provenance: How each step made its outputs.
        inputs: SHA-256 of each file that the report was made from, by its path.
        verdict: The verdict.
        since_reference: None if there is no reference run to compare with.
    """

    kind: Literal["litesmith summary"]
    schema_version: Literal[2]
    dataset: DatasetSummary
    final: str
    headline: Headline
    right: RightAnswers
    results: Results
    histories: dict[str, dict[str, tuple[float | None, ...]]]
    provenance: dict[str, Provenance]
    inputs: dict[str, str]
    verdict: Verdict
    since_reference: SinceReference | None


class Reference(Record):
    """What a later report compares itself with, a part of the summary of a run.

    Attributes:
        kind: Tells the file from others.
        schema_version: Of this shape; that of the summary.
        final: Name of the file that went to the device.
        optimized: What the headline said of it.
        right: Which test images it got right.
        latency: Of it.
        data: What tells one data set from another: ``name``, facts of the files, hashes of the splits.
        provenance: How each step made its outputs.
        inputs: SHA-256 of each file that the report was made from, by its path.
    """

    kind: Literal["litesmith reference"]
    schema_version: Literal[2]
    final: str
    optimized: HeadlineSide
    right: RightAnswers
    latency: FileLatency
    data: dict[str, str]
    provenance: dict[str, Provenance]
    inputs: dict[str, str]
