"""All variants that are fine-tuned for conversion.

A new one is a module here and an entry in the tuple.
"""

from collections.abc import Iterable

from litesmith.compression.variants.clustered import CLUSTERED
from litesmith.compression.variants.flip_averaged import FLIP_AVERAGED
from litesmith.compression.variants.pqat import PQAT
from litesmith.compression.variants.qat import QAT
from litesmith.compression.variants.variant import Variant

VARIANTS: tuple[Variant, ...] = (QAT, PQAT, CLUSTERED, FLIP_AVERAGED)


def variant(name: str) -> Variant:
    """Return the variant of this name; raise `KeyError` if there is none."""
    return {registered.name: registered for registered in VARIANTS}[name]


def mirroring(names: Iterable[str]) -> tuple[str, ...]:
    """Return the variants that answer for mirror images too.

    They are left out where a data set's ``mirror_safe`` is false.
    """
    return tuple(name for name in names if variant(name).mirrors)


def passes(model: str) -> int:
    """Return how often a model runs the winner's network for one answer."""
    return next((registered.passes for registered in VARIANTS if registered.name == model), 1)
