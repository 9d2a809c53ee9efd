"""The value of each ingredient of the training recipe: the whole recipe, and without one ingredient.

    python -m benchmarks.ablation [--full | --teacher]

Every line is trained with the same seeds and evaluated on the validation split, image by image against
the whole recipe: each network by accuracy and cross-entropy, and as the file for a device is chosen,
that is with the mirror image too and with every image at nine places. With `--full` trainings are long,
with `--teacher` the network has the teachers' size. Finished work is cached in `.litesmith/ablation`, so
that a killed command goes on. The teachers are those of the frontier, with their committed weights: they
answer one view of the images for each epoch.
"""

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from benchmarks.cache import Answers, cached_answers, name_for
from benchmarks.frontier.data import read_data, read_rows
from benchmarks.frontier.learning import read_teachers
from benchmarks.frontier.plan import read_config
from benchmarks.networks import network_for, read_form
from benchmarks.numbers import read_numbers
from benchmarks.record import write_result
from benchmarks.spent import total
from litesmith.compression.flip_averaging import flip_averaged
from litesmith.data.splits import Split
from litesmith.params.loading import overlaid
from litesmith.params.section import ComputeDtype, Section
from litesmith.params.sections.network import NetworkParams
from litesmith.params.sections.recipe import Distillation, Recipe
from litesmith.tflite import converter
from litesmith.tflite.runtime import shifted
from litesmith.training import backend, loop
from litesmith.training.backend import derived_seed
from litesmith.training.distillation import answer_views, view_seeds
from litesmith.training.job import DistillationTargets, TrainingJob
from litesmith.training.networks import build_network, computing_in

CONFIGS = Path(__file__).parent
RESULTS = Path("benchmarks/results")
WORK = Path(".litesmith/ablation")
WHOLE = "whole"
_OTHERS = {
    "full": "the long trainings, of ablation_full.yaml",
    "teacher": "those of a network of the teachers' size, of ablation_teacher.yaml",
}


class Line(Section):
    """The differences of a line from the whole recipe."""

    recipe: dict[str, Any] = Field(default_factory=dict)
    distilled: bool = False
    compute_dtype: ComputeDtype | None = None


class Config(Section):
    """All of ``ablation.yaml`` or its variants; others are compared with the line `WHOLE`."""

    seeds: list[int]
    network: NetworkParams
    recipe: Recipe
    compute_dtype: ComputeDtype
    distillation: Distillation
    lines: dict[str, Line]

    @model_validator(mode="after")
    def _whole_is_there(self) -> "Config":
        if WHOLE not in self.lines:
            raise ValueError(f"lines are compared with {WHOLE!r}, and none has that name")
        return self

    def folder(self, name: str, seed: int) -> Path:
        """Return the folder of a line's training with a seed; other numbers have another folder."""
        line = self.lines[name]
        own = [self.model_dump(exclude={"seeds", "lines"}), line.model_dump()]
        teachers = [read_config().answers_fingerprint()] if line.distilled else []
        decided = name_for([*own, read_rows().digest, *teachers])
        return WORK / f"{name.replace(' ', '-')}-{decided}" / str(seed)


def main(arguments: Sequence[str] | None = None) -> None:
    """Train what is not trained yet, and write the result of each line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ablation", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    others = parser.add_mutually_exclusive_group()
    for name, text in _OTHERS.items():
        others.add_argument(f"--{name}", dest="other", action="store_const", const=name, help=text)
    other = parser.parse_args(arguments).other
    name, option = (f"ablation_{other}", f" --{other}") if other else ("ablation", "")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    config = read_numbers(CONFIGS / f"{name}.yaml", Config)
    backend.set_threads(1)
    settings = config.model_dump(include={"network", "recipe", "compute_dtype"})
    result = {"command": f"python -m benchmarks.ablation{option}", **settings, "lines": _lines(config)}
    write_result(RESULTS / f"{name}.json", result)


def _lines(config: Config) -> dict[str, Any]:
    """Return accuracy and cost of each line, trained if it is not yet."""
    labels = read_data().validation.labels
    scores = {
        name: [_judged(labels, _answers(config, name, seed)) for seed in config.seeds]
        for name in config.lines
    }

    def against(name: str, way: str, what: str = "accuracy") -> dict[str, Any]:
        return _against(what, *([of_seed[way] for of_seed in scores[line]] for line in (WHOLE, name)))

    return {
        name: {
            **against(name, "plain"),
            "as_chosen": against(name, "as_chosen"),
            "cross_entropy": against(name, "cross_entropy", "nats"),
            "cpu_s": [total(config.folder(name, seed)) for seed in config.seeds],
        }
        for name in config.lines
    }


def _judged(labels: NDArray[np.uint8], answers: Answers) -> dict[str, NDArray[np.floating]]:
    """Return for each image the share of its views that is right, and its cross-entropy."""
    right = {way: np.atleast_2d(answers[way] == labels).mean(axis=0) for way in ("plain", "as_chosen")}
    return {**right, "cross_entropy": answers["cross_entropy"].astype(np.float64)}


def _answers(config: Config, name: str, seed: int) -> Answers:
    """Return the answers of the network of a line and a seed on validation.

    The classes of the network itself are (n,), those of the choice of a file (k, n) of k places; the
    cross-entropy of the network itself, in nats, (n,).
    """
    return cached_answers(config.folder(name, seed), lambda: _trained(config, name, seed))


def _trained(config: Config, name: str, seed: int) -> Answers:
    data, form, line = read_data(), read_form(), config.lines[name]
    train, validation = data.training, data.validation
    recipe = Recipe.model_validate(overlaid(config.recipe.model_dump(), line.recipe))
    own, folder = derived_seed("ablation", seed), config.folder(name, seed)
    targets = _targets(config, recipe, train, folder) if line.distilled else None
    dtype = line.compute_dtype or config.compute_dtype
    backend.seed_everything(own)
    model = build_network(network_for(config.network), "student")
    loop.train(model, TrainingJob(train, validation, form, recipe, own, targets, folder, dtype))
    plain, both = converter.probabilities(model, validation.images), flip_averaged(model, "mirrored")
    as_chosen = np.stack(
        [converter.probabilities(both, images) for images in shifted(validation.images, 1, form.fill)]
    )
    return {
        "plain": plain.argmax(axis=-1).astype(np.uint8),
        "as_chosen": as_chosen.argmax(axis=-1).astype(np.uint8),
        "cross_entropy": backend.keras.losses.sparse_categorical_crossentropy(
            validation.labels, plain
        ).numpy(),
    }


def _targets(config: Config, recipe: Recipe, train: Split, folder: Path) -> DistillationTargets:
    """Return answers of the frontier's teachers to a view for each epoch, augmented as in the recipe.

    The views are the same for all seeds, and so is the folder of the answers: the first seed computes
    them.
    """
    settings = read_config()
    teachers = [
        computing_in(teacher, settings.candidate(teacher.name).compute_dtype)
        for teacher in read_teachers(settings)
    ]
    seeds = view_seeds(recipe.epochs, settings.seed)
    augmentation, fill = recipe.augmentation, read_form().fill
    answers = answer_views(teachers, train.images, augmentation, fill, seeds, folder.parent)
    rows = np.arange(len(train.labels))
    return DistillationTargets(answers, seeds, augmentation, rows, config.distillation)


def _against(
    what: str, whole: list[NDArray[np.floating]], line: list[NDArray[np.floating]]
) -> dict[str, Any]:
    """Return the mean over images, (n,) for each seed, and its difference from the whole recipe.

    Its standard error is the larger of two: from image to image, and from seed to seed.
    Source: Agresti, "Categorical Data Analysis", 3rd ed., section 11.1.1 (dependent proportions).
    """
    reached = [round(float(of_seed.mean()), 6) for of_seed in line]
    apart = np.stack(line) - np.stack(whole)
    from_images = apart.std() / apart.size**0.5
    from_seeds = stdev(apart.mean(axis=1)) / len(apart) ** 0.5 if len(apart) > 1 else 0.0
    return {
        what: reached,
        "mean": round(fmean(reached), 6),
        "standard_deviation": round(stdev(reached), 6) if len(reached) > 1 else None,
        "minus_whole": round(float(apart.mean()), 6),
        "standard_error": round(max(float(from_images), from_seeds), 6),
    }


if __name__ == "__main__":
    main()
