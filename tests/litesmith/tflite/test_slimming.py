import copy
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from litesmith.errors import ConversionError
from litesmith.tflite import runtime
from litesmith.tflite.runtime import LiteModel
from litesmith.tflite.slimming import layer, slim, weight_tensors
from tests.litesmith.make_tiny import TINY, images

PRECISIONS = ["float32", "float16", "dynamic", "int8", "int4"]


def whole(precision: str) -> bytes:
    """Return a file as TensorFlow wrote it."""
    return (TINY / f"{precision}.tflite").read_bytes()


def unpacked(content: bytes) -> Any:
    return schema.ModelT.InitFromPackedBuf(content, 0)


def packed(tree: Any) -> bytes:
    builder = flatbuffers.Builder(0)
    builder.Finish(tree.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def opened(folder: Path, content: bytes) -> LiteModel:
    path = folder / "file.tflite"
    path.write_bytes(content)
    return LiteModel(path)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_answers_stay_the_same_to_the_bit(tmp_path: Path, precision: str) -> None:
    drawn, _ = images(60, seed=5)
    before, after = LiteModel(TINY / f"{precision}.tflite"), opened(tmp_path, slim(whole(precision)))
    assert np.array_equal(before.probabilities(drawn), after.probabilities(drawn))
    assert (after.input, after.output) == (before.input, before.output)


@pytest.mark.parametrize(
    ("precision", "saved_bytes"), [("float32", 900), ("float16", 1300), ("int8", 1200)]
)
def test_a_quarter_of_a_tiny_file_goes(precision: str, saved_bytes: int) -> None:
    assert len(whole(precision)) - len(slim(whole(precision))) > saved_bytes


@pytest.mark.parametrize("precision", PRECISIONS)
def test_again_gives_the_same_bytes(precision: str) -> None:
    content = slim(whole(precision))
    assert slim(whole(precision)) == content
    assert slim(content) == content


@pytest.mark.parametrize("precision", PRECISIONS)
def test_weights_and_operators_are_untouched(tmp_path: Path, precision: str) -> None:
    (tmp_path / "slim.tflite").write_bytes(slim(whole(precision)))
    assert runtime.read_weights(tmp_path / "slim.tflite") == runtime.read_weights(
        TINY / f"{precision}.tflite"
    )
    trees = unpacked(whole(precision)), unpacked(slim(whole(precision)))
    before, after = ([vars(code) for code in tree.operatorCodes] for tree in trees)
    assert after == before
    before, after = (
        [operator.inputs.tolist() for operator in tree.subgraphs[0].operators] for tree in trees
    )
    assert after == before


def test_names_of_inputs_outputs_and_layers_stay() -> None:
    before, after = (unpacked(content).subgraphs[0] for content in (whole("int8"), slim(whole("int8"))))
    for index in (*before.inputs, *before.outputs):
        assert after.tensors[index].name == before.tensors[index].name
    names = {tensor.name.decode() for tensor in after.tensors if tensor.name}
    assert names == {
        "serving_default_pixels:0",
        "StatefulPartitionedCall:0",
        "conv_1",
        "dense_1",
        "classes",
    }


@pytest.mark.parametrize("precision", PRECISIONS)
def test_constants_lie_at_multiples_of_sixteen(precision: str) -> None:
    content = np.frombuffer(slim(whole(precision)), np.uint8)
    model = schema.Model.GetRootAs(content, 0)
    buffers = [model.Buffers(index) for index in range(model.BuffersLength())]
    assert [buffer.DataLength() for buffer in buffers].count(0) == 1
    base = content.__array_interface__["data"][0]
    starts = [buffer.DataAsNumpy().__array_interface__["data"][0] - base for buffer in buffers[1:]]
    assert [start % 16 for start in starts] == [0] * len(starts)


def test_the_size_does_not_follow_from_what_the_weights_are() -> None:
    """The sweep judges a network by the file of its untrained self, whose biases all are zero."""
    tree = unpacked(whole("int8"))
    for buffer in tree.buffers[:-2]:  # the last two are notes
        if buffer.data is not None:
            buffer.data = np.zeros_like(buffer.data)
    assert len(slim(packed(tree))) == len(slim(whole("int8")))


def test_weights_of_a_layer_that_runs_twice_are_there_once() -> None:
    tree = unpacked(whole("int8"))
    graph = tree.subgraphs[0]
    weighted = [operator for operator in graph.operators if len(operator.inputs) == 3]
    dense = next(
        operator for operator in weighted if graph.tensors[operator.inputs[1]].shape.tolist() == [8, 128]
    )
    again, weights = copy.deepcopy(dense), copy.deepcopy(graph.tensors[dense.inputs[1]])
    tree.buffers.append(copy.deepcopy(tree.buffers[weights.buffer]))
    weights.buffer = len(tree.buffers) - 1
    graph.tensors.append(weights)
    again.inputs[1] = len(graph.tensors) - 1
    graph.operators.append(again)
    content = slim(packed(tree))
    assert len(content) < len(slim(whole("int8"))) + 200
    after = [tensor.buffer for tensor, _ in weight_tensors(unpacked(content))]
    assert after[-1] == after[1]
    assert len(set(after)) == 3


def test_ranges_of_calibration_go_and_other_metadata_stays(tmp_path: Path) -> None:
    tree = unpacked(whole("int8"))
    for tensor in tree.subgraphs[0].tensors:
        tensor.quantization.min = tensor.quantization.max = np.zeros(1, np.float32)
    tree.buffers.append(schema.BufferT(data=np.frombuffer(b"half precision will do", np.uint8)))
    tree.metadata.append(
        schema.MetadataT(name=b"reduced_precision_support", buffer=len(tree.buffers) - 1)
    )
    after = unpacked(slim(packed(tree)))
    assert all(
        tensor.quantization is None or tensor.quantization.min is None
        for tensor in after.subgraphs[0].tensors
    )
    (note,) = after.metadata
    assert note.name == b"reduced_precision_support"
    assert after.buffers[note.buffer].data.tobytes() == b"half precision will do"


def test_rare_properties_of_tensors_survive() -> None:
    tree = unpacked(whole("float32"))
    first = tree.subgraphs[0].tensors[0]
    first.shapeSignature = np.array([-1, 8, 8, 1], np.int32)
    tree.subgraphs[0].tensors[1].isVariable = True
    after = unpacked(slim(packed(tree))).subgraphs[0].tensors
    assert after[0].shapeSignature.tolist() == [-1, 8, 8, 1]
    assert [tensor.isVariable for tensor in after[:3]] == [False, True, False]


def test_an_interpreter_finds_what_it_found_before() -> None:
    """Every tensor keeps its place, type, shape and quantization."""

    def details(content: bytes) -> list[Any]:
        tensors = Interpreter(model_content=content).get_tensor_details()
        keys = ("index", "dtype", "quantization")
        return [([tensor[key] for key in keys], tensor["shape"].tolist()) for tensor in tensors]

    assert details(slim(whole("int8"))) == details(whole("int8"))


def test_constants_outside_are_refused() -> None:
    tree = unpacked(whole("int8"))
    tree.buffers[3].data, tree.buffers[3].offset, tree.buffers[3].size = None, 4096, 16
    with pytest.raises(ConversionError, match="constants outside its FlatBuffer"):
        slim(packed(tree))


def test_the_layer_in_a_name() -> None:
    assert layer("tiny/conv_1/Conv2D;tiny/norm_1/batchnorm") == "conv_1"
    assert layer("conv_1") == "conv_1"


def test_biases_that_the_converter_shared_come_apart_again() -> None:
    """Those of an untrained network all are zero, so that its file would be smaller than the trained one's."""
    tree = unpacked(whole("int8"))
    graph = tree.subgraphs[0]
    biases = [graph.tensors[node.inputs[2]] for node in graph.operators if len(node.inputs) == 3]
    eight = [tensor for tensor in biases if tensor.shape.tolist() == [8]]
    eight[1].buffer = eight[0].buffer
    assert len(slim(packed(tree))) == len(slim(whole("int8")))
