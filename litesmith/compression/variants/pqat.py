"""Quantization-aware training of the pruned model that keeps its zeros."""

from typing import TYPE_CHECKING

from litesmith.compression.variants.variant import FineTuned, Variant, quantization_aware_text
from litesmith.params.sections.quantize import QuantizeParams
from litesmith.training.types import KerasModel

if TYPE_CHECKING:
    from litesmith.compression.quantization import Tuning


def _make(parent: KerasModel, tuning: "Tuning") -> FineTuned:
    from litesmith.compression.quantization import quantize_aware

    job = tuning.job_of(PQAT.name)
    return FineTuned(*quantize_aware(parent, job, keep_zeros=True, name=PQAT.name))


def _description(params: QuantizeParams) -> str:
    return f"the pruned model, {quantization_aware_text(params)}, its zeros kept"


PQAT = Variant(
    name="pqat",
    label="pruned, quantization-aware training",
    parent="pruned",
    make=_make,
    description=_description,
    needs_single_runs=True,
)
