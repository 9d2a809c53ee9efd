"""Tests of litesmith.tflite.network: on tiny files of every precision, and against Keras' own count."""

from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from litesmith.params.sections.network import NetworkSpec
from litesmith.records.final.network import Network
from litesmith.tflite.network import read_network
from litesmith.tflite.runtime import read_weights
from litesmith.tflite.slimming import slim
from tests.litesmith.make_tiny import TINY
from tests.litesmith.small import NETWORK

PRECISIONS = ["float32", "float16", "dynamic", "int8", "int4"]
# How many bytes a weight takes; the first convolution and the last layer of an int4 file are int8.
BYTES = {"float32": 4, "float16": 2, "int8": 1, "int4": 0.5}
BIAS_BYTES = {"float32": 4, "float16": 2, "dynamic": 4, "int8": 4, "int4": 4}


def slimmed(folder: Path, precision: str) -> Path:
    path = folder / f"tiny-{precision}.tflite"
    path.write_bytes(slim((TINY / f"{precision}.tflite").read_bytes()))
    return path


def total(network: Network) -> int:
    parts = (*network.operators, *network.other)
    return sum(part.bytes for part in parts)


@pytest.mark.parametrize("slim_file", [True, False], ids=["slim", "as converted"])
@pytest.mark.parametrize("precision", PRECISIONS)
def test_operators_and_the_rest_are_the_whole_file(
    tmp_path: Path, precision: str, slim_file: bool
) -> None:
    path = slimmed(tmp_path, precision) if slim_file else TINY / f"{precision}.tflite"
    network = read_network(path)
    assert (network.file, network.bytes) == (path.stem, path.stat().st_size)
    assert total(network) == network.bytes
    assert all(part.bytes > 0 for part in network.other)
    weights = read_weights(path)
    assert network.num_weights == sum(each.num_weights for each in weights) == 72 + 1024 + 24
    assert network.sparsity == sum(each.num_zeros for each in weights) / network.num_weights
    assert network.macs == 8 * 8 * 72 + 1024 + 24


@pytest.mark.parametrize("precision", PRECISIONS)
def test_every_operator_is_told_as_it_is(tmp_path: Path, precision: str) -> None:
    network = read_network(slimmed(tmp_path, precision))
    seen = [
        (each.kind, each.name, each.sources, each.input_shape, each.output_shape)
        for each in network.operators
    ]
    assert seen == [
        ("CONV_2D", "conv_1", (-1,), (1, 8, 8, 1), (1, 8, 8, 8)),
        ("MAX_POOL_2D", None, (0,), (1, 8, 8, 8), (1, 4, 4, 8)),
        ("RESHAPE", None, (1,), (1, 4, 4, 8), (1, 128)),
        ("FULLY_CONNECTED", "dense_1", (2,), (1, 128), (1, 8)),
        ("FULLY_CONNECTED", "classes", (3,), (1, 8), (1, 3)),
        ("SOFTMAX", None, (4,), (1, 3), (1, 3)),
    ]
    conv, pool, _, dense, _, softmax = network.operators
    assert (conv.window, conv.stride, conv.activation, conv.macs) == ((3, 3), (1, 1), "RELU", 8 * 8 * 72)
    assert (pool.window, pool.stride, pool.num_weights, pool.bytes) == ((2, 2), (2, 2), 0, 0)
    assert (dense.window, dense.activation, dense.macs) == (None, "RELU", 1024)
    assert (softmax.dtype, softmax.sparsity, softmax.bytes) == (None, None, 0)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_bytes_of_a_layer_are_those_of_its_weights_and_biases(tmp_path: Path, precision: str) -> None:
    network = read_network(slimmed(tmp_path, precision))
    for operator in network.operators:
        if operator.dtype is not None:
            biases = operator.output_shape[-1] * BIAS_BYTES[precision]
            assert operator.bytes == operator.num_weights * BYTES[operator.dtype] + biases
    scales = [part for part in network.other if part.name == "scales and zero points"]
    assert bool(scales) == (precision not in ("float32", "float16"))


def test_zeros_are_counted_in_the_file(tmp_path: Path) -> None:
    from litesmith.tflite.slimming import unpack

    content = bytearray((TINY / "float32.tflite").read_bytes())
    tree = unpack(bytes(content))
    (dense,) = (
        data for buffer in tree.buffers if (data := buffer.data) is not None and len(data) == 4096
    )
    place = bytes(content).index(dense.tobytes())
    content[place : place + 2048] = bytes(2048)
    path = tmp_path / "half.tflite"
    path.write_bytes(content)
    operators = [each for each in read_network(path).operators if each.num_weights == 1024]
    assert [each.sparsity for each in operators] == [0.5]


SPECS = {
    "residual": NETWORK,
    "odd sides, strided": NETWORK.replace(
        height=9,
        width=7,
        channels=3,
        stem_stride=2,
        stem_kernel_size=5,
        stage_widths=(6, 10, 4),
        stage_blocks=(0, 2, 1),
        residual=False,
    ),
    "depthwise, repeated": NETWORK.replace(separable=True, repeats=2, channels=3),
}


def kernels(model: Any) -> int:
    """Return the weights of a Keras network's kernels, those of a layer that runs twice once."""
    return sum(int(prod(weight.shape)) for weight in model.trainable_weights if "kernel" in weight.name)


@pytest.mark.slow
@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_file_has_the_weights_and_the_work_of_its_keras_network(
    tmp_path: Path, spec: NetworkSpec
) -> None:
    from litesmith.tflite.precisions.registry import PRECISIONS as REGISTERED
    from litesmith.training.cost import count_macs
    from litesmith.training.networks import build_network

    model = build_network(spec, "network")
    shape = (20, spec.height, spec.width, spec.channels)
    images = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    for precision in REGISTERED:
        path = tmp_path / f"{precision.name}.tflite"
        path.write_bytes(precision.convert(model, images))
        network = read_network(path)
        assert network.macs == count_macs(model), precision.name
        assert network.num_weights == kernels(model), precision.name
        assert total(network) == network.bytes == path.stat().st_size
        shared = [each for each in network.operators if each.shares_with is not None]
        assert bool(shared) == (spec.repeats > 1)
        assert all(network.operators[each.shares_with or 0].num_weights > 0 for each in shared)
        kinds = {each.kind for each in network.operators}
        assert ("DEPTHWISE_CONV_2D" in kinds) == spec.separable
        assert ("ADD" in kinds) == (spec.residual and sum(spec.stage_blocks) > 0)
        assert network.operators[0].sources == (-1,)


@pytest.mark.slow
def test_foreign_layers_are_read_like_any_other(tmp_path: Path) -> None:
    """Read a network with an average pool, constants that are no weights, and a dense layer over places."""
    from litesmith.tflite.precisions.registry import precision
    from litesmith.training.backend import keras
    from litesmith.training.cost import count_macs

    layers = keras.layers
    pixels = keras.Input((8, 8, 3), name="pixels")
    features = layers.DepthwiseConv2D(3, depth_multiplier=2, name="spread")(pixels)
    features = layers.PReLU(shared_axes=[1, 2], name="rectify")(features)
    features = layers.AveragePooling2D(2, name="pool")(features)
    features = layers.Conv2D(4, 1, name="mix")(features)
    features = layers.Concatenate(name="beside")([features, features])
    features = layers.Flatten(name="flat")(features)
    outputs = layers.Dense(5, activation="softmax", name="classes")(features)
    model = keras.Model(pixels, outputs, name="foreign")
    images = np.random.default_rng(1).integers(0, 256, (20, 8, 8, 3), dtype=np.uint8)
    for name in ("float32", "float16", "int8"):
        path = tmp_path / f"{name}.tflite"
        path.write_bytes(precision(name).convert(model, images))
        network = read_network(path)
        assert (network.macs, network.num_weights) == (count_macs(model), kernels(model))
        assert total(network) == network.bytes
        by_kind = {each.kind: each for each in network.operators}
        assert by_kind["AVERAGE_POOL_2D"].window == (2, 2)
        assert by_kind["DEPTHWISE_CONV_2D"].output_shape == (1, 6, 6, 6)
        assert by_kind["CONCATENATION"].sources[0] == by_kind["CONCATENATION"].sources[1]
