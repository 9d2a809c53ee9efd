"""Multiply-accumulates and working memory of a network."""

from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
from math import prod

from litesmith.training.types import KerasModel

# What the converter folds into the operation before it, so that it needs no memory of its own.
_FOLDED = ("BatchNormalization", "ReLU", "Dropout", "SpatialDropout2D", "Flatten", "Activation")

# A layer and the number of its run: a layer that runs more than once is an operation for each run.
_Call = tuple[str, int]


@dataclass(frozen=True)
class _Operation:
    """Run of a layer after folding, with the bytes of its output."""

    call: _Call
    size: int
    inputs: tuple[_Call, ...]


def count_macs(model: KerasModel) -> int:
    """Return the multiply-accumulates of kernels for one image."""
    kernels = {"Conv2D": "kernel", "DepthwiseConv2D": "depthwise_kernel", "Dense": "kernel"}
    macs = 0
    for layer in model.layers:
        kind = type(layer).__name__
        if kind in kernels:
            positions = 1 if kind == "Dense" else prod(layer.get_output_at(0).shape[1:3])
            kernel_size = prod(getattr(layer, kernels[kind]).shape)
            macs += len(layer.inbound_nodes) * positions * kernel_size
    return macs


def peak_activation_bytes(model: KerasModel) -> int:
    """Return the most bytes of int8 activations alive at once.

    While an operation runs, its inputs, its output and whatever a later operation still needs are alive,
    such as the branch around a residual unit.

    Source: the working memory of Liberis and Lane, "Neural networks on microcontrollers",
        arXiv:1910.05110.
    """
    operations = list(_operations(model))
    last_use = {call: step for step, each in enumerate(operations) for call in each.inputs}
    return max(
        operation.size
        + sum(other.size for other in operations[:step] if last_use.get(other.call, -1) >= step)
        for step, operation in enumerate(operations)
    )


def _operations(model: KerasModel) -> Iterator[_Operation]:
    """Yield the operations after folding, in a possible order."""
    calls = {
        (layer["name"], run): [(source, source_run) for source, source_run, *_ in node]
        for layer in model.get_config()["layers"]
        for run, node in enumerate(layer["inbound_nodes"] or [[]])
    }
    folded_into: dict[_Call, _Call] = {}
    for call in TopologicalSorter(calls).static_order():
        layer, inputs = model.get_layer(call[0]), tuple(folded_into[source] for source in calls[call])
        if type(layer).__name__ in _FOLDED:
            folded_into[call] = inputs[0]
        else:
            folded_into[call] = call
            yield _Operation(call, prod(layer.get_output_at(call[1]).shape[1:]), inputs)
