"""Training of the winner with few distinct weights."""

from typing import TYPE_CHECKING

from litesmith.compression.variants.variant import FineTuned, Variant, training_text
from litesmith.params.sections.quantize import QuantizeParams
from litesmith.training.types import KerasModel

if TYPE_CHECKING:
    from litesmith.compression.quantization import Tuning


def _make(parent: KerasModel, tuning: "Tuning") -> FineTuned:
    from litesmith.compression.quantization import cluster, distinct_values

    job = tuning.job_of(CLUSTERED.name)
    model, history = cluster(parent, job, tuning.clustering, name=CLUSTERED.name)
    return FineTuned(model, history, distinct_values(model))


def _description(params: QuantizeParams) -> str:
    clustering = params.clustering
    return (
        f"the winner, {training_text(params)} while the weights of each kernel of at least "
        f"{clustering.min_weights} share at most {clustering.num_clusters} values, so that its file "
        "packs smaller"
    )


CLUSTERED = Variant(
    name="clustered",
    label="winner, few distinct weights",
    parent="tuned",
    make=_make,
    description=_description,
)
