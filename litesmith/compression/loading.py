"""Reading of networks from quantization-aware training.

Apart from `litesmith.compression.quantization`: who reads them needs no training.
"""

from pathlib import Path

from litesmith.training import backend
from litesmith.training.h5_check import QUANTIZATION, checked_h5
from litesmith.training.types import KerasModel


def load_aware(path: Path) -> KerasModel:
    """Return the network in an ``.h5`` file, with TF-MOT's layers if it has some.

    Raises:
        DataError: The file is missing or not a Keras model, or could run code of its own.
    """
    with checked_h5(path) as (file, classes):
        if not classes & QUANTIZATION:
            return backend.read_model(path, file)  # TF-MOT takes a second to import
        with backend.tfmot.quantization.keras.quantize_scope():
            return backend.read_model(path, file)


def is_quantization_aware(model: KerasModel) -> bool:
    """Tell whether a network has TF-MOT's layers of quantization-aware training."""
    wrapper = backend.tfmot.quantization.keras.QuantizeWrapper
    return any(isinstance(layer, wrapper) for layer in model.layers)
