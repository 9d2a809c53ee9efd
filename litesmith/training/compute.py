"""Training with bfloat16 activations between layers.

It halves the memory traffic, and some processors multiply it faster. Weights, their gradients,
batch-norm statistics and probabilities stay float32.
"""

from litesmith.params.section import ComputeDtype
from litesmith.training.backend import keras
from litesmith.training.types import KerasModel

# The head is small and decides the loss: it stays float32, as does the mean over positions before it.
_EXACT = ("InputLayer", "GlobalAveragePooling2D", "Dropout", "Dense")


def computing_in(model: KerasModel, dtype: ComputeDtype) -> KerasModel:
    """Return a model itself for float32, and for bfloat16 a twin with the same weights.

    Args:
        model: A network of `litesmith.training.networks`, without wrappers. It stays as it is.
        dtype: Of the activations between layers.

    Source: Kalamkar et al., "A study of bfloat16 for deep learning training", arXiv:1905.12322, as
        Keras' policy ``mixed_bfloat16`` does it. It pays where the processor multiplies it (AMX, AVX-512
        BF16) and costs more than float32 elsewhere.
    """
    if dtype == "float32":
        return model
    config = model.get_config()
    for layer in config["layers"]:
        if layer["class_name"] not in _EXACT:
            layer["config"]["dtype"] = "mixed_bfloat16"
    twin = keras.Model.from_config(config)
    twin.set_weights(model.get_weights())
    return twin
