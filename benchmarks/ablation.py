"""What each ingredient of the training recipe is worth: the recipe whole, and with one ingredient left out at a time.

    python -m benchmarks.ablation [--full | --teacher]

Every line is trained with the same seeds and judged on the validation split, image by image against the whole recipe:
each network as it is, by accuracy and cross-entropy, and as the file for a device is chosen, that is asked about the
mirror image too and about every image at nine places. With `--full` trainings are long ones, with `--teacher` of a
network of the teachers' size. What is finished is kept in `.litesmith/ablation`, so that a killed command goes on. The
teachers are the frontier's, whose weights are kept: they are asked about one view of the images for each epoch.
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
from benchmarks.frontier.learning import read_teachers
from benchmarks.frontier.plan import read_config
from benchmarks.networks import network_for
from benchmarks.numbers import read_numbers
from benchmarks.record import write_result
from benchmarks.spent import total
from litesmith.compression.flip_averaging import flip_averaged
from litesmith.data.splits import Split, read_split
from litesmith.params.loading import overlaid, read_params
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
from tasks import catalog

CONFIGS = Path(__file__).parent
RESULTS = Path("benchmarks/results")
WORK = Path(".litesmith/ablation")
WHOLE = "whole"
_OTHERS = {
    "full": "the long trainings, of ablation_full.yaml",
    "teacher": "those of a network of the teachers' size, of ablation_teacher.yaml",
}


class Line(Section):
    """What a line does otherwise than the whole recipe."""

    recipe: dict[str, Any] = Field(default_factory=dict)
    distilled: bool = False
    compute_dtype: ComputeDtype | None = None


class Config(Section):
    """All of ``ablation.yaml`` or one of its fellows; what others are compared with is the line `WHOLE`."""

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
        """Return where a line's training with a seed lies; with other numbers it is another folder."""
        line = self.lines[name]
        own = [self.model_dump(exclude={"seeds", "lines"}), line.model_dump()]
        teachers = [read_config().teacher_fingerprint()] if line.distilled else []
        decided = name_for([*own, read_params(catalog.PARAMS).prepare.deciding(), *teachers])
        return WORK / f"{name.replace(' ', '-')}-{decided}" / str(seed)


def main(arguments: Sequence[str] | None = None) -> None:
    """Train what is not trained yet, and write what each line is worth."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ablation", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    others = parser.add_mutually_exclusive_group()
    for one, what in _OTHERS.items():
        others.add_argument(f"--{one}", dest="other", action="store_const", const=one, help=what)
    other = parser.parse_args(arguments).other
    name, option = (f"ablation_{other}", f" --{other}") if other else ("ablation", "")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    config = read_numbers(CONFIGS / f"{name}.yaml", Config)
    backend.set_threads(1)
    asked = config.model_dump(include={"network", "recipe", "compute_dtype"})
    result = {"command": f"python -m benchmarks.ablation{option}", **asked, "lines": _lines(config)}
    write_result(RESULTS / f"{name}.json", result)


def _lines(config: Config) -> dict[str, Any]:
    """Return what each line reached and spent, trained if it is not yet."""
    labels = read_split(catalog.VALIDATION).labels
    judged = {
        name: [_judged(labels, _answers(config, name, seed)) for seed in config.seeds]
        for name in config.lines
    }

    def against(name: str, way: str, what: str = "accuracy") -> dict[str, Any]:
        return _against(what, *([one[way] for one in judged[line]] for line in (WHOLE, name)))

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
    """Return for each image what share of its pictures is right, and the cross-entropy of the network as it is."""
    right = {way: np.atleast_2d(answers[way] == labels).mean(axis=0) for way in ("plain", "as_chosen")}
    return {**right, "cross_entropy": answers["cross_entropy"].astype(np.float64)}


def _answers(config: Config, name: str, seed: int) -> Answers:
    """Return what the network of a line and a seed answers on validation.

    The classes of the network as it is are (n,), those of the choice of a file (k, n) of k places; the cross-entropy of
    the network as it is, in nats, (n,).
    """
    return cached_answers(config.folder(name, seed), lambda: _trained(config, name, seed))


def _trained(config: Config, name: str, seed: int) -> Answers:
    train, validation, line = (
        read_split(catalog.TRAIN),
        read_split(catalog.VALIDATION),
        config.lines[name],
    )
    recipe = Recipe.model_validate(overlaid(config.recipe.model_dump(), line.recipe))
    own, folder = derived_seed("ablation", seed), config.folder(name, seed)
    targets = _targets(config, recipe, train, folder) if line.distilled else None
    dtype = line.compute_dtype or config.compute_dtype
    backend.seed_everything(own)
    model = build_network(network_for(train, config.network), "student")
    loop.train(model, TrainingJob(train, validation, recipe, own, targets, folder, dtype))
    plain, both = converter.probabilities(model, validation.images), flip_averaged(model, "mirrored")
    as_chosen = np.stack(
        [converter.probabilities(both, images) for images in shifted(validation.images, 1)]
    )
    return {
        "plain": plain.argmax(axis=-1).astype(np.uint8),
        "as_chosen": as_chosen.argmax(axis=-1).astype(np.uint8),
        "cross_entropy": backend.keras.losses.sparse_categorical_crossentropy(
            validation.labels, plain
        ).numpy(),
    }


def _targets(config: Config, recipe: Recipe, train: Split, folder: Path) -> DistillationTargets:
    """Ask the frontier's teachers about a view for each epoch, changed as the recipe changes images.

    The views are the same for all seeds, and the answers lie beside theirs: the first one asks, and pays.
    """
    asked = read_config()
    teachers = [computing_in(one, asked.teachers.compute_dtype) for one in read_teachers(asked, train)]
    seeds = view_seeds(recipe.epochs, asked.seed)
    answers = answer_views(teachers, train.images, recipe.augmentation, seeds, folder.parent)
    rows = np.arange(len(train.labels))
    return DistillationTargets(answers, seeds, recipe.augmentation, rows, config.distillation)


def _against(
    what: str, whole: list[NDArray[np.floating]], line: list[NDArray[np.floating]]
) -> dict[str, Any]:
    """Return the mean of what is measured on each image, (n,) for each seed, and its difference from the whole recipe.

    Its standard error is the larger of two: from image to image, and from seed to seed.
    Source: Agresti, "Categorical Data Analysis", 3rd ed., section 11.1.1 (difference of dependent proportions).
    """
    reached = [round(float(one.mean()), 6) for one in line]
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
