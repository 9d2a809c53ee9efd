"""The decision of the step `judge` as the page tells it, and what follows."""

from litesmith.records.service.judge import Decision, DecisionOutcome
from litesmith.records.summary import DecisionSummary, Verdict, VerdictOutcome
from litesmith.report.action import advice
from litesmith.report.inputs import ReportInputs
from litesmith.wording import count

_MARKS: dict[DecisionOutcome, VerdictOutcome] = {
    "promote": "good",
    "in service": "good",
    "keep": "bad",
    "undecided": "unclear",
    "not comparable": "unclear",
}


def verdict_on(inputs: ReportInputs) -> Verdict:
    """Return the decision in one sentence, with the command that follows.

    Synthetic images say nothing about a model, whatever was decided.
    """
    decision, synthetic = inputs.decision, inputs.results.validate.dataset.synthetic
    return Verdict(
        outcome="unclear" if synthetic else _MARKS[decision.outcome],
        sentence=decision.headline,
        advice=advice(inputs),
    )


def summarize_decision(decision: Decision) -> DecisionSummary:
    """Return a decision without answers and thresholds."""
    return DecisionSummary(
        outcome=decision.outcome,
        merit=decision.merit,
        headline=decision.headline,
        gates=decision.reasons,
        images=decision.gate,
        released=decision.released.version if decision.released else None,
    )


def ground(decision: Decision) -> str:
    """Return on what a decision rests, in short sentences."""
    images = decision.gate
    left_out = (
        f" {count(images.num_left_out)} others are left out: the version in service learned from them."
        if images.num_left_out
        else ""
    )
    itself = " The file is compared with itself." if decision.outcome == "in service" else ""
    return (
        f"In this run nothing was chosen on these {count(images.num_images)} images.{left_out}{itself}"
    )
