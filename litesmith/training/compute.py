"""Train in bfloat16 what is kept in float32: half the memory traffic, and products that some processors do faster.

Weights, their gradients, batch-norm statistics and the answer stay float32; what flows between layers is bfloat16.
"""

from typing import Any, Literal

from litesmith.training.backend import keras

ComputeDtype = Literal["float32", "bfloat16"]

# The head is small and its answer is compared with labels: it stays float32, as does the mean over positions before it.
_EXACT = ("InputLayer", "GlobalAveragePooling2D", "Dropout", "Dense")


def computing_in(model: Any, dtype: ComputeDtype) -> Any:
    """Return the model itself for float32, and for bfloat16 a twin with the same weights that computes in it.

    Args:
        model: A Keras model of `litesmith.training.networks`, without wrappers. It stays as it is.
        dtype: What flows between its layers.

    Source: Kalamkar et al., "A study of bfloat16 for deep learning training", arXiv:1905.12322, as Keras' policy
        ``mixed_bfloat16`` does it. It pays where the processor multiplies it (AMX, AVX-512 BF16) and costs more than
        float32 elsewhere.
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
