"""The few figures of larger files that the flow and the commands show.

They are read without what else a file holds, so that one of an older version can be read too.
"""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from litesmith.analysis.balance import Balance
from litesmith.analysis.outcome import Outcome, outcome
from litesmith.records.final.network import Network
from litesmith.records.provenance import Host, Provenance
from litesmith.records.record import Count, Interval, Record, Share


class View(Record):
    """A part of a record; other fields of the file are ignored."""

    model_config = ConfigDict(extra="ignore")


class ClassName(View):
    """What a class is called."""

    name: str


class VariantFigures(View):
    """What one model or file reaches on the test images, and its size."""

    accuracy: Share
    accuracy_interval: Interval
    balance: Balance | None = None
    per_class: tuple[ClassName, ...] = ()
    bytes: Count
    gzip_bytes: Count

    @property
    def worst_name(self) -> str | None:
        """Name of the worst class; None if that is not recorded."""
        return self.per_class[self.balance.worst.label].name if self.balance else None


class EvaluateFigures(View):
    """The table of results: the variants by name, and which one is final."""

    final: str
    variants: dict[str, VariantFigures]


class ReportVerdict(View):
    """The decision in one sentence, as the report marks it.

    Before there were decisions the report judged by itself.
    """

    outcome: Literal["good", "bad", "unclear"]
    sentence: str


class _Version(View):
    version: str | None


class DecisionFigures(View):
    """What a decision compared its file with; None if nothing was in service."""

    released: _Version | None


class AccuracyChange(Record):
    """One accuracy minus another: a fraction, with the ends of its 95 % interval."""

    mean: float
    low: float
    high: float

    @property
    def outcome(self) -> Outcome:
        """Which of the two is better; ``even`` when the interval holds zero."""
        return outcome(self.low, self.high)


class SinceReference(View):
    """What changed since the reference run; None where the two cannot be compared."""

    accuracy: AccuracyChange | None


class _Evaluate(View):
    final: str


class _Time(View):
    median_ms: float


class _Latency(View):
    host: Host
    variants: dict[str, _Time]


class _Split(View):
    sha256: str


class _Prepare(View):
    splits: dict[str, _Split]


class StepFigures(View):
    """What the steps found of the final file, in a summary."""

    prepare: _Prepare
    evaluate: _Evaluate
    latency: _Latency

    @property
    def latency_ms(self) -> float:
        """Median time of the final file for one image."""
        return self.latency.variants[self.evaluate.final].median_ms


class SummaryFigures(View):
    """What the report judged; no change where there is no reference run."""

    verdict: ReportVerdict
    since_reference: SinceReference | None
    results: Annotated[StepFigures | None, Field(default=None)]
    network: Annotated[Network | None, Field(default=None)]
    provenance: Annotated[dict[str, Provenance], Field(default_factory=dict)]
