"""The decision on a night's file: promote it or not, and why."""

from typing import Annotated, Literal

from pydantic import Field

from litesmith.analysis.intervals import Estimate
from litesmith.analysis.paired import Difference
from litesmith.params.section import about
from litesmith.params.sections.judge import JudgeParams
from litesmith.records.device import LimitCheck
from litesmith.records.provenance import Host
from litesmith.records.record import Count, Record, Share

DecisionOutcome = Literal["promote", "keep", "undecided", "in service", "not comparable"]
"""What `judge` may find; a night that cannot be judged leaves no decision."""

Merit = Literal["first", "better", "smaller", "asked for"]
"""Why a file is promoted: there was none, it is better, or it is no worse and smaller or asked for."""

Packed = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9+/]*={0,2}$", json_schema_extra={"contentEncoding": "base64"}),
]
"""Bytes, deflated by zlib, in Base64."""


class GateVerdict(Record):
    """What one gate found."""

    name: Annotated[str, about("Of the gate in its registry, such as ``floor``.")]
    passed: Annotated[bool | None, about("None if the gate cannot tell.")]
    text: Annotated[str, about("A sentence: what was seen, and what was asked for.")]


class JudgedFile(Record):
    """A file that took part in a decision."""

    name: Annotated[str, about("Such as ``pruned-int8``.")]
    sha256: str
    bytes: Count
    version: Annotated[str | None, about("In the registry; None of a candidate.")]


class GateImages(Record):
    """The images that a decision rests on."""

    num_images: Count
    sha256: Annotated[str, about("Over the digests of their pixels, in order.")]
    num_left_out: Annotated[Count, about("Left out, as the released model had learned from them.")]


class Comparison(Record):
    """The candidate against the file in service, on the same gate images."""

    candidate: Annotated[Estimate, about("Its accuracy.")]
    released: Annotated[Estimate, about("Accuracy of the file in service.")]
    num_gained: Annotated[Count, about("Images that the candidate alone got right.")]
    num_lost: Annotated[Count, about("Images that the file in service alone got right.")]
    difference: Annotated[Difference, about("Accuracy of the candidate minus the other's.")]
    p_better: Annotated[Share, about("Of McNemar's exact test that the candidate is better.")]
    p_worse: Annotated[Share, about("Of the test that it is worse.")]
    smallest_gain: Annotated[float, about("The smallest gain that these images could show.")]


class ClassChange(Record):
    """One class under the candidate and under the file in service."""

    name: str
    num_images: Count
    num_gained: Count
    num_lost: Annotated[Count, about("Right before, and now wrong: negative flips.")]
    p_worse: Annotated[Share, about("Of McNemar's exact test, adjusted by Holm for all classes.")]
    flips: Annotated[Estimate, about("Share of the images lost; its ends are exact one-sided bounds.")]


class Changes(Record):
    """What the candidate changes against the file in service, over all and by class."""

    comparison: Comparison
    flips: Annotated[Estimate, about("Negative flips as a share of all images, with exact bounds.")]
    classes: tuple[ClassChange, ...]


class Answers(Record):
    """The classes that models gave to the gate images, a byte each.

    Those of models are stored XOR the true ones: mostly zeros, which take hardly any room.
    """

    num_images: Count
    labels: Annotated[Packed, about("True classes.")]
    candidate: Packed
    released: Packed | None
    keras: Annotated[Packed, about("Of the Keras model that the candidate was made from.")]


class RegressionAnswer(Record):
    """A picture that once went wrong, and the classes given to it."""

    file: str
    label: Count
    candidate: Count
    released: Count | None


class LatencyFacts(Record):
    """What the timing found, without its numbers, which differ from run to run."""

    fits: Annotated[bool, about("Whether the median keeps the device's limit.")]
    slower: Annotated[
        bool | None, about("Whether it is slower than allowed; None without another file.")
    ]


class PriorDecision(Record):
    """The decision that put the present file into service."""

    sha256: Annotated[str, about("Of its file.")]
    headline: str
    limits: tuple[LimitCheck, ...]


class Evidence(Record):
    """All that gates look at besides the two files' sizes."""

    class_names: tuple[str, ...]
    answers: Answers
    regression: tuple[RegressionAnswer, ...]
    limits: Annotated[tuple[LimitCheck, ...], about("Of the device, and what the candidate takes.")]
    latency: LatencyFacts | None
    validated: Annotated[bool, about("Whether the data passed their validation.")]
    synthetic: Annotated[bool, about("Whether a program drew the images.")]
    other_form: Annotated[
        str | None, about("How form or classes differ from those of the file in service; None if equal.")
    ]


class ScoreHistogram(Record):
    """How sure a file was of its answers to the gate images.

    A device compares its own answers with it, to see drift.
    """

    bin_width: Annotated[float, about("From 0; the last bin holds 1 too.")]
    num_images: Count
    overall: Annotated[tuple[Count, ...], about("Images by the score of the likeliest class.")]
    by_class: Annotated[tuple[tuple[Count, ...], ...], about("The same for each predicted class.")]


class Decision(Record):
    """The result of the step ``judge``, from which it can be replayed."""

    kind: Literal["litesmith decision"]
    schema_version: Literal[1]
    outcome: DecisionOutcome
    merit: Annotated[Merit | None, about("Why it is promoted; None if it is not.")]
    headline: Annotated[str, about("The outcome in one sentence.")]
    reasons: tuple[GateVerdict, ...]
    dataset: Annotated[str, about("Key of the data set, such as ``fashion-mnist``.")]
    device: Annotated[str, about("Key of the device, such as ``wearable``.")]
    candidate: JudgedFile
    released: Annotated[JudgedFile | None, about("In service; None before the first release.")]
    prior: Annotated[PriorDecision | None, about("Put it there; None before the first release.")]
    gate: GateImages
    changes: Annotated[Changes | None, about("None where there is nothing to compare with.")]
    scores: Annotated[ScoreHistogram | None, about("Of the candidate; None if not recorded.")]
    thresholds: JudgeParams
    evidence: Evidence

    @property
    def share_discordant(self) -> float | None:
        """Share of images that one of two files alone got right."""
        if self.changes is None:
            return None
        seen = self.changes.comparison
        return (seen.num_gained + seen.num_lost) / self.gate.num_images


class TimedFile(Record):
    """Milliseconds for one image of one of two files that took turns."""

    name: str
    median_ms: float


class JudgeLatency(Record):
    """The timings behind a decision; none where nothing was timed."""

    host: Host
    files: tuple[TimedFile, ...]
    limit_ms: float
    ratio: Annotated[float | None, about("Of the candidate's time to the other's, median of rounds.")]
    ratio_interval: tuple[float, float] | None
    waiting: Annotated[Share, about("Share of the timed seconds without a processor.")]
