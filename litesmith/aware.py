"""Read networks that learned to round. Apart from `litesmith.quantization`: who reads them needs no training."""

from pathlib import Path
from typing import Any

from litesmith.keras import load_h5, tfmot


def load_aware(path: Path) -> Any:
    """Return the network in an ``.h5`` file, with TF-MOT's rounding layers if it has some.

    Raises:
        DataError: The file is missing or not a Keras model.
    """
    with tfmot.quantization.keras.quantize_scope():
        return load_h5(path)


def learned_to_round(model: Any) -> bool:
    """Tell whether a network has TF-MOT's rounding layers."""
    wrapper = tfmot.quantization.keras.QuantizeWrapper
    return any(isinstance(layer, wrapper) for layer in model.layers)
