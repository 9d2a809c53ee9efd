"""Distillation of teachers, which answer fixed views of the training images once."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from litesmith.errors import DataError
from litesmith.files import read_json, replacing, write_json
from litesmith.params.section import Items, Section
from litesmith.params.sections.network import NetworkSpec
from litesmith.params.sections.recipe import Augmentation, Distillation
from litesmith.records.record import Score
from litesmith.training.augmentation import augment, draw_changes
from litesmith.training.backend import derived_seed, seed_everything, tf
from litesmith.training.compute import computing_in
from litesmith.training.evaluation import evaluate
from litesmith.training.history import History
from litesmith.training.job import DistillationTargets, TrainingJob
from litesmith.training.loop import train
from litesmith.training.networks import build_network
from litesmith.training.types import KerasModel, Tensor

_LOG = logging.getLogger(__name__)
_BATCH = 500
# Below it a probability says no more than that the teacher is sure; its logarithm must fit float16.
_LEAST = 1e-7


@dataclass(frozen=True)
class Teaching:
    """Trained teachers and their answers.

    Attributes:
        teachers: The trained networks, maybe none.
        history: Of the first one; empty without one.
        scores: On validation, of each teacher by name and of their mean as ``ensemble``; empty without
            one.
        seeds: Of the views that they answered.
        answers: float16, (num_views, n, num_classes).
    """

    teachers: list[KerasModel]
    history: History
    scores: dict[str, Score]
    seeds: tuple[int, ...]
    answers: NDArray[np.float16]


class _Views(Section):
    """Views that a file of answers belongs to."""

    augmentation: Augmentation
    seeds: Items[int]


def teach(
    spec: NetworkSpec, job: TrainingJob, work: Path, *, num_teachers: int, num_views: int
) -> Teaching:
    """Train teachers and let them answer views of the training images.

    They differ in their seed.

    Args:
        spec: The teachers' network.
        job: How they are trained, and how far the views are changed.
        work: Folder of what a killed run goes on from.
        num_teachers: How many; none answer nothing.
        num_views: How many views they answer.

    Raises:
        DivergedError: The loss of a teacher is not a number any more.
    """
    job, augmentation = replace(job, work=work), job.recipe.augmentation
    trained = [train_teacher(spec, job, f"teacher{number}") for number in range(1, num_teachers + 1)]
    teachers = [model for model, _ in trained]
    seeds = view_seeds(num_views if teachers else 0, job.seed)
    computing = [computing_in(model, job.compute_dtype) for model in teachers]
    answers = answer_views(computing, job.training.images, augmentation, seeds, work)
    scores = {model.name: evaluate(model, job.validation) for model in teachers}
    if teachers:
        scores["ensemble"] = evaluate(ensemble_of(teachers, augmentation), job.validation)
    history = trained[0][1] if trained else []
    shape = (len(seeds), len(job.training.labels), spec.num_classes)
    return Teaching(teachers, history, scores, seeds, answers.reshape(shape))


def train_teacher(spec: NetworkSpec, job: TrainingJob, name: str) -> tuple[KerasModel, History]:
    """Train one teacher, with a seed of its own that follows from its name."""
    seed = derived_seed(job.seed, name)
    seed_everything(seed)
    model = build_network(spec, name)
    return model, train(model, replace(job, seed=seed))


def ensemble_of(teachers: Sequence[KerasModel], augmentation: Augmentation) -> Callable[..., Tensor]:
    """Return a function of pixels that gives the mean of the teachers' probabilities.

    Where images are flipped in training, the mean is over an image and its mirror image too: it is right
    more often.
    """

    def mean(pixels: Tensor, training: bool = False) -> Tensor:
        inputs = [pixels, tf.reverse(pixels, [2])] if augmentation.flip else [pixels]
        answers = [model(each, training=training) for model in teachers for each in inputs]
        return tf.add_n(answers) / len(teachers) / len(inputs)

    return mean


def view_seeds(num_views: int, seed: int) -> tuple[int, ...]:
    """Return the seed of each of ``num_views`` views."""
    return tuple(derived_seed(seed, "view", view) for view in range(num_views))


def answer_views(
    teachers: Sequence[KerasModel],
    images: NDArray[np.uint8],
    augmentation: Augmentation,
    seeds: Sequence[int],
    work: Path,
) -> NDArray[np.float16]:
    """Return the teachers' answers to views of images: logarithms of the probabilities of `ensemble_of`.

    Each view goes to a file in ``work`` when it is done; a killed run goes on after the last one.

    Args:
        teachers: Keras models that take pixels and return probabilities.
        images: uint8, (n, height, width).
        augmentation: How far the views are changed.
        seeds: Of the views.
        work: Folder of the finished views.

    Returns:
        float16, (num_views, n, num_classes).
    """
    ensemble = ensemble_of(teachers, augmentation)
    forward = tf.function(lambda batch, draws: ensemble(augment(batch, augmentation, draws)))
    views = [_view(forward, images, seed, work / f"view-{seed}.npy") for seed in seeds]
    return np.array(views, np.float16)


def write_targets(
    folder: Path, answers: NDArray[np.float16], augmentation: Augmentation, seeds: Sequence[int]
) -> None:
    """Write answers and the views they belong to into a folder.

    No views mean that there is no teacher.
    """
    with replacing(folder / "answers.npy") as part:
        np.save(part, answers, allow_pickle=False)
    views = _Views(augmentation=augmentation, seeds=tuple(seeds))
    write_json(folder / "views.json", views.model_dump(mode="json"))


def read_targets(
    folder: Path, distillation: Distillation, rows: NDArray[np.int64] | None = None
) -> DistillationTargets | None:
    """Open distillation targets without reading the answers into memory.

    Args:
        folder: As `write_targets` made it.
        distillation: How much the answers count.
        rows: int64, (n,), which of the images asked about the student trains on; None for all.

    Returns:
        None if there was no teacher.

    Raises:
        DataError: A file is missing, or the answers are not those of the views.
    """
    try:
        answers = np.load(folder / "answers.npy", mmap_mode="r")
        views = _Views.model_validate(read_json(folder / "views.json"))
    except (DataError, OSError, ValueError) as error:
        raise DataError(
            f"{folder} is no folder of distillation targets, which holds answers.npy and views.json: {error}."
        ) from error
    if len(answers) != len(views.seeds):
        raise DataError(
            f"{folder} holds answers to {len(answers)} views and names {len(views.seeds)}. Teach again."
        )
    if not views.seeds:
        return None
    chosen = np.arange(answers.shape[1]) if rows is None else rows
    return DistillationTargets(answers, views.seeds, views.augmentation, chosen, distillation)


def _view(
    forward: Callable[[Tensor, Tensor], Tensor], images: NDArray[np.uint8], seed: int, path: Path
) -> NDArray[np.float16]:
    if not path.is_file():
        draws = draw_changes(len(images), seed)
        batches = [slice(start, start + _BATCH) for start in range(0, len(images), _BATCH)]
        means = [forward(tf.constant(images[rows]), draws[rows]).numpy() for rows in batches]
        logarithms = np.log(np.maximum(np.concatenate(means), _LEAST)).astype(np.float16)
        with replacing(path) as part:
            np.save(part, logarithms, allow_pickle=False)
        _LOG.info("%s: %d images answered", path.stem, len(images))
    answers: NDArray[np.float16] = np.load(path, allow_pickle=False)
    return answers
