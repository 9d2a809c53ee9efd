"""Teachers and their predictions on fixed views of images."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from litesmith.errors import DataError
from litesmith.files import replacing
from litesmith.params.sections.network import NetworkSpec
from litesmith.params.sections.recipe import Augmentation, Distillation
from litesmith.records.record import Record, read_record, write_record
from litesmith.training.augmentation import augment, draw_changes
from litesmith.training.backend import derived_seed, seed_everything, tf
from litesmith.training.evaluation import EVALUATION_BATCH
from litesmith.training.history import History
from litesmith.training.job import DistillationTargets, TrainingJob
from litesmith.training.loop import train
from litesmith.training.networks import build_network
from litesmith.training.types import KerasModel, Tensor

_LOG = logging.getLogger(__name__)
# Below it a probability says no more than that the teacher is sure; its logarithm must fit float16.
_LEAST = 1e-7


class _Views(Record):
    """Views that the answers in a folder belong to."""

    augmentation: Augmentation
    seeds: tuple[int, ...]


def train_teacher(spec: NetworkSpec, job: TrainingJob, name: str) -> tuple[KerasModel, History]:
    """Train one teacher, with a seed that follows from its name."""
    seed = derived_seed(job.seed, name)
    seed_everything(seed)
    model = build_network(spec, name)
    return model, train(model, replace(job, seed=seed))


def ensemble_of(teachers: Sequence[KerasModel], augmentation: Augmentation) -> Callable[..., Tensor]:
    """Return a function from pixels to the teachers' mean probabilities.

    Where training flips images, the mean is over an image and its mirror image, which is more accurate.
    """

    def mean(pixels: Tensor, training: bool = False) -> Tensor:
        inputs = [pixels, tf.reverse(pixels, [2])] if augmentation.flip else [pixels]
        answers = [model(image, training=training) for model in teachers for image in inputs]
        return tf.add_n(answers) / len(teachers) / len(inputs)

    return mean


def view_seeds(num_views: int, seed: int) -> tuple[int, ...]:
    """Return the seed of each of ``num_views`` views."""
    return tuple(derived_seed(seed, "view", view) for view in range(num_views))


def answer_views(
    teachers: Sequence[KerasModel],
    images: NDArray[np.uint8],
    augmentation: Augmentation,
    fill: int,
    seeds: Sequence[int],
    work: Path,
) -> NDArray[np.float16]:
    """Return the logarithms of `ensemble_of` for views of images.

    Each view goes to a file in ``work`` when it is done; a killed run resumes after the last one.

    Args:
        teachers: Keras models that take pixels and return probabilities.
        images: uint8, (n, height, width, channels).
        augmentation: Bounds of the views' changes.
        fill: Grey level of what a change brings in, 0 to 255.
        seeds: One for each view.
        work: Folder of the finished views.

    Returns:
        float16, (num_views, n, num_classes).
    """
    ensemble = ensemble_of(teachers, augmentation)
    forward = tf.function(
        lambda batch, draws: ensemble(augment(batch, augmentation, draws, fill)), autograph=False
    )
    views = [_view(forward, images, seed, work / f"view-{seed}.npy") for seed in seeds]
    return np.array(views, np.float16)


def write_targets(
    folder: Path, answers: NDArray[np.float16], augmentation: Augmentation, seeds: Sequence[int]
) -> None:
    """Write answers and their views, both empty without a teacher."""
    with replacing(folder / "answers.npy") as part:
        np.save(part, answers, allow_pickle=False)
    views = _Views(augmentation=augmentation, seeds=tuple(seeds))
    write_record(folder / "views.json", views)


def read_targets(
    folder: Path, distillation: Distillation, rows: NDArray[np.int64] | None = None
) -> DistillationTargets | None:
    """Open distillation targets without reading the answers into memory.

    Args:
        folder: Written by `write_targets`.
        distillation: Weight and temperature of the answers.
        rows: int64, (n,), which of the answered images the student trains on; None for all.

    Returns:
        None if there was no teacher.

    Raises:
        DataError: A file is missing, or the answers are not those of the views.
    """
    try:
        answers = np.load(folder / "answers.npy", mmap_mode="r")
        views = read_record(folder / "views.json", _Views)
    except (DataError, OSError, ValueError) as error:
        raise DataError(
            f"{folder} is no folder of distillation targets, which holds answers.npy and views.json: "
            f"{error}."
        ) from error
    if len(answers) != len(views.seeds):
        raise DataError(
            f"{folder} holds answers to {len(answers)} views and names {len(views.seeds)}. Teach again."
        )
    if not views.seeds:
        return None
    rows = np.arange(answers.shape[1]) if rows is None else rows
    return DistillationTargets(answers, views.seeds, views.augmentation, rows, distillation)


def _view(
    forward: Callable[[Tensor, Tensor], Tensor], images: NDArray[np.uint8], seed: int, path: Path
) -> NDArray[np.float16]:
    if not path.is_file():
        draws = draw_changes(len(images), seed)
        batches = [
            slice(start, start + EVALUATION_BATCH) for start in range(0, len(images), EVALUATION_BATCH)
        ]
        means = [forward(tf.constant(images[rows]), draws[rows]).numpy() for rows in batches]
        logarithms = np.log(np.maximum(np.concatenate(means), _LEAST)).astype(np.float16)
        with replacing(path) as part:
            np.save(part, logarithms, allow_pickle=False)
        _LOG.info("%s: %d images predicted", path.stem, len(images))
    answers: NDArray[np.float16] = np.load(path, allow_pickle=False)
    return answers
