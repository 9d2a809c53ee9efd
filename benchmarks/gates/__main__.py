"""What the gates promote and hold of candidates whose truth is known.

    python -m benchmarks.gates

Two files answer gate images that are drawn at random, many times for each truth: no difference, as
of an equal training with another seed; a gain; a loss; a loss of one class alone. The answers are
synthetic, or those of real files to the test images: the integer files of the last full run
(`reports/predictions.npz`), and the final files of four earlier runs, each trained apart from the others
(`benchmarks/gates/runs.json`). Where there must be no difference, a coin decides image by image which
file is which. Every draw is judged by the gates and thresholds of the pipeline. Nothing is trained.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from benchmarks.gates.cases import Config, Judge, Result, Truth, by_gates, run
from benchmarks.gates.populations import Population, real, synthetic
from benchmarks.numbers import read_numbers
from benchmarks.record import Claim, write_result
from litesmith.analysis.luck import best_by_luck
from litesmith.params.loading import read_params
from litesmith.params.sections.judge import JudgeParams
from tasks import catalog

CONFIG = Path(__file__).parents[1] / "gates.yaml"
RESULT = Path("benchmarks/results/gates.json")
_CANDIDATES = (1, 5, 10, 30, 100, 365)


def main() -> None:
    """Draw, judge and write the result."""
    config = read_numbers(CONFIG, Config)
    thresholds = read_params(catalog.PARAMS).judge
    populations = [
        *(
            synthetic(list(config.synthetic.class_accuracies), apart)
            for apart in config.synthetic.disagreements
        ),
        *real(catalog.PREDICTIONS),
    ]
    results = measure(populations, config, thresholds, by_gates)
    measured = {
        "command": "python -m benchmarks.gates",
        "thresholds": thresholds.model_dump(mode="json"),
        "num_images": config.num_images,
        "draws": config.draws,
        "luck": {str(number): _luck(number, config, populations) for number in _CANDIDATES},
        "results": [asdict(result) for result in results],
    }
    write_result(RESULT, measured, claims(results, config))


def measure(
    populations: Sequence[Population], config: Config, thresholds: JudgeParams, judge: Judge
) -> list[Result]:
    """Judge candidates of every truth."""
    rng = np.random.default_rng(config.seed)
    truths = [Truth(gain) for gain in config.gains]
    truths += [Truth(loss, smaller=True) for loss in config.losses]
    results = [
        run(population, truth, config, thresholds, judge, rng)
        for population in populations
        for truth in truths
    ]
    accuracies = list(config.synthetic.class_accuracies)
    results += [
        run(synthetic(accuracies, 2 * flips), Truth(0.0), config, thresholds, judge, rng)
        for flips in config.flips
    ]
    worst = int(np.argmin(accuracies))
    usual = synthetic(accuracies, config.synthetic.disagreements[0])
    results += [
        run(usual, Truth(-loss, label=worst), config, thresholds, judge, rng)
        for loss in config.class_losses
    ]
    return results


def claims(results: Sequence[Result], config: Config) -> list[Claim]:
    """Return the claims on the results.

    The bounds hold for files that disagree as those of the pipeline do: the synthetic ones of
    ``synthetic.disagreements``, and all real ones.
    """
    most = max(config.synthetic.disagreements)
    usual = [result for result in results if result.label is None and result.disagreement <= most + 1e-3]
    even = [result for result in usual if result.gain == 0]
    points = f"{100 * max(config.gains):g} point"
    return [
        _most(
            "candidates without a true difference, found to be better: worst case",
            [(result.better, result) for result in even],
            config.max_wrongly_better,
        ),
        _most(
            "equal trainings with another seed, held by any single gate: worst case",
            [(max(result.held.values(), default=0.0), result) for result in even],
            config.max_held,
        ),
        _most(
            f"smaller candidates that truly lose {points}, promoted: worst case",
            [(result.promoted, result) for result in usual if result.gain == min(config.losses)],
            config.max_loss_promoted,
        ),
        _least(
            f"candidates that truly gain {points}, promoted by all gates: worst case",
            [(result.promoted, result) for result in usual if result.gain == max(config.gains)],
            config.min_gain_promoted,
        ),
    ]


def _most(what: str, seen: Iterable[tuple[float, Result]], bound: float) -> Claim:
    value, worst = max(seen, key=lambda pair: pair[0])
    return Claim(what, "share", value, bound, True, note=_note(worst))


def _least(what: str, seen: Iterable[tuple[float, Result]], bound: float) -> Claim:
    value, worst = min(seen, key=lambda pair: pair[0])
    return Claim(what, "share", value, bound, False, note=_note(worst))


def _note(worst: Result) -> str:
    return f"{worst.answers}; {100 * worst.disagreement:.1f} % apart"


def _luck(number: int, config: Config, populations: Sequence[Population]) -> float:
    """Return what the best of so many equal candidates gains by luck at most, on average."""
    widest = max(population.disagreement for population in populations)
    return best_by_luck(number, config.num_images, widest)


if __name__ == "__main__":
    main()
