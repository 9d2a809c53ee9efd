"""Quantization-aware training of the winner."""

from typing import TYPE_CHECKING

from litesmith.compression.variants.variant import FineTuned, Variant, quantization_aware_words
from litesmith.params.sections.quantize import QuantizeParams
from litesmith.training.types import KerasModel

if TYPE_CHECKING:
    from litesmith.compression.quantization import Tuning


def _make(parent: KerasModel, tuning: "Tuning") -> FineTuned:
    from litesmith.compression.quantization import tune_quantization_aware

    return tune_quantization_aware(parent, tuning, QAT.name, keep_zeros=False)


def _description(params: QuantizeParams) -> str:
    return f"the winner, {quantization_aware_words(params)}"


QAT = Variant(
    name="qat",
    label="winner, rounding learned",
    parent="tuned",
    make=_make,
    description=_description,
    needs_single_runs=True,
)
