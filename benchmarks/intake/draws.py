"""Draws of sound and faulty batches, and what became of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from benchmarks.intake.batches import Batch, Source, lit, mixed, single_faults, whole_faults
from benchmarks.intake.judging import Base
from benchmarks.intake.plan import Plan
from litesmith.data.quality.verdicts import Verdicts

Draw = Callable[[np.random.Generator], Batch]


@dataclass(frozen=True)
class Outcome:
    """What became of a batch.

    Attributes:
        held: Whether it is left out as a whole.
        rules: That it breaks.
        found: Share of its faulty images that are left out for a fault of their own.
        doubted: Share of its faulty images whose label the judge doubts.
        lost: Images without a fault that are left out for one.
    """

    held: bool
    rules: tuple[str, ...]
    found: float
    doubted: float
    lost: int


def sound_batches(base: Base, source: Source, plan: Plan) -> dict[str, object]:
    """Judge sound batches, and return how many are held."""
    kinds: dict[str, tuple[int, Callable[[int], Draw]]] = {
        "random": (plan.num_random, lambda num: lambda rng: source.draw(num, rng)),
        "other class mix": (
            plan.num_mixed,
            lambda num: lambda rng: mixed(source, num, rng, plan.max_mix_shift),
        ),
        "other brightness": (
            plan.num_lit,
            lambda num: lambda rng: lit(source, num, rng, plan.max_brightness_shift),
        ),
    }
    result: dict[str, object] = {}
    for name, (num, make) in kinds.items():
        sizes = [plan.sound_sizes[draw % len(plan.sound_sizes)] for draw in range(num)]
        outcomes = list(_judged(base, plan, name, [make(size) for size in sizes]))
        result[name] = {
            "draws": num,
            "held": sum(outcome.held for outcome in outcomes),
            "rules": sorted({rule for outcome in outcomes for rule in outcome.rules}),
            "images_left_out": sum(outcome.lost for outcome in outcomes),
            "images": sum(sizes),
        }
    return result


def whole_batches(base: Base, source: Source, plan: Plan) -> dict[str, object]:
    """Judge batches with a fault of all their images, and return the share that is held."""
    result: dict[str, object] = {}
    for name, change in whole_faults(source.num_classes).items():

        def draw(rng: np.random.Generator, change: Callable[..., Batch] = change) -> Batch:
            return change(source.draw(plan.whole_size, rng), rng)

        outcomes = list(_judged(base, plan, name, [draw] * plan.num_draws))
        result[name] = _summary(outcomes)
    return result


def single_images(base: Base, source: Source, plan: Plan) -> dict[str, dict[str, object]]:
    """Judge batches of which a share of the images is faulty, by fault and share."""
    result: dict[str, dict[str, object]] = {}
    for name, change in single_faults(source).items():
        result[name] = {}
        for share in plan.shares:

            def draw(
                rng: np.random.Generator, change: Callable[..., Batch] = change, share: float = share
            ) -> Batch:
                return change(source.draw(plan.single_size, rng), share, rng)

            many = name == "flipped labels" and share == plan.flipped_share
            num = plan.num_flipped_draws if many else plan.num_draws
            outcomes = list(_judged(base, plan, f"{name} {share}", [draw] * num))
            result[name][f"{share:g}"] = _summary(outcomes)
    return result


def _judged(base: Base, plan: Plan, name: str, draws: list[Draw]) -> Iterator[Outcome]:
    """Judge each batch by itself; it follows from the seed, the name and its number alone."""
    for number, draw in enumerate(draws):
        rng = np.random.default_rng([plan.seed, *name.encode(), number])
        batch = draw(rng)
        yield _outcome(base.judge([batch]), batch)


def _outcome(verdicts: Verdicts, batch: Batch) -> Outcome:
    verdict = verdicts.batches[-1]
    span = verdicts.intake.spans()[verdict.name]
    left_out = np.zeros(len(batch.labels), np.bool_)
    left_out[verdict.faults.rows - span.start] = True
    doubted = verdicts.suggestions.labels[span] != batch.labels
    faulty = batch.faulty
    return Outcome(
        held=verdict.state == "quarantined",
        rules=tuple(rule.name for rule in verdict.broken),
        found=float(left_out[faulty].mean()) if faulty.any() else 0.0,
        doubted=float(doubted[faulty].mean()) if faulty.any() else 0.0,
        lost=int(left_out[~faulty].sum()),
    )


def _summary(outcomes: list[Outcome]) -> dict[str, object]:
    return {
        "draws": len(outcomes),
        "held": sum(outcome.held for outcome in outcomes),
        "rules": sorted({rule for outcome in outcomes for rule in outcome.rules}),
        "all_images_found": sum(outcome.found == 1 for outcome in outcomes),
        "images_found": round(fmean(outcome.found for outcome in outcomes), 4),
        "images_doubted": round(fmean(outcome.doubted for outcome in outcomes), 4),
        "sound_images_left_out": sum(outcome.lost for outcome in outcomes),
    }
