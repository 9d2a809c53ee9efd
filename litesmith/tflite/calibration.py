"""Ranges of activations that come out the same on every machine.

Calibration runs the network in floating point. Machines add in another order, so that the least and the
largest value differ in their last digits, and with them every scale of the file. Rounded to a few bits
they are the same, unless one lies in the middle between two.
"""

import flatbuffers
import numpy as np
from numpy.typing import ArrayLike, NDArray

from litesmith.tflite.slimming import unpack

# Moves an end of a range by at most a 256th of it. Differences between machines are of the order of a
# millionth, so that about one range in 2,000 lies where they decide.
_SIGNIFICANT_BITS = 8


def rounded(values: ArrayLike) -> NDArray[np.float32]:
    """Return float32 values with 8 significant bits, the nearest ones; 0 stays."""
    significands, exponents = np.frexp(np.asarray(values, np.float32))
    steps = np.float32(1 << _SIGNIFICANT_BITS)
    return np.asarray(np.ldexp(np.rint(significands * steps) / steps, exponents), np.float32)


def with_rounded_ranges(model: bytes) -> bytes:
    """Return a calibrated ``.tflite`` file, floats with ranges beside them, with its ranges rounded."""
    tree = unpack(model)
    for graph in tree.subgraphs:
        for tensor in graph.tensors:
            ranges = tensor.quantization
            if ranges is not None and ranges.min is not None:
                ranges.min, ranges.max = rounded(ranges.min), rounded(ranges.max)
    builder = flatbuffers.Builder(len(model))
    builder.Finish(tree.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())
