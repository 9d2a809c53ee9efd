"""How the network is searched for."""

from typing import Annotated

from pydantic import AfterValidator, Field

from litesmith.params.section import (
    Count,
    FractionRange,
    Indifferent,
    Items,
    Pair,
    Section,
    Threads,
    about,
    ascending,
)
from litesmith.params.sections.device import Budget
from litesmith.params.sections.recipe import Augmentation, Distillation, Schedule

Positive = Annotated[float, Field(gt=0)]
PositiveRange = Annotated[Pair[Positive], AfterValidator(ascending)]
Choices = Annotated[Items[Count], Field(min_length=1)]


class Space(Section):
    """Search space of a sweep.

    The stem has half the channels of the first stage, the second stage twice as many.
    """

    widths: Annotated[Choices, about("Channels of the first stage.")]
    depths: Annotated[Choices, about("Residual units in all.")]
    repeats: Annotated[Choices, about("Times that a residual unit runs in a row.")]
    stem_kernel_sizes: Annotated[Choices, about("Sides of the first convolution.")]
    dropout_rates: Annotated[FractionRange, about("Lowest and highest.")]
    batch_sizes: Choices
    learning_rates: Annotated[PositiveRange, about("Lowest and highest, on a logarithmic scale.")]
    weight_decays: Annotated[PositiveRange, about("Lowest and highest, on a logarithmic scale.")]
    augmentations: Annotated[
        dict[str, Augmentation],
        Field(
            min_length=1,
            description="By name; with teachers, images are changed as they saw them instead.",
        ),
    ]


class Rung(Section):
    """Length of a trial's training, a full one-cycle schedule from scratch."""

    epochs: Count
    num_rows: Annotated[Count, about("Training images; all of them if there are fewer.")]


class SearchParams(Section):
    """Search for a network: everything that decides its trials."""

    num_trials: Annotated[Count, about("Trials within the limits.")]
    batch_trials: Annotated[Count, about("Trials asked for together and halved among themselves.")]
    startup_trials: Annotated[Count, about("Proposals before the sampler learns, all at random.")]
    max_asks: Annotated[Count, about("Proposals for each trial before the limits count as unreachable.")]
    reduction: Annotated[int, about("One in so many trials goes on to the next rung.", ge=2)]
    rungs: Annotated[Items[Rung], Field(min_length=1, description="From the shortest to the longest.")]
    tie_standard_errors: Annotated[
        float,
        about("Standard errors below the best that count as equal; the most work then wins.", ge=0),
    ]
    num_stages: Annotated[int, about("Each at half the resolution of the one before.", ge=1, le=4)]
    stem_stride: Annotated[int, about("Pixels that the first convolution steps.", ge=1, le=2)]
    residual: Annotated[bool, about("Whether units add to what they were given.")]
    separable: Annotated[bool, about("Whether units are a depthwise and a 1x1 convolution.")]
    space: Space
    schedule: Schedule
    distillation: Distillation
    trial_threads: Threads


class SweepParams(SearchParams):
    """Search for a network, and full training of the winner."""

    budget: Budget
    importance_shuffles: Annotated[
        int, about("Shuffled outcomes that tell what importance chance alone brings.", ge=1, le=1000)
    ]
    num_workers: Annotated[Count, about("Trials at a time."), Indifferent()]
    full_epochs: Annotated[Count, about("Epochs of the winner's training on all rows.")]
    num_threads: Annotated[Threads, about("Threads of the winner's training; decides results.")]
