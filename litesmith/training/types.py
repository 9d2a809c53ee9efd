"""Names for objects of Keras and TensorFlow, which bring no types."""

from typing import Any, TypeAlias

KerasModel: TypeAlias = Any
LiteConverter: TypeAlias = Any
Layer: TypeAlias = Any
Optimizer: TypeAlias = Any
Tensor: TypeAlias = Any
Variable: TypeAlias = Any
