"""Flip averaging of the winner."""

from typing import TYPE_CHECKING

from litesmith.compression.variants.variant import FineTuned, Variant
from litesmith.params.sections.quantize import QuantizeParams
from litesmith.training.types import KerasModel

if TYPE_CHECKING:
    from litesmith.compression.quantization import Tuning

# Stands in the bytes of every file, which keep the name that the variant had before.
_KERAS_NAME = "mirrored"


def _make(parent: KerasModel, _: "Tuning") -> FineTuned:
    from litesmith.compression.flip_averaging import flip_averaged

    return FineTuned(flip_averaged(parent, _KERAS_NAME), [])


def _description(_: QuantizeParams) -> str:
    return (
        "the winner without more training: it looks at the picture and at its mirror image through the "
        "same weights, and answers by the mean of both views' features"
    )


FLIP_AVERAGED = Variant(
    name="flip_averaged",
    label="winner, flip-averaged",
    parent="tuned",
    make=_make,
    description=_description,
    passes=2,
    mirrors=True,
)
