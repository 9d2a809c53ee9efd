"""The decision of the step `judge` as the page tells it, and what follows."""

from typing import Literal

from litesmith.documents.formats import count
from litesmith.records.service.judge import Decision, DecisionOutcome
from litesmith.records.summary import DecisionSummary, Verdict
from litesmith.report.inputs import ReportInputs

_MARKS: dict[DecisionOutcome, Literal["good", "bad", "unclear"]] = {
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
        advice=_advice(inputs, synthetic),
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


def promote_command(inputs: ReportInputs) -> str:
    """Return the command that puts the final file in service."""
    return f"python -m tasks promote{inputs.options}"


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
        f"Nothing was chosen on these {count(images.num_images)} images.{left_out}{itself} One seed: "
        "another training of the same recipe may do better or worse."
    )


def _advice(inputs: ReportInputs, synthetic: bool) -> str:
    decision, command = inputs.decision, promote_command(inputs)
    if decision.outcome == "promote":
        return f"`{command}` puts it in service."
    if decision.outcome == "in service":
        return "Nothing has to be done."
    if decision.outcome == "keep":
        if synthetic:
            return (
                "Run it on the real data: `make run` takes the first source in params.yaml that it "
                "reaches."
            )
        held = [reason.name for reason in decision.reasons if reason.passed is False]
        return f"Look at {_listed(held)}: each says what was seen, and what is asked for."
    who = "A person decides" if decision.outcome == "not comparable" else "A person may decide otherwise"
    return f"{who}: `{command} --by NAME --why TEXT`."


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
