"""Cost of networks that nobody has trained yet: estimated from their shape, or converted."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

import numpy as np

from litesmith.device.limits import Cost
from litesmith.params.sections.network import NetworkSpec
from litesmith.tflite.precisions.int8 import INT8
from litesmith.training.backend import seed_everything
from litesmith.training.cost import count_macs, peak_activation_bytes
from litesmith.training.networks import build_network

BYTES_ERROR = 0.1
"""Share of the estimated bytes that a file may have more or less."""

# Height, width and channels.
_Shape = tuple[int, int, int]


@dataclass(frozen=True)
class _Operation:
    """Operation of a network, with what is folded into it.

    Attributes:
        alive: Bytes of int8 activations while it runs: what it reads and writes, and what a later one
            still needs.
        weights: Of its kernel, if it has one.
        channels: With a bias and scales of their own.
        macs: For one image.
        shared: Whether its kernel is that of an operation before.
    """

    alive: int
    weights: int = 0
    channels: int = 0
    macs: int = 0
    shared: bool = False


def cost_of(spec: NetworkSpec) -> Cost:
    """Return the cost of an untrained network as int8 file, in a second."""
    # The file holds equal numbers once, so a few bytes hang on the weights that the network begins with.
    seed_everything(0)
    model = build_network(spec, "untrained")
    shape = (2, spec.height, spec.width, spec.channels)
    images = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    return Cost(len(INT8.convert(model, images)), count_macs(model), peak_activation_bytes(model))


def estimated_cost(spec: NetworkSpec) -> Cost:
    """Return the cost of a network from its shape alone.

    Multiply-accumulates and activations are those of `cost_of`; bytes of files above 20,000 are within
    5 %, of smaller ones within 1,500.
    """
    operations = list(_operations(spec))
    return Cost(
        tflite_bytes=_file_bytes(operations),
        macs=sum(operation.macs for operation in operations),
        activation_bytes=max(operation.alive for operation in operations),
    )


def _operations(spec: NetworkSpec) -> Iterator[_Operation]:
    """Yield the operations that `litesmith.training.networks.build_network` builds, in their order."""
    pixels = (spec.height, spec.width, spec.channels)
    yield _Operation(prod(pixels))
    height, width = (-(-side // spec.stem_stride) for side in pixels[:2])
    shape = (height, width, spec.stem_width)
    yield _convolution(pixels, shape, spec.stem_kernel_size)
    for stage, (channels, blocks) in enumerate(zip(spec.stage_widths, spec.stage_blocks, strict=True)):
        if (stage or spec.stem_stride == 1) and shape[:2] != (1, 1):
            before, shape = shape, (max(1, shape[0] // 2), max(1, shape[1] // 2), shape[2])
            yield _Operation(prod(before) + prod(shape))
        yield from _unit(shape, channels, spec)
        shape = (*shape[:2], channels)
        for run in range(blocks * spec.repeats):
            yield from _unit(shape, channels, spec, shared=run % spec.repeats > 0, kept=spec.residual)
            if spec.residual:
                yield _Operation(3 * prod(shape))
    pooled, answers = (1, 1, shape[2]), (1, 1, spec.num_classes)
    yield _Operation(prod(shape) + prod(pooled))
    yield _convolution(pooled, answers, 1)


def _unit(
    shape: _Shape, channels: int, spec: NetworkSpec, *, shared: bool = False, kept: bool = False
) -> Iterator[_Operation]:
    """Yield the convolutions of a unit; ``kept``: its input is needed later."""
    written = (*shape[:2], channels)
    if not spec.separable:
        yield _convolution(shape, written, 3, shared=shared)
        return
    positions, kernel = shape[0] * shape[1], 9 * shape[2]
    yield _Operation(2 * prod(shape), kernel, shape[2], positions * kernel, shared)
    yield _convolution(shape, written, 1, shared=shared, kept=prod(shape) if kept else 0)


def _convolution(
    read: _Shape, written: _Shape, kernel_size: int, *, shared: bool = False, kept: int = 0
) -> _Operation:
    weights, positions = kernel_size**2 * read[2] * written[2], written[0] * written[1]
    alive = prod(read) + prod(written) + kept
    return _Operation(alive, weights, written[2], positions * weights, shared)


def _file_bytes(operations: list[_Operation]) -> int:
    """Return the bytes of a slimmed int8 file, fitted to 60 networks."""
    kernels = [operation for operation in operations if operation.weights]
    weights = sum(operation.weights for operation in kernels if not operation.shared)
    channels = sum(operation.channels for operation in kernels)
    return weights + 15 * channels + 180 * len(kernels) + 70 * (len(operations) - len(kernels)) + 1480
