"""What pruning and dropout did."""

from litesmith.params.sections.recipe import Recipe
from litesmith.records.record import Count, Record, Score, Share


class AblationLine(Record):
    """One model of the ablation.

    Attributes:
        sparsity: Share of the weights that are zero.
    """

    label: str
    dropout_rate: float
    pruned: bool
    validation: Score
    sparsity: Share


class LayerSparsity(Record):
    """Zeros of one layer: the share that was asked for and the share that was reached."""

    name: str
    shape: tuple[Count, ...]
    num_weights: Count
    asked: Share
    reached: Share


class PruneResult(Record):
    """The result of the step ``prune``.

    Attributes:
        ablation: The winner, with dropout alone, pruned alone, and with both, by name.
        sparsity_reached: Share of all weights of the pruned model.
    """

    ablation: dict[str, AblationLine]
    sparsity_asked: Share
    sparsity_reached: Share
    layers: tuple[LayerSparsity, ...]
    recipe: Recipe
