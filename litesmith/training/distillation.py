"""Ask teachers about fixed views of the training images, once, so that students learn from them at no cost."""

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from litesmith.data.splits import Split
from litesmith.errors import DataError
from litesmith.files import read_json, replacing, write_json
from litesmith.training.augmentation import Augmentation, augment, draw_changes
from litesmith.training.backend import derived_seed, seed_everything, tf
from litesmith.training.compute import ComputeDtype, computing_in
from litesmith.training.loop import History, Lesson, Recipe, Score, evaluate, train
from litesmith.training.networks import NetworkSpec, build_network

_LOG = logging.getLogger(__name__)
_BATCH = 500
# Below it a probability says no more than that the teacher is sure; its logarithm must fit float16.
_LEAST = 1e-7


@dataclass(frozen=True)
class Share:
    """How much a student heeds its teacher; the words are those of `Lesson`."""

    weight: float
    temperature: float


@dataclass(frozen=True)
class Taught:
    """What came of teaching.

    Attributes:
        teachers: The trained networks, maybe none.
        history: Of the first one, one row for each epoch; empty without one.
        scores: On validation, of each teacher by name and of what they say together as ``ensemble``; empty without one.
        seeds: Of the views that they were asked about.
        answers: float16, (num_views, n, num_classes).
    """

    teachers: list[Any]
    history: History
    scores: dict[str, Score]
    seeds: tuple[int, ...]
    answers: NDArray[np.float16]


def teach(
    spec: NetworkSpec, recipe: Recipe, training: Split, validation: Split, *,
    num_teachers: int, num_views: int, seed: int, work: Path, compute_dtype: ComputeDtype = "float32",
) -> Taught:  # fmt: skip
    """Train teachers that differ in their seed, and ask them about views of the training images.

    Args:
        spec: The teachers' network.
        recipe: How they are trained, and how far the views are changed.
        training: What they learn from and are asked about.
        validation: What they are scored on.
        num_teachers: How many; none are asked nothing.
        num_views: How many views they are asked about.
        seed: Decides everything random.
        work: Folder of what a killed run goes on from.
        compute_dtype: What flows between the teachers' layers while they learn and answer.

    Raises:
        DivergedError: The loss of a teacher is not a number any more.
    """
    trained = [
        train_teacher(
            spec,
            recipe,
            training,
            validation,
            name=f"teacher{number}",
            seed=seed,
            work=work,
            compute_dtype=compute_dtype,
        )
        for number in range(1, num_teachers + 1)
    ]
    teachers = [model for model, _ in trained]
    seeds = view_seeds(num_views if teachers else 0, seed)
    asked = [computing_in(one, compute_dtype) for one in teachers]
    answers = ask(asked, training.images, recipe.augmentation, seeds, work)
    scores = {model.name: evaluate(model, validation) for model in teachers}
    together = (
        {"ensemble": evaluate(panel_of(teachers, recipe.augmentation), validation)} if teachers else {}
    )
    history = trained[0][1] if trained else []
    shape = (len(seeds), len(training.labels), spec.num_classes)
    return Taught(teachers, history, {**scores, **together}, seeds, answers.reshape(shape))


def train_teacher(
    spec: NetworkSpec, recipe: Recipe, training: Split, validation: Split, *,
    name: str, seed: int, work: Path, compute_dtype: ComputeDtype = "float32",
) -> tuple[Any, History]:  # fmt: skip
    """Train one teacher; its name decides in which way it differs from others of the same seed."""
    own = derived_seed(seed, name)
    seed_everything(own)
    model = build_network(spec, name)
    return model, train(
        model, training, validation, recipe, seed=own, work=work, compute_dtype=compute_dtype
    )


def panel_of(teachers: Sequence[Any], how: Augmentation) -> Any:
    """Return a function of pixels that gives the mean of the teachers' probabilities.

    Where images are mirrored in training, the mean is over an image and its mirror image too: it is right more often.
    """

    def mean(pixels: Any, training: bool = False) -> Any:
        ways = [pixels, tf.reverse(pixels, [2])] if how.flip else [pixels]
        return (
            tf.add_n([one(way, training=training) for one in teachers for way in ways])
            / len(teachers)
            / len(ways)
        )

    return mean


def view_seeds(num_views: int, seed: int) -> tuple[int, ...]:
    """Return the seed of each of ``num_views`` views."""
    return tuple(derived_seed(seed, "view", view) for view in range(num_views))


def ask(
    teachers: Sequence[Any],
    images: NDArray[np.uint8],
    how: Augmentation,
    seeds: Sequence[int],
    work: Path,
) -> NDArray[np.float16]:
    """Return what the teachers think of views of the images: the logarithm of the probabilities of `panel_of`.

    Each view goes to a file in ``work`` when it is done; a killed run goes on after the last one.

    Args:
        teachers: Keras models that take pixels and return probabilities.
        images: uint8, (n, height, width).
        how: How far the views are changed.
        seeds: Of the views.
        work: Folder of the finished views.

    Returns:
        float16, (num_views, n, num_classes).
    """
    together = panel_of(teachers, how)
    forward = tf.function(lambda batch, draws: together(augment(batch, how, draws)))
    views = [_view(forward, images, seed, work / f"view-{seed}.npy") for seed in seeds]
    return np.array(views, np.float16)


def write_lesson(
    folder: Path, answers: NDArray[np.float16], how: Augmentation, seeds: Sequence[int]
) -> None:
    """Write answers and the views they belong to into a folder; no views mean that there is no teacher."""
    with replacing(folder / "answers.npy") as part:
        np.save(part, answers, allow_pickle=False)
    write_json(folder / "views.json", {"augmentation": asdict(how), "seeds": list(seeds)})


def read_lesson(folder: Path, share: Share, rows: NDArray[np.int64] | None = None) -> Lesson | None:
    """Open a lesson without reading its answers into memory; None if no teacher was asked.

    Args:
        folder: As `write_lesson` made it.
        share: How much the student heeds it.
        rows: int64, (n,), which of the taught images the student trains on; None for all.

    Raises:
        DataError: A file is missing, or the answers are not those of the views.
    """
    try:
        answers = np.load(folder / "answers.npy", mmap_mode="r")
        views = read_json(folder / "views.json")
        how, seeds = Augmentation(**views["augmentation"]), tuple(views["seeds"])
    except (DataError, OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{folder} is not a lesson, which holds answers.npy and views.json: {error}."
        ) from error
    if len(answers) != len(seeds):
        raise DataError(
            f"{folder} holds answers to {len(answers)} views and names {len(seeds)}. Teach again."
        )
    if not seeds:
        return None
    chosen = np.arange(answers.shape[1]) if rows is None else rows
    return Lesson(answers, seeds, how, chosen, share.weight, share.temperature)


def _view(forward: Any, images: NDArray[np.uint8], seed: int, path: Path) -> NDArray[np.float16]:
    if not path.is_file():
        draws = draw_changes(len(images), seed)
        starts = range(0, len(images), _BATCH)
        means = [
            forward(tf.constant(images[at : at + _BATCH]), draws[at : at + _BATCH]).numpy()
            for at in starts
        ]
        logarithms = np.log(np.maximum(np.concatenate(means), _LEAST)).astype(np.float16)
        with replacing(path) as part:
            np.save(part, logarithms, allow_pickle=False)
        _LOG.info("%s: %d images answered", path.stem, len(images))
    answers: NDArray[np.float16] = np.load(path, allow_pickle=False)
    return answers
