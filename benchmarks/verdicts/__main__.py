"""How often facts on test images speak for what they should not.

    python -m benchmarks.verdicts

Answers to test images are drawn at random, many times for each number of images, for a final file whose
true accuracy is known, and for models that do not look at the image at all. Each draw is marked as the
report marks accuracy and classes; what has both marks counts as good. Beside it stands
the rule before that: good unless the final file is shown to be worse, by the interval of Wald.
Nothing is trained, and no image is read.
"""

from dataclasses import asdict
from pathlib import Path

import numpy as np

from benchmarks.numbers import read_numbers
from benchmarks.record import Claim, write_result
from benchmarks.verdicts.cases import Case, Config, guessing, trained
from litesmith.params.loading import read_params
from tasks import catalog

CONFIG = Path(__file__).parents[1] / "verdicts.yaml"
RESULT = Path("benchmarks/results/verdicts.json")


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


def claims(cases: list[Case], config: Config, relevant_loss: float) -> list[Claim]:
    """Return the claims on the cases."""
    losing = [case for case in cases if case.model == "trained" and case.gain <= -relevant_loss]
    lots = [case for case in cases if case.model != "trained"]
    most, least = max(config.num_images), min(config.disagreements)
    sure = [case for case in cases if case.num_images == most and case.model == "trained"]
    even = [case for case in sure if case.gain == 0]
    points, bound = f"{100 * relevant_loss:g} point", config.max_wrongly_good
    return [
        _worst(
            f"runs whose final file truly loses {points} or more, called good: worst case", losing, bound
        ),
        _worst("runs whose models answer by lot, called good: worst case", lots, bound),
        Claim(
            f"runs of {most} test images whose final file loses nothing, called good: where models "
            f"disagree on {100 * least:g} %",
            "share",
            next(case.good for case in even if case.disagreement == least),
            config.min_good,
            False,
        ),
    ]


def _worst(what: str, cases: list[Case], bound: float) -> Claim:
    before = max(case.before for case in cases)
    note = f"{len(cases)} cases; by the former rule {before:.3f}"
    return Claim(what, "share", max(case.good for case in cases), bound, True, note=note)


if __name__ == "__main__":
    main()
