"""How images and batches of them are judged."""

from typing import Annotated

from litesmith.params.section import Fraction, FractionRange, Indifferent, Section, Share, about

_Range = FractionRange | None


class ValidateParams(Section):
    """How images and batches of them are judged before anything is trained.

    Null derives a threshold from the accepted images, or leaves it to the comparison with them; a data
    set may pin it in its own file.
    """

    false_alarm: Annotated[
        float, about("Share of sound batches that all comparisons together may leave out.", gt=0, le=0.5)
    ]
    max_brightness_shift: Annotated[
        Fraction, about("Change of the light, as a share of it, that is no drift.")
    ]
    min_drift: Annotated[
        Fraction, about("Difference of two distribution functions below which nothing has drifted.")
    ]
    max_mix_shift: Annotated[
        Fraction, about("Share of a batch that may be of other classes than the accepted images.")
    ]
    min_label_excess: Annotated[
        float,
        about(
            "Excess of a batch's mean loss over its labels that does not count, in standard deviations "
            "of one image.",
            ge=0,
            le=10,
        ),
    ]
    min_growth: Annotated[
        float, about("Growth of the accepted images after which the judge learns anew.", gt=0, le=10)
    ]
    min_copy_correlation: Annotated[
        float | None,
        about("Of images in two splits, above which one is left out; null for none.", gt=0.9, lt=1),
    ]
    max_left_out: Annotated[
        Share, about("Share of the base that may be left out image by image; more stops.")
    ]
    max_label_noise: Annotated[Share, about("Share of the base's labels that do not fit; more warns.")]
    max_test_doubts: Annotated[
        Share, about("Share of test labels, beyond that of train, that may not fit; more stops.")
    ]
    min_ink_share: Annotated[
        Fraction | None, about("Share of pixels unlike the ground below which an image is near-empty.")
    ]
    mean_range: Annotated[_Range, about("Mean of all pixels of a batch, lowest and highest.")]
    std_range: Annotated[_Range, about("Standard deviation of all pixels, lowest and highest.")]
    class_shares: Annotated[_Range, about("Share of a class in its batch, lowest and highest.")]
    max_thumbnails: Annotated[
        int,
        about("Pictures of each kind that the pages show: odd, left out, mislabelled.", ge=0, le=100),
        Indifferent(),
    ]
