"""How the winner is pruned."""

from typing import Annotated

from pydantic import AfterValidator

from litesmith.params.section import Count, Fraction, Section, Share, Threads, about
from litesmith.params.sections.recipe import Distillation, Recipe


class Pruning(Section):
    """Schedule of the weights that are set to zero."""

    final_sparsity: Annotated[Fraction, about("Share of a pruned layer's weights that end as zero.")]
    begin_share: Annotated[Fraction, about("Share of the steps before the first weight goes.")]
    end_share: Annotated[Share, about("Share of the steps after which the zeros stay.")]
    frequency: Annotated[Count, about("Steps from one choice of the zeros to the next.")]
    min_weights: Annotated[Count, about("Layers with fewer weights stay dense.")]


def _seeing_all(recipe: Recipe) -> Recipe:
    if recipe.skip_share:
        raise ValueError(
            "must have a skip_share of 0: the schedule of the zeros counts steps that it knows "
            "beforehand"
        )
    return recipe


class PruneParams(Section):
    """Pruning and fine-tuning of the winner."""

    dropout_rate: Annotated[Fraction, about("Of the fine-tunings with dropout.")]
    pruning: Pruning
    distillation: Distillation
    recipe: Annotated[Recipe, AfterValidator(_seeing_all)]
    num_threads: Threads
