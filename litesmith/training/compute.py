"""Training in bfloat16 of weights that are kept in float32.

It halves the memory traffic, and some processors multiply it faster. Weights, their gradients,
batch-norm statistics and the answer stay float32; what flows between layers is bfloat16.
"""

from litesmith.params.section import ComputeDtype
from litesmith.training.backend import keras
from litesmith.training.types import KerasModel

# The head is small and its answer is compared with labels: it stays float32, as does the mean over
# positions before it.
_EXACT = ("InputLayer", "GlobalAveragePooling2D", "Dropout", "Dense")


def computing_in(model: KerasModel, dtype: ComputeDtype) -> KerasModel:
    """Return a model that computes in a type.

    That is the model itself for float32, and for bfloat16 a twin with the same weights.

    Args:
        model: A Keras model of `litesmith.training.networks`, without wrappers. It stays as it is.
        dtype: What flows between its layers.

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
