"""What there is to know of a variant that is fine-tuned for conversion."""

from collections.abc import Callable, Mapping
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
        model: The network.
        history: Of its training, empty without training.
        distinct_values: How many distinct values each kernel has, by layer, where that was the aim.
    """

    model: KerasModel
    history: "History"
    distinct_values: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Variant:
    """A way to make a model ready for conversion.

    Attributes:
        name: In file names and parameters; it enters the seed of the training, and the bytes of files.
        label: In words, for a table.
        parent: The model whose weights it begins with: ``tuned`` or ``pruned``.
        make: Returns the network, given its trained parent, which it leaves as it is.
        description: Says for the model card how the network was made.
        passes: How often the network of its parent runs for one answer.
        needs_single_runs: Whether it cannot be made of a network whose units run more than once.
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
    precisions: tuple[str, ...] = ("int8",)
    load: Callable[[Path], KerasModel] = load_aware


def trained_words(params: QuantizeParams) -> str:
    """Say for how long a variant is trained."""
    epochs = params.recipe.epochs
    return f"fine-tuned for {epochs} more epoch{'' if epochs == 1 else 's'}"


def quantization_aware_words(params: QuantizeParams) -> str:
    """Say how a variant goes through quantization-aware training."""
    words = "while it computes with values rounded to eight bits as the file does"
    return f"{trained_words(params)} {words}"
