"""Flip averaging of the winner."""

from typing import TYPE_CHECKING

from litesmith.compression.variants.variant import FineTuned, Variant
from litesmith.params.sections.quantize import QuantizeParams
from litesmith.training.types import KerasModel

if TYPE_CHECKING:
    from litesmith.compression.quantization import Tuning


def _make(parent: KerasModel, _: "Tuning") -> FineTuned:
    from litesmith.compression.flip_averaging import mirrored

    return FineTuned(mirrored(parent, FLIP_AVERAGED.name), [])


def _description(_: QuantizeParams) -> str:
    return (
        "the winner without more training: it looks at the picture and at its mirror image through the "
        "same weights, and answers by the mean of both views' features"
    )


FLIP_AVERAGED = Variant(
    name="mirrored",
    label="winner, asked about the mirror image too",
    parent="tuned",
    make=_make,
    description=_description,
    passes=2,
)
