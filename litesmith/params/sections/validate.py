"""What raw data must look like."""

from typing import Annotated

from litesmith.params.section import Fraction, FractionRange, Section, about


class ValidateParams(Section):
    """What raw data must look like to be trained on."""

    min_class_share: Annotated[Fraction, about("Smallest share of a class within its files.")]
    max_class_share: Annotated[float, about("Largest share of a class within its files.", gt=0, le=1)]
    max_duplicates: Annotated[int, about("Images that may be exact copies in their files.", ge=0)]
    max_overlap: Annotated[int, about("Test images that may also be train images.", ge=0)]
    min_ink_share: Annotated[Fraction, about("Non-zero pixels below which an image is near-empty.")]
    max_near_empty: Annotated[int, about("Near-empty images that may be there.", ge=0)]
    mean_range: Annotated[FractionRange, about("Mean of all pixels, lowest and highest.")]
    std_range: Annotated[FractionRange, about("Standard deviation of all pixels, lowest and highest.")]
    max_mean_shift: Annotated[Fraction, about("Difference of train and test mean that warns above it.")]
    max_thumbnails: Annotated[
        int, about("Pictures of images that are odd, though not refused.", ge=0, le=100)
    ]
