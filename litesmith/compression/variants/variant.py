"""Description of a variant that is fine-tuned for conversion."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from litesmith.compression.loading import load_aware
from litesmith.params.sections.quantize import QuantizeParams
from litesmith.training.types import KerasModel

if TYPE_CHECKING:
    from litesmith.compression.quantization import Tuning
    from litesmith.training.history import History


@dataclass(frozen=True)
class FineTuned:
    """A variant's network.

    Attributes:
        history: Of its training, empty without training.
        distinct_values: How many distinct values each kernel has, by layer, where that was the aim.
    """

    model: KerasModel
    history: "History"
    distinct_values: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Variant:
    """A way to make a model ready for conversion.

    Attributes:
        name: In file names and parameters; it enters the seed of the training, and the bytes of files.
        label: In words, for a table.
        parent: The model whose weights it starts from: ``tuned`` or ``pruned``.
        make: Returns the network, given its trained parent, which it leaves as it is.
        description: Returns for the model card how the network came about.
        passes: How often the network of its parent runs for one answer.
        needs_single_runs: Whether its parent may not run a unit more than once.
        mirrors: Whether it answers for the mirror image, so that it needs one of the same class.
        precisions: Names of the precisions that it is converted to.
        load: Reads its ``.h5`` file.
    """

    name: str
    label: str
    parent: str
    make: "Callable[[KerasModel, Tuning], FineTuned]"
    description: Callable[[QuantizeParams], str]
    passes: int = 1
    needs_single_runs: bool = False
    mirrors: bool = False
    precisions: tuple[str, ...] = ("int8",)
    load: Callable[[Path], KerasModel] = load_aware


def training_text(params: QuantizeParams) -> str:
    """Return in words for how long a variant is trained."""
    epochs = params.recipe.epochs
    return f"fine-tuned for {epochs} more epoch{'' if epochs == 1 else 's'}"


def quantization_aware_text(params: QuantizeParams) -> str:
    """Return in words how a variant goes through quantization-aware training."""
    return (
        f"{training_text(params)} while it computes with values rounded to eight bits as the file does"
    )
