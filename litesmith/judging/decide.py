"""The decision on a candidate, from evidence and thresholds alone."""

from dataclasses import dataclass

from litesmith.errors import DataError
from litesmith.judging.case import Case, make_case
from litesmith.judging.gates.comparison import describe, merit
from litesmith.judging.gates.gate import unsigned_points
from litesmith.judging.gates.registry import GATES
from litesmith.judging.limits import limits_of, moved_limits
from litesmith.params.sections.judge import JudgeParams
from litesmith.records.service.judge import (
    Changes,
    Decision,
    DecisionOutcome,
    Evidence,
    GateImages,
    GateVerdict,
    JudgedFile,
    Merit,
    PriorDecision,
    ScoreHistogram,
)
from litesmith.wording import listed


@dataclass(frozen=True)
class Subject:
    """What is decided on: two files, the images, and what was seen of them."""

    dataset: str
    device: str
    candidate: JudgedFile
    released: JudgedFile | None
    prior: PriorDecision | None
    gate: GateImages
    scores: ScoreHistogram | None
    evidence: Evidence


def decide(subject: Subject, thresholds: JudgeParams) -> Decision:
    """Return the decision on a candidate.

    Raises:
        DataError: The evidence does not fit together.
    """
    case = make_case(subject.evidence, subject.candidate, subject.released, thresholds.level)
    reasons = weigh(case, thresholds)
    outcome = _outcome(subject, reasons)
    why = merit(case, thresholds) if outcome == "promote" else None
    return Decision(
        kind="litesmith decision",
        schema_version=1,
        outcome=outcome,
        merit=why,
        headline=_headline(subject, outcome, why, reasons, case.changes),
        reasons=reasons,
        dataset=subject.dataset,
        device=subject.device,
        candidate=subject.candidate,
        released=subject.released,
        prior=subject.prior,
        gate=subject.gate,
        changes=case.changes,
        scores=subject.scores,
        thresholds=thresholds,
        evidence=subject.evidence,
    )


def replay(decision: Decision) -> Decision:
    """Return what is decided on the evidence of a decision, by its own thresholds.

    Raises:
        DataError: The evidence does not fit together.
    """
    if decision.gate.num_images != decision.evidence.answers.num_images:
        raise DataError(
            f"a decision is about {decision.gate.num_images} gate images, and has answers to "
            f"{decision.evidence.answers.num_images}. Judge again."
        )
    subject = Subject(
        dataset=decision.dataset,
        device=decision.device,
        candidate=decision.candidate,
        released=decision.released,
        prior=decision.prior,
        gate=decision.gate,
        scores=decision.scores,
        evidence=decision.evidence,
    )
    return decide(subject, decision.thresholds)


def weigh(case: Case, thresholds: JudgeParams) -> tuple[GateVerdict, ...]:
    """Return the verdict of each gate that can be asked."""
    verdicts = []
    for gate in GATES:
        if not gate.compares or case.changes is not None:
            finding = gate.judge(case, thresholds)
            verdicts.append(GateVerdict(name=gate.name, **vars(finding)))
    return tuple(verdicts)


def verdict_of(reasons: tuple[GateVerdict, ...]) -> DecisionOutcome:
    """Return what gates say together.

    One that holds keeps, and one that cannot tell leaves the question open.
    """
    passed = [reason.passed for reason in reasons]
    return "keep" if False in passed else "undecided" if None in passed else "promote"


def _outcome(subject: Subject, reasons: tuple[GateVerdict, ...]) -> DecisionOutcome:
    released = subject.released
    if released is not None and released.sha256 == subject.candidate.sha256:
        return "in service"
    outcome = verdict_of(reasons)
    return "not comparable" if outcome == "promote" and subject.evidence.other_form else outcome


def _headline(
    subject: Subject,
    outcome: DecisionOutcome,
    why: Merit | None,
    reasons: tuple[GateVerdict, ...],
    changes: Changes | None,
) -> str:
    """Return the outcome in one sentence, with a second one where limits were changed."""
    name, held = subject.candidate.name, [reason for reason in reasons if reason.passed is False]
    open_ones = [reason for reason in reasons if reason.passed is None]
    version = subject.released.version if subject.released else None
    if outcome == "in service":
        told = f" {subject.prior.headline}" if subject.prior else ""
        sentence = f"{name} is in service already, as {version}.{told}"
    elif outcome == "promote":
        seen = f": {describe(changes.comparison)}" if changes else ""
        sentence = f"Promote {name}: it is {_WORDS[why or 'first'].format(version=version)}{seen}."
    elif outcome == "not comparable":
        sentence = (
            f"{name} cannot be compared with {version} ({subject.evidence.other_form}): it passes the "
            "gates of a first release, and a person promotes it."
        )
    elif outcome == "keep":
        kept = f"Keep {version}" if version else "Release nothing"
        sentence = f"{kept}: {name} is held by {listed([reason.name for reason in held])}."
    else:
        told = f"{listed([reason.name for reason in open_ones])} cannot tell"
        least = changes.comparison.smallest_gain if changes else 0.0
        if changes and "comparison" in {reason.name for reason in open_ones}:
            told += f", as these images show a gain from {unsigned_points(least)} on"
        sentence = f"Undecided on {name}: {told}."
    before = limits_of(subject.prior.limits) if subject.prior else {}
    moved = moved_limits(subject.evidence.limits, before)
    if moved is None or outcome == "in service":
        return sentence
    return f"{sentence} The limits were {moved.how} ({moved.which}); {moved.then}."


_WORDS: dict[Merit, str] = {
    "first": "the first for this data set and device, and passes the gates of a first release",
    "better": "better than {version}",
    "smaller": "no worse than {version} by what matters, and smaller",
    "asked for": "no worse than {version} by what matters",
}
