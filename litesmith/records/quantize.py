"""What became of the models that were fine-tuned for conversion."""

from typing import Annotated

from litesmith.params.section import about
from litesmith.params.sections.quantize import Clustering
from litesmith.params.sections.recipe import Recipe
from litesmith.records.record import Count, EpochScores, Record, Score


class TunedVariant(Record):
    """A model that was fine-tuned for conversion."""

    label: str
    description: Annotated[str, about("How it came about, in a sentence for the model card.")]
    parent: Annotated[str, about("The model that it began with.")]
    passes: Annotated[Count, about("How often one answer runs the winner's network.")]
    validation: Score
    parent_validation: Score
    distinct_values: Annotated[dict[str, Count], about("Of clustered kernels, by layer.")]
    history: Annotated[tuple[EpochScores, ...], about("Its epochs; empty if it was not trained.")]


class QuantizeResult(Record):
    """The result of the step ``quantize``, variants by name."""

    variants: dict[str, TunedVariant]
    left_out: Annotated[dict[str, str], about("Why a variant that was asked for is missing, by name.")]
    clustering: Clustering
    recipe: Recipe
