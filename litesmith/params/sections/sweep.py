"""How the network is searched for."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from litesmith.params.section import (
    Blocks,
    Count,
    Fraction,
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
Switch = Annotated[Items[bool], Field(min_length=1, max_length=2)]
Stages = Annotated[int, Field(ge=1, le=4)]
Stride = Annotated[int, Field(ge=1, le=2)]


class Space(Section):
    """Search space of a sweep.

    The stem has half the channels of the first stage, each stage twice as many as the one before.
    """

    widths: Annotated[Choices, about("Channels of the first stage.")]
    depths: Annotated[
        Items[Blocks], Field(min_length=1, description="Units in all, besides each stage's first.")
    ]
    stages: Annotated[
        Items[Stages], Field(min_length=1, description="Stages, each at half the resolution.")
    ]
    stem_kernel_sizes: Annotated[Choices, about("Sides of the first convolution.")]
    stem_strides: Annotated[
        Items[Stride], Field(min_length=1, description="Pixels that the first convolution steps.")
    ]
    residual: Annotated[Switch, about("Whether units add to what they were given.")]
    separable: Annotated[Switch, about("Whether units are a depthwise and a 1x1 convolution.")]
    repeats: Annotated[Choices, about("Times that a unit after a stage's first runs in a row.")]
    dropout_rates: Annotated[FractionRange, about("Lowest and highest.")]
    batch_sizes: Choices
    learning_rates: Annotated[PositiveRange, about("Lowest and highest, on a logarithmic scale.")]
    weight_decays: Annotated[PositiveRange, about("Lowest and highest, on a logarithmic scale.")]
    augmentations: Annotated[
        Items[str],
        Field(
            min_length=1,
            description="Names; with teachers, images are changed as they saw them instead.",
        ),
    ]


class FirstTrial(Section):
    """Values in the search space that are known to work on other data sets."""

    width: Count
    depth: Blocks
    stages: Stages
    stem_kernel_size: Count
    stem_stride: Stride
    residual: bool
    separable: bool
    repeats: Count
    dropout_rate: Fraction
    batch_size: Count
    learning_rate: Positive
    weight_decay: Positive
    augmentation: str


class Rung(Section):
    """Length of a trial's training, a full one-cycle schedule from scratch."""

    num_images: Annotated[Count, about("Training images seen, each as often as there are epochs.")]
    num_rows: Annotated[Count, about("Different ones among them; all of them if there are fewer.")]


class FullLength(Section):
    """Length of the winner's training on all rows, by the work allowed."""

    max_work: Annotated[float, about("Multiply-accumulates x images x epochs.", gt=0)]
    min_epochs: Count
    max_epochs: Count

    @model_validator(mode="after")
    def _ascend(self) -> Self:
        if self.min_epochs > self.max_epochs:
            raise ValueError(
                f"min_epochs is {self.min_epochs} and max_epochs {self.max_epochs}: swap the two"
            )
        return self


class SearchParams(Section):
    """Search for a network: everything that decides its trials."""

    num_trials: Annotated[Count, about("Trials within the limits, at most.")]
    max_work: Annotated[
        float | None,
        about("Multiply-accumulates x images x epochs of all trials, at most; null: no bound.", gt=0),
    ]
    batch_trials: Annotated[Count, about("Trials asked for together and halved among themselves.")]
    startup_trials: Annotated[Count, about("Proposals before the sampler learns, all at random.")]
    max_asks: Annotated[Count, about("Proposals for each trial before the limits count as unreachable.")]
    reduction: Annotated[int, about("One in so many trials goes on to the next rung.", ge=2)]
    rungs: Annotated[Items[Rung], Field(min_length=1, description="From the shortest to the longest.")]
    max_epochs: Annotated[Count, about("Of a trial, where the images are few.")]
    tie_standard_errors: Annotated[
        float,
        about("Standard errors below the best that count as equal; the most work then wins.", ge=0),
    ]
    first_trials: Annotated[
        Items[FirstTrial], about("Tried first, each brought within space and limits.")
    ]
    augmentations: Annotated[dict[str, Augmentation], Field(min_length=1, description="By name.")]
    space: Space
    schedule: Schedule
    distillation: Distillation
    trial_threads: Threads

    @model_validator(mode="after")
    def _augmentations_have_names(self) -> Self:
        named = {*self.space.augmentations, *(trial.augmentation for trial in self.first_trials)}
        if missing := sorted(named - set(self.augmentations)):
            raise ValueError(
                f"names the augmentations {missing}, which stand not under augmentations: "
                f"add them there, or choose among {sorted(self.augmentations)}"
            )
        return self


class SweepParams(SearchParams):
    """Search for a network, and full training of the winner."""

    budget: Budget
    full: FullLength
    importance_shuffles: Annotated[
        int, about("Shuffled outcomes that tell what importance chance alone brings.", ge=1, le=1000)
    ]
    num_workers: Annotated[Count, about("Trials at a time."), Indifferent()]
    num_threads: Annotated[Threads, about("Threads of the winner's training; decides results.")]
