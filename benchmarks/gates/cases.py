"""Candidates drawn for a truth that is known, and what gates make of them."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from benchmarks.gates.populations import Population
from litesmith.judging.case import Case
from litesmith.judging.changes import compare
from litesmith.judging.decide import verdict_of, weigh
from litesmith.judging.gates.comparison import merit
from litesmith.params.section import Count, Items, Section, Share
from litesmith.params.sections.judge import JudgeParams
from litesmith.records.device import LimitCheck
from litesmith.records.service.judge import DecisionOutcome, GateVerdict, LatencyFacts, Merit

_BYTES = 100_000


class SyntheticAnswers(Section):
    """What the synthetic answers are like."""

    class_accuracies: Items[Share]
    disagreements: Items[Share]


class Config(Section):
    """All of ``gates.yaml``."""

    draws: Count
    seed: int
    num_images: Count
    synthetic: SyntheticAnswers
    gains: Items[float]
    losses: Items[float]
    flips: Items[Share]
    class_losses: Items[Share]
    quantization_flips: Share
    smaller_share: Share
    max_wrongly_better: Share
    max_held: Share
    max_loss_promoted: Share
    min_gain_promoted: Share


@dataclass(frozen=True)
class Judged:
    """The outcome on one candidate, why it would be promoted, and what each gate found."""

    outcome: DecisionOutcome
    merit: Merit | None
    reasons: tuple[GateVerdict, ...]


Judge = Callable[[Case, JudgeParams], Judged]


@dataclass(frozen=True)
class Truth:
    """What is true of a candidate.

    Attributes:
        gain: Its true accuracy minus that of the file in service.
        label: The only class that changes; None for all.
        smaller: Whether its file is smaller.
    """

    gain: float
    label: int | None = None
    smaller: bool = False


@dataclass(frozen=True)
class Result:
    """What became of the candidates drawn for one truth.

    Attributes:
        answers: Of which files.
        disagreement: Images that one of the two alone gets right, where there is no difference.
        gain: The truth.
        outcomes: Share of the draws by outcome.
        better: Share that was found to be better, whatever else held it.
        held: Share held by each gate: by the comparison where it finds the candidate worse, by any other
            where it does not let it pass.
    """

    answers: str
    disagreement: float
    gain: float
    label: int | None
    smaller: bool
    outcomes: dict[str, float]
    better: float
    held: dict[str, float]

    @property
    def promoted(self) -> float:
        """Share that was promoted."""
        return self.outcomes.get(_PROMOTE, 0.0)


_PROMOTE: DecisionOutcome = "promote"


def by_gates(case: Case, thresholds: JudgeParams) -> Judged:
    """Judge as the pipeline does."""
    reasons = weigh(case, thresholds)
    return Judged(verdict_of(reasons), merit(case, thresholds), reasons)


def run(
    population: Population, truth: Truth, config: Config, thresholds: JudgeParams, judge: Judge,
    rng: Generator,
) -> Result:  # fmt: skip
    """Draw candidates and judge them."""
    outcomes: Counter[str] = Counter()
    held: Counter[str] = Counter()
    better = 0
    for _ in range(config.draws):
        judged = judge(draw(population, truth, config, thresholds, rng), thresholds)
        outcomes[judged.outcome] += 1
        better += judged.merit == "better"
        held.update(reason.name for reason in judged.reasons if _holds(reason))
    return Result(
        answers=population.name,
        disagreement=population.disagreement,
        gain=truth.gain,
        label=truth.label,
        smaller=truth.smaller,
        outcomes={name: number / config.draws for name, number in sorted(outcomes.items())},
        better=better / config.draws,
        held={name: number / config.draws for name, number in sorted(held.items())},
    )


def draw(
    population: Population, truth: Truth, config: Config, thresholds: JudgeParams, rng: Generator
) -> Case:
    """Draw gate images, and a candidate with the answers that the truth gives it.

    Image by image a coin decides which of the two files is in service: so there is no difference, and
    they disagree as often as they do. Then some wrong answers of the candidate are mended, or right ones
    spoilt, as many as the truth says.
    """
    num, num_classes = config.num_images, int(population.labels.max()) + 1
    rows = rng.integers(len(population.labels), size=num)
    labels, coin = population.labels[rows], rng.random(num) < 0.5
    one, other = population.one[rows], population.other[rows]
    now, before = np.where(coin, one, other), np.where(coin, other, one)
    concerned = np.ones(num, bool) if truth.label is None else labels == truth.label
    members = (
        np.ones(len(population.labels), bool)
        if truth.label is None
        else population.labels == truth.label
    )
    accuracy = float((population.one[members].mean() + population.other[members].mean()) / 2)
    if truth.gain > 0:
        now = now | (concerned & (rng.random(num) < truth.gain / (1 - accuracy)))
    elif truth.gain < 0:
        now = now & ~(concerned & (rng.random(num) < -truth.gain / accuracy))
    keras = now ^ (rng.random(num) < config.quantization_flips)
    wrong = ((labels + 1) % num_classes).astype(np.uint8)
    candidate, released = np.where(now, labels, wrong), np.where(before, labels, wrong)
    names = tuple(f"class {label}" for label in range(num_classes))
    return Case(
        class_names=names,
        labels=labels,
        candidate=candidate,
        keras=np.where(keras, labels, wrong),
        candidate_bytes=round(_BYTES * config.smaller_share) if truth.smaller else _BYTES,
        released_bytes=_BYTES,
        changes=compare(labels, candidate, released, names, thresholds.level),
        regression=(),
        limits=tuple(_kept(name) for name in thresholds.device.required),
        latency=LatencyFacts(fits=True, slower=False),
        validated=True,
        synthetic=False,
    )


def _holds(reason: GateVerdict) -> bool:
    """Tell whether a gate holds a candidate; a comparison that cannot tell does not."""
    return reason.passed is False or (reason.passed is None and reason.name != "comparison")


def _kept(name: str) -> LimitCheck:
    return LimitCheck(name=name, label=name, unit="", limit=1.0, measured=0.0, met=True, reason=None)
