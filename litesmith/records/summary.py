"""All numbers of a report, and the part that is a reference."""

from base64 import b64decode
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from litesmith.analysis.balance import Balance
from litesmith.params.section import about
from litesmith.records.baseline import BaselineResult
from litesmith.records.convert import ConvertResult
from litesmith.records.device import FileLatency, LatencyResult
from litesmith.records.evaluate import EvaluateResult
from litesmith.records.figures import AccuracyChange
from litesmith.records.final.network import Network
from litesmith.records.final.tradeoff import Tradeoff
from litesmith.records.prepare import PrepareResult
from litesmith.records.provenance import Provenance
from litesmith.records.prune import PruneResult
from litesmith.records.quantize import QuantizeResult
from litesmith.records.record import Count, Interval, Record, Share
from litesmith.records.service.judge import DecisionOutcome, GateImages, GateVerdict, Merit
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
    """The data set, and its classes in the order of the labels."""

    name: str
    license: Annotated[str | None, about("Of the data; None if it is not stated.")]
    source: Annotated[str | None, about("A page about the data; None if none is stated.")]
    synthetic: bool
    class_names: tuple[str, ...]


class HeadlineSide(Record):
    """What the headline says of one model."""

    variant: str
    accuracy: Share
    accuracy_interval: Interval
    balance: Annotated[Balance | None, about("By class; None in a result of an earlier version.")]
    worst_class: Annotated[str | None, about("The class recognized least often; None in the same case.")]
    keras_bytes: Count
    tflite_bytes: Count
    gzip_bytes: Count
    median_latency_ms: Annotated[float, about("Of the ``.tflite`` file for one image.")]


class Headline(Record):
    """Baseline and optimized model, and the optimized one's accuracy minus the baseline's."""

    baseline: HeadlineSide
    optimized: HeadlineSide
    gain: AccuracyChange


class RightAnswers(Record):
    """Which test images the final file got right.

    Attributes:
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


class Fact(Record):
    """Something known of the final file that decides nothing."""

    topic: str
    good: Annotated[bool | None, about("Whether it speaks for the model; None if that is not known.")]
    text: str


VerdictOutcome = Literal["good", "bad", "unclear"]


class Verdict(Record):
    """The decision in one sentence, and what to do next."""

    outcome: Annotated[
        VerdictOutcome,
        about("How the page marks it; ``unclear`` too where the images are synthetic."),
    ]
    sentence: Annotated[str, about("Headline of the decision.")]
    advice: str


class DecisionSummary(Record):
    """The decision without its answers, which ``reports/decision.json`` holds."""

    outcome: DecisionOutcome
    merit: Annotated[Merit | None, about("Why it is promoted; None if it is not.")]
    headline: str
    gates: tuple[GateVerdict, ...]
    images: GateImages
    released: Annotated[str | None, about("The version in service; None before the first release.")]


class Changed(Record):
    """A difference from the reference run; None where it was absent."""

    name: str
    now: str | None
    before: str | None


class Cause(Record):
    """Something that differs from the reference run and may explain another result."""

    topic: Annotated[str, about("Such as ``Limits`` or ``Code``.")]
    text: str


class SinceReference(Record):
    """What changed since the reference run, which made the model in service."""

    final: str
    accuracy: Annotated[AccuracyChange, about("Final file minus the reference's.")]
    paired: Annotated[bool, about("Whether both were compared image by image.")]
    same_run: Annotated[bool, about("Whether the final file is the reference's own.")]
    raw_share: Annotated[float, about("Bytes of the final file as a share of the reference's.")]
    gzip_share: Annotated[float, about("The same after gzip.")]
    data: tuple[Changed, ...]
    parameters: tuple[Changed, ...]
    versions: tuple[Changed, ...]
    hosts: tuple[Changed, ...]
    inputs: Annotated[tuple[Changed, ...], about("Hashes of the files that the report read.")]
    causes: Annotated[tuple[Cause, ...], about("What may have caused it, the weightiest first.")] = ()


class Summary(Record):
    """All numbers of one report: ``reports/summary.json``, and the element ``summary`` of the page.

    Accuracies and shares are fractions from 0 to 1, sizes are bytes, latencies milliseconds.
    """

    kind: Annotated[Literal["litesmith summary"], about("Tells the file from others.")]
    schema_version: Annotated[Literal[4], about("Goes up when a field that a reader relies on changes.")]
    dataset: DatasetSummary
    final: str
    headline: Headline
    right: Annotated[RightAnswers, about("Which test images the final file got right.")]
    results: Results
    network: Annotated[Network, about("Of the final file, operator by operator.")]
    tradeoff: Annotated[Tradeoff, about("Accuracy on validation against size, of all files.")]
    histories: Annotated[
        dict[str, dict[str, tuple[float | None, ...]]],
        about("Columns by model; null where a value is missing."),
    ]
    provenance: dict[str, Provenance]
    inputs: Annotated[dict[str, str], about("SHA-256 of each file that was read, by path.")]
    decision: DecisionSummary
    verdict: Verdict
    facts: Annotated[tuple[Fact, ...], about("On the test images, files and data; they decide nothing.")]
    since_reference: Annotated[SinceReference | None, about("None without a reference run.")]


class NetworkSize(Record):
    """What tells one network from another at a glance."""

    num_parameters: Count
    macs: Annotated[Count, about("Multiply-accumulates for one image.")]


class Reference(Record):
    """The part of a summary that later reports compare with."""

    kind: Literal["litesmith reference"]
    schema_version: Literal[3]
    final: str
    optimized: HeadlineSide
    right: RightAnswers
    latency: FileLatency
    data: Annotated[dict[str, str], about("Name, facts of the files, hashes of the splits.")]
    provenance: dict[str, Provenance]
    inputs: dict[str, str]
    baseline: Annotated[
        NetworkSize | None, about("Of the baseline; None in a record of an earlier version.")
    ] = None
