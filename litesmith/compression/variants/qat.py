"""Quantization-aware training of the winner."""

from typing import TYPE_CHECKING

from litesmith.compression.variants.variant import FineTuned, Variant, quantization_aware_text
from litesmith.params.sections.quantize import QuantizeParams
from litesmith.training.types import KerasModel

if TYPE_CHECKING:
    from litesmith.compression.quantization import Tuning


def _make(parent: KerasModel, tuning: "Tuning") -> FineTuned:
    from litesmith.compression.quantization import quantize_aware

    job = tuning.job_of(QAT.name)
    return FineTuned(*quantize_aware(parent, job, keep_zeros=False, name=QAT.name))


def _description(params: QuantizeParams) -> str:
    return f"the winner, {quantization_aware_text(params)}"


QAT = Variant(
    name="qat",
    label="winner, quantization-aware training",
    parent="tuned",
    make=_make,
    description=_description,
    needs_single_runs=True,
)
