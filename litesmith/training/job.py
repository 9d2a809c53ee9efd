"""Data, hyperparameters and seed of a training."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from litesmith.data.splits import Split
from litesmith.params.section import ComputeDtype
from litesmith.params.sections.recipe import Augmentation, Distillation, Recipe
from litesmith.records.form import DataForm
from litesmith.training.augmentation import allowed_augmentation, draw_changes
from litesmith.training.backend import tf
from litesmith.training.types import Tensor


@dataclass(frozen=True)
class DistillationTargets:
    """Teachers' predictions on fixed views of the training images.

    A view changes every image in one way that follows from the view's seed, so that the teachers have to
    see it once only and each student sees exactly what they saw.

    Attributes:
        answers: float16, (num_views, num_rows, num_classes), logarithms of the teachers' probabilities.
        augmentation: Bounds of the views' changes.
        rows: int64, (n,), which of the ``num_rows`` images are the student's n training images.

    Source: Hinton et al., "Distilling the knowledge in a neural network", arXiv:1503.02531; that teacher
        and student must see the same view, and the student many: Beyer et al., arXiv:2106.05237.
    """

    answers: NDArray[np.float16]
    seeds: tuple[int, ...]
    augmentation: Augmentation
    rows: NDArray[np.int64]
    distillation: Distillation

    def view(self, epoch: int) -> tuple[Tensor, NDArray[np.float32]]:
        """Return float32 changes (n, 8) and answers (n, num_classes) of an epoch's view."""
        number = epoch % len(self.seeds)
        draws = draw_changes(self.answers.shape[1], self.seeds[number])
        return tf.gather(draws, self.rows), np.asarray(self.answers[number, self.rows], np.float32)


@dataclass(frozen=True)
class TrainingJob:
    """All that a training follows from, besides the model that it starts from.

    Attributes:
        training: Split that the model learns from.
        validation: Split that each epoch is scored on; nothing is chosen by it.
        form: Of the images. Where a mirror image may be of another class, none is flipped, whatever the
            recipe says.
        recipe: Hyperparameters. With targets, their augmentation replaces the recipe's, so that the
            student sees images as the teachers saw them.
        seed: Decides everything random.
        targets: Of the teachers, or None to learn from the labels alone.
        work: Folder of the checkpoint that a killed training resumes from, or None for none.
        compute_dtype: Of the activations while learning; the model is left in float32 either way.
    """

    training: Split
    validation: Split
    form: DataForm
    recipe: Recipe
    seed: int
    targets: DistillationTargets | None = None
    work: Path | None = None
    compute_dtype: ComputeDtype = "float32"

    def __post_init__(self) -> None:
        """Take the augmentation of the targets, and what the data set allows of it."""
        source = self.recipe if self.targets is None else self.targets
        augmentation = allowed_augmentation(source.augmentation, self.form)
        object.__setattr__(self, "recipe", self.recipe.replace(augmentation=augmentation))
