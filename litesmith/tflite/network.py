"""The network in a ``.tflite`` file: operators, shapes, weights, work and bytes.

Everything is read from the file itself, so that it holds for any file, whoever wrote it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from litesmith.records.final.network import INPUT, FilePart, Network, Operator
from litesmith.tflite.runtime import Weights, read_weights
from litesmith.tflite.slimming import FlatModel, Table, layer, unpack, weight_tensors

_KINDS = {code: name for name, code in vars(schema.BuiltinOperator).items() if not name.startswith("_")}
_ACTIVATIONS = {
    code: name for name, code in vars(schema.ActivationFunctionType).items() if not name.startswith("_")
}
_POOLS = ("AVERAGE_POOL_2D", "MAX_POOL_2D", "L2_POOL_2D")
_IMAGE_KERNELS = ("CONV_2D", "DEPTHWISE_CONV_2D")


def read_network(path: Path) -> Network:
    """Return the network of a ``.tflite`` file, whose name it bears.

    Multiply-accumulates are those of the kernels of convolutions and dense layers, as
    `litesmith.training.cost.count_macs` counts them of a Keras network: padding counts as pixels. Where
    a file runs them on more than one image for an answer, each of them counts.
    """
    content = path.read_bytes()
    tree = unpack(content)
    # both walk the file in the same order
    weights = {
        id(tensor): weights
        for (tensor, _), weights in zip(weight_tensors(tree), read_weights(path), strict=True)
    }
    operators: list[Operator] = []
    owners: dict[int, int] = {}  # by buffer, the operator that stores it
    for graph in tree.subgraphs:
        operators += _Graph(tree, graph, weights, owners, len(operators)).operators()
    stored = sum(operator.bytes for operator in operators)
    other = _other_parts(content, set(owners))
    described = FilePart(
        name="description of operators and tensors, padding",
        bytes=len(content) - stored - sum(part.bytes for part in other),
    )
    return Network(
        file=path.stem, bytes=len(content), operators=tuple(operators), other=(*other, described)
    )


@dataclass(frozen=True)
class _Graph:
    """One graph of a file, whose operators are counted on from ``first``."""

    tree: FlatModel
    graph: Table
    weights: dict[int, Weights]
    owners: dict[int, int]
    first: int

    def operators(self) -> Iterator[Operator]:
        """Yield the operators that compute something from the input."""
        unpacking: dict[int, Table] = {}  # by output
        producers: dict[int, int] = dict.fromkeys(self.graph.inputs.tolist(), INPUT)
        position = self.first
        for table in self.graph.operators:
            inputs = [index for index in table.inputs.tolist() if index >= 0]
            if inputs and all(self._is_constant(index) or index in unpacking for index in inputs):
                unpacking |= dict.fromkeys(table.outputs.tolist(), table)
                continue
            constants = [
                index for each in inputs for index in _constants(each, unpacking) if self._size(index)
            ]
            sources = tuple(producers[index] for index in inputs if index in producers)
            yield self._operator(table, position, sources, inputs, constants)
            producers |= dict.fromkeys(table.outputs.tolist(), position)
            position += 1

    def _operator(
        self,
        table: Table,
        position: int,
        sources: tuple[int, ...],
        inputs: list[int],
        constants: list[int],
    ) -> Operator:
        kind = self._kind(table)
        activations = [index for index in inputs if index not in constants] or inputs
        output = self._shape(table.outputs[0])
        weights, buffer = self._weights(constants)
        new = {
            self._buffer(index): self._size(index)
            for index in constants
            if self._buffer(index) not in self.owners
        }
        self.owners.update(dict.fromkeys(new, position))
        own = weights is not None and buffer in new
        options = table.builtinOptions
        return Operator(
            kind=kind,
            name=layer(weights.name) if weights else None,
            sources=sources,
            input_shape=self._shape(activations[0]) if activations else (),
            output_shape=output,
            window=_window(kind, weights, options),
            stride=_pair(options, "strideH", "strideW"),
            activation=_activation(options),
            dtype=weights.dtype if weights else None,
            num_weights=weights.num_weights if weights and own else 0,
            num_zeros=weights.num_zeros if weights and own else 0,
            macs=_macs(kind, output, weights),
            bytes=sum(new.values()),
            shares_with=None if weights is None or own else self.owners[buffer],
        )

    def _weights(self, constants: list[int]) -> tuple[Weights | None, int]:
        """Return the weights among constants, and the buffer that they are stored in."""
        for index in constants:
            weights = self.weights.get(id(self.graph.tensors[index]))
            if weights is not None:
                return weights, self._buffer(index)
        return None, 0

    def _kind(self, table: Table) -> str:
        code = self.tree.operatorCodes[table.opcodeIndex]
        # two fields for one thing: the older one is a byte and ends at 127
        return str(_KINDS[max(code.builtinCode, code.deprecatedBuiltinCode)])

    def _shape(self, index: int) -> tuple[int, ...]:
        shape = self.graph.tensors[index].shape
        return () if shape is None else tuple(int(size) for size in shape)

    def _buffer(self, index: int) -> int:
        return int(self.graph.tensors[index].buffer)

    def _size(self, index: int) -> int:
        """Return the bytes of a tensor in the file, 0 for a computed one."""
        data = self.tree.buffers[self._buffer(index)].data
        return 0 if data is None else len(data)

    def _is_constant(self, index: int) -> bool:
        return self._size(index) > 0


def _constants(index: int, unpacking: dict[int, Table]) -> list[int]:
    """Return a tensor, or for one that is unpacked the constants behind it."""
    if index not in unpacking:
        return [index]
    behind = [each for each in unpacking[index].inputs.tolist() if each >= 0]
    return [constant for each in behind for constant in _constants(each, unpacking)]


def _macs(kind: str, output: Sequence[int], weights: Weights | None) -> int:
    """Return the multiply-accumulates of a kernel, for every place that it is put at."""
    if weights is None:
        return 0
    if kind in _IMAGE_KERNELS:
        return prod(output[:-1]) * weights.num_weights
    return prod(output) // weights.num_channels * weights.num_weights


def _window(kind: str, weights: Weights | None, options: Table) -> tuple[int, int] | None:
    if kind in _IMAGE_KERNELS and weights is not None:
        return weights.shape[1], weights.shape[2]
    return _pair(options, "filterHeight", "filterWidth") if kind in _POOLS else None


def _pair(options: Table, down: str, right: str) -> tuple[int, int] | None:
    """Return two of an operator's options; None if its kind has none of them."""
    if not hasattr(options, down):
        return None
    return int(getattr(options, down)), int(getattr(options, right))


def _activation(options: Table) -> str | None:
    code = getattr(options, "fusedActivationFunction", schema.ActivationFunctionType.NONE)
    return None if code == schema.ActivationFunctionType.NONE else _ACTIVATIONS[code]


def _other_parts(content: bytes, of_operators: set[int]) -> tuple[FilePart, ...]:
    """Return what else can be told apart in a file, each vector counted once."""
    root = schema.Model.GetRootAs(content, 0)
    graphs = [root.Subgraphs(number) for number in range(root.SubgraphsLength())]
    tensors = [graph.Tensors(number) for graph in graphs for number in range(graph.TensorsLength())]
    scales = _Places()
    for tensor in tensors:
        if (quantization := tensor.Quantization()) is not None:
            scales.add(quantization.ScaleLength(), quantization.ScaleAsNumpy())
            scales.add(quantization.ZeroPointLength(), quantization.ZeroPointAsNumpy())
            scales.add(quantization.MinLength(), quantization.MinAsNumpy())
            scales.add(quantization.MaxLength(), quantization.MaxAsNumpy())
    rest = _Places()
    for number in range(root.BuffersLength()):
        if number not in of_operators:
            rest.add(root.Buffers(number).DataLength(), root.Buffers(number).DataAsNumpy())
    parts = (
        FilePart(name="scales and zero points", bytes=scales.num_bytes),
        FilePart(name="notes, and constants of no operator", bytes=rest.num_bytes),
    )
    return tuple(part for part in parts if part.bytes)


class _Places:
    """Vectors of a file by where they lie, since several tables may share one."""

    def __init__(self) -> None:
        self._sizes: dict[int, int] = {}

    def add(self, length: int, vector: NDArray[np.generic]) -> None:
        """Add a vector; without a length it is not there, and a number."""
        if length:
            self._sizes[vector.ctypes.data] = vector.nbytes

    @property
    def num_bytes(self) -> int:
        """Bytes of all of them."""
        return sum(self._sizes.values())
