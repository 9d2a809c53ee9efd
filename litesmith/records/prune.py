"""What pruning and dropout did."""

from typing import Annotated

from litesmith.params.section import about
from litesmith.params.sections.recipe import Recipe
from litesmith.records.record import Count, Record, Score, Share


class AblationLine(Record):
    """One model of the ablation."""

    label: str
    dropout_rate: float
    pruned: bool
    validation: Score
    sparsity: Annotated[Share, about("Share of the weights that are zero.")]


class LayerSparsity(Record):
    """Zeros of one layer: the requested share and the share that was reached."""

    name: str
    shape: tuple[Count, ...]
    num_weights: Count
    requested: Share
    reached: Share


class PruneResult(Record):
    """The result of the step ``prune``."""

    ablation: Annotated[
        dict[str, AblationLine], about("The winner; with dropout, pruned, and with both.")
    ]
    sparsity_requested: Share
    sparsity_reached: Annotated[Share, about("Share of all weights of the pruned model.")]
    layers: tuple[LayerSparsity, ...]
    recipe: Recipe
