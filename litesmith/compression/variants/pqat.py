"""Quantization-aware training of the pruned model that keeps its zeros."""

from typing import TYPE_CHECKING

from litesmith.compression.variants.variant import FineTuned, Variant, quantization_aware_words
from litesmith.params.sections.quantize import QuantizeParams
from litesmith.training.types import KerasModel

if TYPE_CHECKING:
    from litesmith.compression.quantization import Tuning


def _make(parent: KerasModel, tuning: "Tuning") -> FineTuned:
    from litesmith.compression.quantization import tune_quantization_aware

    return tune_quantization_aware(parent, tuning, PQAT.name, keep_zeros=True)


def _description(params: QuantizeParams) -> str:
    return f"the pruned model, {quantization_aware_words(params)}, its zeros kept"


PQAT = Variant(
    name="pqat",
    label="pruned, rounding learned",
    parent="pruned",
    make=_make,
    description=_description,
    needs_single_runs=True,
)
