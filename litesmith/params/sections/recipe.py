"""How a network is trained."""

from typing import Annotated

from pydantic import AfterValidator, Field

from litesmith.params.section import Count, Fraction, Pair, Section, Share, about, ascending


class Augmentation(Section):
    """Random changes of a training image; what a shift brings in is background."""

    max_shift_px: Annotated[int, about("Rows and columns it may move, either way.", ge=0, le=14)]
    flip: Annotated[bool, about("Whether half of the images are mirrored.")]
    erase_share: Annotated[Share, about("Share of the images that get a rectangle erased.")]
    erase_px: Annotated[
        Pair[Annotated[int, Field(ge=2)]],
        AfterValidator(ascending),
        about("Shortest and longest side of that rectangle."),
    ]


class Schedule(Section):
    """Part of a recipe that all trainings of a sweep share."""

    warmup_share: Annotated[float, about("Share of the steps with a rising learning rate.", gt=0, lt=1)]
    momentum: Annotated[Fraction, about("Of Nesterov's gradient descent.")]
    label_smoothing: Annotated[Fraction, about("Share of the target spread over all classes.")]
    skip_share: Annotated[
        Fraction, about("Share of the images with a loss below the average that an epoch leaves out.")
    ]
    skip_until: Annotated[Share, about("Share of the epochs after which no image is left out.")]
    averaging_share: Annotated[
        Fraction, about("Share of the steps that the average of the weights reaches back; 0 is off.")
    ]
    refresh_rows: Annotated[
        int,
        about("Images that measure batch-norm statistics at the end; 0 keeps the running ones.", ge=0),
    ]


class Recipe(Schedule):
    """Hyperparameters of a training.

    What is left over of the images at the end of an epoch waits for the next shuffle. Images that stay
    where others are skipped weigh as much more, so that the gradient is the same on average. The average
    of the weights reaches back over a share of the steps that there would be if no image were skipped; 0
    takes the last weights.

    Source: momentum after Sutskever et al., "On the importance of initialization and momentum in deep
        learning", ICML 2013; label smoothing after Szegedy et al., "Rethinking the Inception
        architecture", arXiv:1512.00567; averages of weights after Polyak and Juditsky, "Acceleration of
        stochastic approximation by averaging", 1992. The others stand where they are built:
        `litesmith.training.schedule`, `litesmith.training.loop.refresh_batch_norm`,
        `litesmith.training.augmentation`.
    """

    epochs: Annotated[Count, about("Passes over the training images.")]
    batch_size: Annotated[Count, about("Images in a step.")]
    learning_rate: Annotated[float, about("The highest of the one-cycle schedule.", gt=0)]
    weight_decay: Annotated[float, about("Of kernels, apart from the gradient.", ge=0)]
    augmentation: Augmentation


class Distillation(Section):
    """Weight of the distillation targets in a student's loss, where there are teachers."""

    weight: Annotated[Share, about("Share of the loss that is the distance to their answers.")]
    temperature: Annotated[float, about("Softens both answers before they are compared.", gt=0)]
