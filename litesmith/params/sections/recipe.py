"""How a network is trained."""

from typing import Annotated

from pydantic import Field

from litesmith.params.section import Count, Fraction, Section, Share


class AugmentationParams(Section):
    """How far a training image may be changed."""

    max_shift_px: Annotated[
        int, Field(ge=0, le=14, description="Rows and columns it may move, either way.")
    ]
    flip: Annotated[bool, Field(description="Whether half of the images are mirrored.")]
    erase_share: Annotated[Share, Field(description="Share of the images that get a rectangle erased.")]
    max_erase_px: Annotated[int, Field(ge=2, description="Longest side of that rectangle.")]


class ScheduleParams(Section):
    """What all trainings of a sweep share."""

    warmup_share: Annotated[
        float, Field(gt=0, lt=1, description="Share of the steps with a rising learning rate.")
    ]
    momentum: Annotated[Fraction, Field(description="Of Nesterov's gradient descent.")]
    label_smoothing: Annotated[
        Fraction, Field(description="Share of the target spread over all classes.")
    ]
    skip_share: Annotated[
        Fraction,
        Field(description="Share of the images with a loss below the average that an epoch leaves out."),
    ]
    skip_until: Annotated[
        Share, Field(description="Share of the epochs after which no image is left out.")
    ]
    averaging_share: Annotated[
        Fraction,
        Field(description="Share of the steps that the average of the weights reaches back; 0 is off."),
    ]
    refresh_rows: Annotated[
        int,
        Field(
            ge=0,
            description="Images that measure batch-norm statistics at the end; 0 keeps the running ones.",
        ),
    ]


class RecipeParams(ScheduleParams):
    """How a network is trained."""

    epochs: Count
    batch_size: Count
    learning_rate: Annotated[float, Field(gt=0, description="The highest of the one-cycle schedule.")]
    weight_decay: Annotated[float, Field(ge=0, description="Of kernels, apart from the gradient.")]
    augmentation: AugmentationParams


class LessonParams(Section):
    """How much a student heeds its teachers, if there are any."""

    weight: Annotated[
        Share, Field(description="Share of the loss that is the distance to their answers.")
    ]
    temperature: Annotated[
        float, Field(gt=0, description="Softens both answers before they are compared.")
    ]
