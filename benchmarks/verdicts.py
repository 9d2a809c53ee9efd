"""How often the verdict ships what it should not, by the number of test images.

    python -m benchmarks.verdicts

Answers to test images are drawn at random, many times for each number of images, for a final file whose
true accuracy is known, and for models that do not look at the image at all. Each draw is judged as the
report does. Beside it stands the rule that was there before: ship unless the final file is shown to be
worse, by the interval of Wald. Nothing is trained, and no image is read.
"""

from dataclasses import asdict, dataclass
from itertools import product
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator

from benchmarks.numbers import read_numbers
from benchmarks.record import Claim, write_result
from litesmith.analysis.balance import balance_of_confusion, over_majority
from litesmith.analysis.intervals import CONFIDENCE, quantile
from litesmith.analysis.outcome import no_worse
from litesmith.analysis.paired import paired_counts
from litesmith.params.loading import read_params
from litesmith.params.section import Count, Section, Share
from tasks import catalog

CONFIG = Path(__file__).with_suffix(".yaml")
RESULT = Path("benchmarks/results/verdicts.json")


class Config(Section):
    """All of ``verdicts.yaml``."""

    draws: Count
    seed: int
    num_images: list[Count]
    gains: list[float]
    disagreements: list[Share]
    baseline_accuracy: Share
    majorities: list[Share]
    max_wrongly_shipped: Share
    min_shipped: Share


@dataclass(frozen=True)
class Case:
    """One truth, and the share of its draws that is shipped.

    Attributes:
        model: What the final file is.
        gain: Its true accuracy minus the baseline's.
        disagreement: Images that one of the two alone gets right.
        before: Shipped by the rule that was there before.
    """

    model: str
    num_images: int
    gain: float
    disagreement: float
    shipped: float
    before: float


def main() -> None:
    """Draw, judge and write the result."""
    config = read_numbers(CONFIG, Config)
    relevant_loss = read_params(catalog.PARAMS).convert.relevant_loss
    rng = np.random.default_rng(config.seed)
    cases = [*trained(config, relevant_loss, rng), *guessing(config, relevant_loss, rng)]
    measured = {
        "command": "python -m benchmarks.verdicts",
        "relevant_loss": relevant_loss,
        "draws": config.draws,
        "cases": [asdict(case) for case in cases],
    }
    write_result(RESULT, measured, claims(cases, config, relevant_loss))


def trained(config: Config, relevant_loss: float, rng: Generator) -> list[Case]:
    """Return the cases of a final file that has learned something."""
    cases = []
    for num_images, gain, apart in product(config.num_images, config.gains, config.disagreements):
        gained, lost = (apart + gain) / 2, (apart - gain) / 2
        both = config.baseline_accuracy - lost
        counts = rng.multinomial(
            num_images, [gained, lost, both, 1 - gained - lost - both], config.draws
        )
        judged = [
            (
                ships(_evenly(won + right, num_images), won, gone, relevant_loss),
                shipped_before(won, gone, num_images),
            )
            for won, gone, right, _ in counts.tolist()
        ]
        shipped, before = np.mean(judged, axis=0).tolist()
        cases.append(Case("trained", num_images, gain, apart, shipped, before))
    return cases


def guessing(config: Config, relevant_loss: float, rng: Generator) -> list[Case]:
    """Return the cases of a file and a baseline that draw their answers by lot."""
    cases = []
    for num_images, share in product(config.num_images, config.majorities):
        judged = []
        for _ in range(config.draws):
            labels, file, baseline = (rng.random((3, num_images)) >= share).astype(int)
            confusion = np.bincount(2 * labels + file, minlength=4).reshape(2, 2)
            right, was = file == labels, baseline == labels
            won, gone = int((right & ~was).sum()), int((was & ~right).sum())
            judged.append(
                (ships(confusion, won, gone, relevant_loss), shipped_before(won, gone, num_images))
            )
        shipped, before = np.mean(judged, axis=0).tolist()
        model = f"by lot, {100 * share:g} % of one class"
        cases.append(Case(model, num_images, 0.0, 2 * share * (1 - share), shipped, before))
    return cases


def ships(confusion: Any, gained: int, lost: int, relevant_loss: float) -> bool:
    """Judge as `litesmith.report.verdict` does by accuracy and classes."""
    gain = paired_counts(gained, lost, int(confusion.sum()))
    facts = (
        no_worse(gain.low, gain.high, relevant_loss),
        balance_of_confusion(confusion).above_chance,
        over_majority(confusion).surpassed,
    )
    return all(fact is True for fact in facts)


def shipped_before(gained: int, lost: int, num_images: int) -> bool:
    """Judge by whether the interval of Wald excludes that it is no worse."""
    mean = (gained - lost) / num_images
    error = sqrt(((gained + lost) / num_images - mean**2) / num_images)
    return mean + quantile(CONFIDENCE) * error >= 0


def claims(cases: list[Case], config: Config, relevant_loss: float) -> list[Claim]:
    """Return the claims on the cases."""
    losing = [case for case in cases if case.model == "trained" and case.gain <= -relevant_loss]
    lots = [case for case in cases if case.model != "trained"]
    most, least = max(config.num_images), min(config.disagreements)
    sure = [case for case in cases if case.num_images == most and case.model == "trained"]
    even = [case for case in sure if case.gain == 0]
    points, bound = f"{100 * relevant_loss:g} point", config.max_wrongly_shipped
    return [
        _worst(
            f"runs whose final file truly loses {points} or more, shipped: worst case", losing, bound
        ),
        _worst("runs whose models answer by lot, shipped: worst case", lots, bound),
        Claim(
            f"runs of {most} test images whose final file loses nothing, shipped: where models disagree "
            f"on {100 * least:g} %",
            "share",
            next(case.shipped for case in even if case.disagreement == least),
            config.min_shipped,
            False,
        ),
    ]


def _worst(what: str, cases: list[Case], bound: float) -> Claim:
    before = max(case.before for case in cases)
    note = f"{len(cases)} cases; by the former rule {before:.3f}"
    return Claim(what, "share", max(case.shipped for case in cases), bound, True, note=note)


def _evenly(num_right: int, num_images: int) -> Any:
    """Return a confusion of two classes of the same size with this many right answers."""
    sizes = np.array([num_images - num_images // 2, num_images // 2])
    right = np.array([num_right - num_right // 2, num_right // 2]).clip(0, sizes)
    return np.array([[right[0], sizes[0] - right[0]], [sizes[1] - right[1], right[1]]])


if __name__ == "__main__":
    main()
