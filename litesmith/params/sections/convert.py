"""How models are converted and one file is chosen."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from litesmith.params.section import Count, Fraction, Items, Section, Share, Threads, about

# One fraction for each precision of a ``.tflite`` file; `tasks.registries` checks the names.
ByPrecision = Mapping[str, Share]


class Relevance(Section):
    """What matters where two models are compared."""

    relevant_loss: Annotated[
        Fraction,
        about(
            "Smallest loss of accuracy that matters, in the choice and for the marks of the report.",
            gt=0,
        ),
    ]


class ConvertParams(Relevance):
    """Conversion of models, checks of their files, and choice of one."""

    num_calibration: Annotated[
        Count, about("Training images at most, from which int8 learns its ranges.")
    ]
    num_golden: Annotated[
        Count, about("Validation images at most, whose probabilities are compared one by one.")
    ]
    golden_tolerance: Annotated[ByPrecision, about("Largest difference of a golden probability.")]
    min_agreement: Annotated[
        ByPrecision, about("Smallest share of images with the same class as by Keras.")
    ]
    agreement_level: Annotated[
        float, about("Chance that a file which agrees just as often is refused.", gt=0, lt=0.5)
    ]
    candidates: Annotated[
        Items[str], Field(min_length=1, description="Precisions that may go to the device.")
    ]
    choice_shift_px: Annotated[
        int, about("Pixels that the choice moves images each way: no more than in training.", ge=0, le=3)
    ]
    noise_standard_errors: Annotated[
        float, about("Standard errors of the paired difference that are still noise.", ge=0)
    ]
    equal_size_share: Annotated[Fraction, about("Raw sizes this close count as equal; gzip decides.")]
    num_threads: Threads
