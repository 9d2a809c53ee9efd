"""Names for what Keras and TensorFlow hand out; neither brings types that can be checked."""

from typing import Any, TypeAlias

KerasModel: TypeAlias = Any
Layer: TypeAlias = Any
Optimizer: TypeAlias = Any
Tensor: TypeAlias = Any
Variable: TypeAlias = Any
