"""How models are converted and one file is chosen."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from litesmith.params.section import Count, Fraction, Items, Section, Share, Threads

# One fraction for each precision of a ``.tflite`` file; `tasks.registries` checks the names.
ByPrecision = Mapping[str, Share]


class ConvertParams(Section):
    """Conversion of models, checks of their files, and choice of one."""

    num_calibration: Annotated[
        Count, Field(description="Training images from which int8 learns its ranges.")
    ]
    num_golden: Annotated[
        Count, Field(description="Validation images whose probabilities are compared one by one.")
    ]
    golden_tolerance: Annotated[
        ByPrecision, Field(description="Largest difference of a golden probability.")
    ]
    min_agreement: Annotated[
        ByPrecision,
        Field(description="Smallest share of validation images given the same class as by Keras."),
    ]
    candidates: Annotated[
        Items[str], Field(min_length=1, description="Precisions that may go to the device.")
    ]
    choice_shift_px: Annotated[
        int,
        Field(
            ge=0,
            le=3,
            description="Pixels that the choice moves images each way: no more than in training.",
        ),
    ]
    noise_standard_errors: Annotated[
        float, Field(ge=0, description="Standard errors of the paired difference that are still noise.")
    ]
    equal_size_share: Annotated[
        Fraction, Field(description="Raw sizes this close count as equal; gzip decides.")
    ]
    num_threads: Threads
