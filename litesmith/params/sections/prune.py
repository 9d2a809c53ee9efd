"""How the winner is pruned."""

from typing import Annotated

from pydantic import AfterValidator, Field

from litesmith.params.section import Count, Fraction, Section, Share, Threads
from litesmith.params.sections.recipe import Distillation, Recipe


class Pruning(Section):
    """Schedule of the weights that are set to zero."""

    final_sparsity: Annotated[
        Fraction, Field(description="Share of a pruned layer's weights that end as zero.")
    ]
    begin_share: Annotated[
        Fraction, Field(description="Share of the steps before the first weight goes.")
    ]
    end_share: Annotated[Share, Field(description="Share of the steps after which the zeros stay.")]
    frequency: Annotated[Count, Field(description="Steps from one choice of the zeros to the next.")]
    min_weights: Annotated[Count, Field(description="Layers with fewer weights stay dense.")]


def _seeing_all(recipe: Recipe) -> Recipe:
    if recipe.skip_share:
        raise ValueError(
            "must have a skip_share of 0: the schedule of the zeros counts steps that it knows "
            "beforehand"
        )
    return recipe


class PruneParams(Section):
    """Pruning and fine-tuning of the winner."""

    dropout_rate: Annotated[Fraction, Field(description="Of the fine-tunings with dropout.")]
    pruning: Pruning
    distillation: Distillation
    recipe: Annotated[Recipe, AfterValidator(_seeing_all)]
    num_threads: Threads
