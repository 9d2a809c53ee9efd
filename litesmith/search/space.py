"""The search space of a data set, and what a proposal in it describes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TypeVar

import optuna

from litesmith.errors import ParamsError
from litesmith.params.sections.network import ImageShape, NetworkSpec
from litesmith.params.sections.recipe import Augmentation, Recipe
from litesmith.params.sections.sweep import SearchParams, Space
from litesmith.records.form import DataForm
from litesmith.training.augmentation import allowed_augmentation

Whole = TypeVar("Whole", bound=int)

# With less, the last stage's convolutions see more padding than image.
_LEAST_SIDE = 2

# Of an image's shorter side: how far it may be shifted, and how long an erased rectangle may be.
_LARGEST_SHIFT, _LARGEST_ERASURE = 1 / 8, 1 / 2

# Steps of an epoch at least, for a batch to be offered.
_LEAST_STEPS = 4


@dataclass(frozen=True)
class Choices:
    """Proposal in a space, described by `litesmith.params.sections.sweep.Space`."""

    width: int
    depth: int
    stages: int
    stem_kernel_size: int
    stem_stride: int
    residual: bool
    separable: bool
    repeats: int
    batch_size: int
    augmentation: str
    dropout_rate: float
    learning_rate: float
    weight_decay: float


def search_for(params: SearchParams, form: DataForm, *, num_rows: int) -> SearchParams:
    """Return a search whose space holds what a data set allows, and nothing twice.

    Args:
        params: The search for any data set.
        form: Of the images. Their sides limit the stages, each of which halves them, and shifts and
            erased rectangles. Where a mirror image may be of another class, none is flipped.
        num_rows: Images in an epoch of the shortest training, which limit the size of a batch.

    Raises:
        ParamsError: The images are too small for every number of stages.
    """
    space, side = params.space, min(form.height, form.width)
    stages = tuple(number for number in space.stages if side >> number >= _LEAST_SIDE)
    if not stages:
        raise ParamsError(
            f"images of {form.height} x {form.width} are too small for sweep.space.stages "
            f"{list(space.stages)}: each stage halves them, and {_LEAST_SIDE} pixels must be left. "
            "Offer fewer stages, or write a larger height and width into the data set's file."
        )
    batch_sizes = [size for size in space.batch_sizes if size * _LEAST_STEPS <= num_rows]
    augmentations = {
        name: _smaller(allowed_augmentation(augmentation, form), side)
        for name, augmentation in params.augmentations.items()
    }
    first = {augmentation: name for name, augmentation in reversed(augmentations.items())}
    names = dict.fromkeys(first[augmentations[name]] for name in space.augmentations)
    space = space.replace(
        stages=stages,
        batch_sizes=batch_sizes or [min(space.batch_sizes)],
        augmentations=tuple(names),
    )
    first_trials = (
        entry.replace(augmentation=first[augmentations[entry.augmentation]])
        for entry in params.first_trials
    )
    return params.replace(augmentations=augmentations, first_trials=tuple(first_trials), space=space)


def search_with(params: SearchParams, name: str, augmentation: Augmentation) -> SearchParams:
    """Return a search with one augmentation only."""
    return params.replace(
        augmentations={name: augmentation},
        first_trials=tuple(entry.replace(augmentation=name) for entry in params.first_trials),
        space=params.space.replace(augmentations=(name,)),
    )


def first_choices(params: SearchParams) -> list[Choices]:
    """Return the values of the first trials, each the nearest that the space offers."""
    space = params.space
    return [
        Choices(
            width=_nearest(trial.width, space.widths),
            depth=_nearest(trial.depth, space.depths),
            stages=_nearest(trial.stages, space.stages),
            stem_kernel_size=_nearest(trial.stem_kernel_size, space.stem_kernel_sizes),
            stem_stride=_nearest(trial.stem_stride, space.stem_strides),
            residual=_nearest(trial.residual, space.residual),
            separable=_nearest(trial.separable, space.separable),
            repeats=_nearest(trial.repeats, space.repeats),
            batch_size=_nearest(trial.batch_size, space.batch_sizes),
            augmentation=(
                trial.augmentation
                if trial.augmentation in space.augmentations
                else space.augmentations[0]
            ),
            dropout_rate=_within(trial.dropout_rate, space.dropout_rates),
            learning_rate=_within(trial.learning_rate, space.learning_rates),
            weight_decay=_within(trial.weight_decay, space.weight_decays),
        )
        for trial in params.first_trials
    ]


def smaller(choices: Choices, space: Space) -> list[Choices]:
    """Return a proposal with its network and all smaller ones."""
    return [
        replace(choices, width=width, depth=depth, stem_stride=stem_stride)
        for width, depth, stem_stride in product(space.widths, space.depths, space.stem_strides)
        if width <= choices.width and depth <= choices.depth and stem_stride >= choices.stem_stride
    ]


def suggest(trial: optuna.Trial, space: Space) -> Choices:
    """Let the sampler choose; round floats as tables do."""
    # A hyperparameter of one value draws nothing, so a space finds the same trials with the same seed
    # whatever else other spaces offer. What is added goes to the end.
    dropout_rate = trial.suggest_float("dropout_rate", *space.dropout_rates)
    learning_rate = trial.suggest_float("learning_rate", *space.learning_rates, log=True)
    weight_decay = trial.suggest_float("weight_decay", *space.weight_decays, log=True)
    return Choices(
        width=trial.suggest_categorical("width", space.widths),
        depth=trial.suggest_categorical("depth", space.depths),
        repeats=trial.suggest_categorical("repeats", space.repeats),
        stem_kernel_size=trial.suggest_categorical("stem_kernel_size", space.stem_kernel_sizes),
        batch_size=trial.suggest_categorical("batch_size", space.batch_sizes),
        augmentation=trial.suggest_categorical("augmentation", space.augmentations),
        stages=trial.suggest_categorical("stages", space.stages),
        stem_stride=trial.suggest_categorical("stem_stride", space.stem_strides),
        residual=trial.suggest_categorical("residual", space.residual),
        separable=trial.suggest_categorical("separable", space.separable),
        dropout_rate=float(f"{dropout_rate:.4g}"),
        learning_rate=float(f"{learning_rate:.4g}"),
        weight_decay=float(f"{weight_decay:.4g}"),
    )


def network_of(choices: Choices, images: ImageShape) -> NetworkSpec:
    """Return the network that a trial's choices describe.

    The stem has half the width, and each stage twice the channels of the one before. Units are dealt out
    one at a time from the last stage, where they cost least, to the first and again.
    """
    stages = range(choices.stages)
    return NetworkSpec(
        **dict(images),
        stem_width=choices.width // 2,
        stage_widths=tuple(choices.width * 2**stage for stage in stages),
        stage_blocks=tuple((choices.depth + stage) // choices.stages for stage in stages),
        stem_kernel_size=choices.stem_kernel_size,
        stem_stride=choices.stem_stride,
        residual=choices.residual,
        separable=choices.separable,
        repeats=choices.repeats,
        dropout_rate=choices.dropout_rate,
    )


def recipe_of(choices: Choices, params: SearchParams, epochs: int) -> Recipe:
    """Return the recipe of a trial's choices and the schedule that all trainings share."""
    return Recipe(
        **dict(params.schedule),
        epochs=epochs,
        batch_size=choices.batch_size,
        learning_rate=choices.learning_rate,
        weight_decay=choices.weight_decay,
        augmentation=params.augmentations[choices.augmentation],
    )


def _smaller(augmentation: Augmentation, side: int) -> Augmentation:
    """Return an augmentation within what the size of the images allows."""
    (shortest, longest), most = augmentation.erase_px, max(2, int(side * _LARGEST_ERASURE))
    return augmentation.replace(
        max_shift_px=min(augmentation.max_shift_px, int(side * _LARGEST_SHIFT)),
        erase_px=(min(shortest, most), min(longest, most)),
    )


def _nearest(value: Whole, offered: Sequence[Whole]) -> Whole:
    return min(offered, key=lambda other: abs(other - value))


def _within(value: float, bounds: tuple[float, float]) -> float:
    return min(max(value, bounds[0]), bounds[1])
