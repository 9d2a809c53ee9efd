"""What raw data must look like."""

from typing import Annotated

from pydantic import Field

from litesmith.params.section import Fraction, FractionRange, Section


class ValidateParams(Section):
    """What raw data must look like to be trained on."""

    min_class_share: Annotated[
        Fraction, Field(description="Smallest share of a class within its files.")
    ]
    max_class_share: Annotated[
        float, Field(gt=0, le=1, description="Largest share of a class within its files.")
    ]
    max_duplicates: Annotated[
        int, Field(ge=0, description="Images that may be exact copies of another in their files.")
    ]
    max_overlap: Annotated[int, Field(ge=0, description="Test images that may also be train images.")]
    min_ink_share: Annotated[
        Fraction, Field(description="Below this share of non-zero pixels an image is near-empty.")
    ]
    max_near_empty: Annotated[int, Field(ge=0, description="Near-empty images that may be there.")]
    mean_range: Annotated[FractionRange, Field(description="Mean of all pixels, lowest and highest.")]
    std_range: Annotated[
        FractionRange, Field(description="Standard deviation of all pixels, lowest and highest.")
    ]
    max_mean_shift: Annotated[
        Fraction, Field(description="Difference of train and test mean that warns above it.")
    ]
    max_thumbnails: Annotated[
        int, Field(ge=0, le=100, description="Pictures of images that are odd, though not refused.")
    ]
