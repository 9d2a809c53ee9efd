"""Slimming of ``.tflite`` files that changes no bit of their answers.

A file is a FlatBuffer: tables, vectors and strings that point at each other. TensorFlow's converter
writes every one of them anew and adds names, signatures and notes of the conversion: 8 to 10 KB, half of
a file of 10,000 weights. They are removed, and equal vectors and tables are written once: an offset may
point wherever a value of its type lies, which is how ``CreateSharedString`` works in every language.

Sources: https://flatbuffers.dev/internals/ and the schema of ``.tflite``, which puts constants at
multiples of 16 bytes (``force_align: 16``):
https://github.com/google-ai-edge/LiteRT/blob/main/tflite/converter/schema/schema.fbs
"""

from collections.abc import Hashable, Iterator
from typing import Any, TypeAlias

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from litesmith.errors import ConversionError

# The schema's classes are generated and have no types: a whole file, and any table in it.
FlatModel: TypeAlias = Any
Table: TypeAlias = Any

# Operators that hold weights, each with the axis of its weight tensor that counts output channels.
_WEIGHTED = {
    schema.BuiltinOperator.CONV_2D: 0,
    schema.BuiltinOperator.DEPTHWISE_CONV_2D: 3,
    schema.BuiltinOperator.FULLY_CONNECTED: 0,
}

# What the converter notes for people. Other metadata may change how a file runs and stays.
_NOTES = (b"min_runtime_version", b"CONVERSION_METADATA")

# Bytes at whose multiples the schema puts constants.
_CONSTANT_ALIGNMENT = 16


def slim(model: bytes) -> bytes:
    """Return a smaller ``.tflite`` file that answers the same to the bit.

    What stays: operators with their versions and options, tensors with type, shape and quantization in
    their order, constants at multiples of 16 bytes, the names of inputs and outputs, and for the weights
    of a layer the layer's name. What goes: names of other tensors, signatures (an interpreter feeds
    inputs by index), the converter's notes, minima and maxima of calibration, quantization that
    quantizes nothing, buffers that are empty or unused, and the second copy of a layer's weights where
    the layer runs twice.

    Args:
        model: Content of a ``.tflite`` file.

    Returns:
        The smaller content; the same for the same model, and ``slim`` of it is itself.

    Raises:
        ConversionError: Constants lie outside the FlatBuffer, as in files above 2 GB, where moving it
            would lose them.
    """
    tree = unpack(model)
    if tree.externalBuffers or any(buffer.offset for buffer in tree.buffers):
        raise ConversionError(
            "the file holds constants outside its FlatBuffer, got one that cannot be made smaller."
        )
    _remove_notes(tree)
    _remove_names(tree)
    _remove_ranges(tree)
    _gather_buffers(tree)
    _share(tree)
    builder = _Builder(len(model))
    builder.Finish(tree.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def unpack(model: bytes) -> FlatModel:
    """Return the content of a ``.tflite`` file as the schema's objects."""
    return schema.ModelT.InitFromPackedBuf(model, 0)


def operator_codes(model: bytes) -> set[int]:
    """Return the kinds of operators in a ``.tflite`` file, as `BuiltinOperator` numbers them."""
    # two fields for one thing: the older one is a byte and ends at 127
    return {max(code.BuiltinCode(), code.DeprecatedBuiltinCode()) for code in _operators(model)}


def custom_operators(model: bytes) -> list[str]:
    """Return the names of operators that are not built into LiteRT."""
    names = {code.CustomCode() for code in _operators(model)} - {None}
    return sorted(name.decode(errors="replace") for name in names)


def _operators(model: bytes) -> list[Table]:
    root = schema.Model.GetRootAs(model, 0)
    return [root.OperatorCodes(index) for index in range(root.OperatorCodesLength())]


def weight_tensors(tree: FlatModel) -> Iterator[tuple[Table, int]]:
    """Yield each weight tensor, as layers run, and the axis of its output channels."""
    for graph in tree.subgraphs:
        producers = {operator.outputs[0]: operator for operator in graph.operators}
        for operator in graph.operators:
            if (kind := _kind(tree, operator)) in _WEIGHTED:
                index = operator.inputs[1]
                # float16 weights reach their operator through a DEQUANTIZE
                index = producers[index].inputs[0] if index in producers else index
                yield graph.tensors[index], _WEIGHTED[kind]


def layer(name: str) -> str:
    """Return the Keras layer in a tensor's name: ``model/conv2d_1/Conv2D`` is of ``conv2d_1``."""
    return next(iter(name.partition(";")[0].split("/")[-2:-1]), name)


def _kind(tree: FlatModel, operator: Table) -> int:
    code = tree.operatorCodes[operator.opcodeIndex]
    # two fields for one thing: the older one is a byte and ends at 127
    return int(max(code.builtinCode, code.deprecatedBuiltinCode))


def _tensors(tree: FlatModel) -> list[Table]:
    return [tensor for graph in tree.subgraphs for tensor in graph.tensors]


def _remove_notes(tree: FlatModel) -> None:
    tree.description = tree.metadataBuffer = tree.signatureDefs = None
    tree.metadata = [note for note in tree.metadata or [] if note.name not in _NOTES] or None


def _remove_names(tree: FlatModel) -> None:
    """Keep the names of inputs, outputs and layers with weights."""
    names = {
        id(tensor): layer(tensor.name.decode()) for tensor, _ in weight_tensors(tree) if tensor.name
    }
    for graph in tree.subgraphs:
        for index in (*graph.inputs, *graph.outputs):
            names[id(graph.tensors[index])] = graph.tensors[index].name
        for tensor in graph.tensors:
            tensor.name = names.get(id(tensor))


def _remove_ranges(tree: FlatModel) -> None:
    """Remove minima and maxima of calibration, and quantization without a scale."""
    for tensor in _tensors(tree):
        if (quantization := tensor.quantization) is not None:
            quantization.min = quantization.max = None
            if _is_empty(quantization.scale) and quantization.details is None:
                tensor.quantization = None


def _gather_buffers(tree: FlatModel) -> None:
    """Keep full buffers; the first is empty and stands for the rest.

    Equal weights are written once. Equal biases are written apart, though the converter writes them
    once: they are equal only while a network is untrained and they are zero, and its file is to be as
    large as that of the trained one.
    """
    weights = {id(tensor) for tensor, _ in weight_tensors(tree)}
    biases = {id(tensor) for tensor in _biases(tree)}
    places: dict[Hashable, int] = {}
    buffers = [schema.BufferT()]
    for user in sorted((*_tensors(tree), *(tree.metadata or [])), key=lambda table: int(table.buffer)):
        data = tree.buffers[user.buffer].data
        if _is_empty(data):
            user.buffer = 0
            continue
        content: Hashable = int(user.buffer)
        if id(user) in weights:
            content = data.tobytes()
        elif id(user) in biases:
            content = "bias", id(user)
        if content not in places:
            places[content] = len(buffers)
            buffers.append(schema.BufferT(data=data))
        user.buffer = places[content]
    tree.buffers = buffers


def _biases(tree: FlatModel) -> Iterator[Table]:
    for graph in tree.subgraphs:
        for operator in graph.operators:
            if _kind(tree, operator) in _WEIGHTED and any(index >= 0 for index in operator.inputs[2:3]):
                yield graph.tensors[operator.inputs[2]]


def _is_empty(vector: NDArray[np.generic] | None) -> bool:
    return vector is None or len(vector) == 0


def _share(tree: FlatModel) -> None:
    """Let equal tables of tensors and operators be one."""
    for graph in tree.subgraphs:
        tables: dict[Hashable, _Once] = {}
        for tensor in graph.tensors:
            if (table := tensor.quantization) is not None:
                tensor.quantization = tables.setdefault(_key(table), _Once(table))
        graph.tensors = [_Tensor(tensor) for tensor in graph.tensors]
        for operator in graph.operators:
            if (table := operator.builtinOptions) is not None:
                operator.builtinOptions = tables.setdefault(_key(table), _Once(table))


def _key(value: object) -> Hashable:
    """Return a key that equal tables, vectors or numbers have in common."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.tobytes()
    if hasattr(value, "__dict__"):
        fields = sorted(vars(value).items())
        return type(value).__name__, *((name, _key(inner)) for name, inner in fields)
    return repr(value)


class _Once:
    """A table that is written once, however many offsets point at it."""

    def __init__(self, table: Table) -> None:
        self._table, self._offset = table, 0

    def Pack(self, builder: flatbuffers.Builder) -> int:  # noqa: N802 (the schema's name)
        """Write the table unless it is there already."""
        self._offset = self._offset or self._table.Pack(builder)
        return self._offset


class _Tensor:
    """A tensor written without the gaps that the schema's order leaves."""

    def __init__(self, tensor: Table) -> None:
        self._tensor = tensor

    def Pack(self, builder: flatbuffers.Builder) -> int:  # noqa: N802 (the schema's name)
        """Write the tensor."""
        tensor = self._tensor
        rare = (tensor.sparsity, tensor.shapeSignature, tensor.variantTensors)
        if tensor.isVariable or tensor.externalBuffer or any(value is not None for value in rare):
            return int(tensor.Pack(builder))
        offsets = {}
        if tensor.shape is not None:
            offsets[schema.TensorAddShape] = builder.CreateNumpyVector(tensor.shape)
        if tensor.name is not None:
            offsets[schema.TensorAddName] = builder.CreateString(tensor.name)
        if tensor.quantization is not None:
            offsets[schema.TensorAddQuantization] = tensor.quantization.Pack(builder)
        schema.TensorStart(builder)
        for add, offset in offsets.items():
            add(builder, offset)
        schema.TensorAddBuffer(builder, tensor.buffer)
        schema.TensorAddType(builder, tensor.type)
        schema.TensorAddHasRank(builder, tensor.hasRank)
        return int(schema.TensorEnd(builder))


class _Builder(flatbuffers.Builder):  # type: ignore[misc]
    """Writes equal vectors once, and constants where the schema wants them."""

    __slots__ = ("_written",)

    def __init__(self, size_bytes: int) -> None:
        super().__init__(size_bytes)
        self._written: dict[Hashable, int] = {}

    def CreateNumpyVector(self, x: NDArray[np.generic]) -> int:  # noqa: N802 (the base's name)
        """Write a vector unless an equal one is; `_gather_buffers` has shared constants."""
        if x.dtype == np.uint8:
            self.Prep(_CONSTANT_ALIGNMENT, len(x))
            return int(super().CreateNumpyVector(x))
        key = _key(x)
        if key not in self._written:
            self._written[key] = super().CreateNumpyVector(x)
        return self._written[key]
