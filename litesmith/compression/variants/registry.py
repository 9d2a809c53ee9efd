"""All variants that are fine-tuned for conversion.

A new one is a module here and an entry in the tuple.
"""

from litesmith.compression.variants.clustered import CLUSTERED
from litesmith.compression.variants.flip_averaged import FLIP_AVERAGED
from litesmith.compression.variants.pqat import PQAT
from litesmith.compression.variants.qat import QAT
from litesmith.compression.variants.variant import Variant

VARIANTS: tuple[Variant, ...] = (QAT, PQAT, CLUSTERED, FLIP_AVERAGED)


def variant(name: str) -> Variant:
    """Return the variant of this name.

    Raises:
        KeyError: None is registered under it.
    """
    return {registered.name: registered for registered in VARIANTS}[name]


def passes(model: str) -> int:
    """Return how often a model runs the winner's network for one answer.

    Args:
        model: A variant, or a model of another step, which runs it once.
    """
    return next((registered.passes for registered in VARIANTS if registered.name == model), 1)
