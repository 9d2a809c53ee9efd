"""What became of the models that were fine-tuned for conversion."""

from litesmith.params.sections.quantize import Clustering
from litesmith.params.sections.recipe import Recipe
from litesmith.records.record import Count, EpochScores, Record, Score


class TunedVariant(Record):
    """A model that was fine-tuned for conversion.

    Attributes:
        description: How it came about, in a sentence for the model card.
        parent: The model that it began with.
        passes: How often one answer runs the winner's network.
        distinct_values: Of each clustered kernel, by layer; empty for others.
        history: Its epochs; empty if it was not trained.
    """

    label: str
    description: str
    parent: str
    passes: Count
    validation: Score
    parent_validation: Score
    distinct_values: dict[str, Count]
    history: tuple[EpochScores, ...]


class QuantizeResult(Record):
    """The result of the step ``quantize``: the variants by name, and how they were made."""

    variants: dict[str, TunedVariant]
    clustering: Clustering
    recipe: Recipe
