"""The network of a ``.tflite`` file, operator by operator."""

from typing import Annotated

from litesmith.params.section import about
from litesmith.records.record import Count, Record

INPUT = -1
"""Stands for the input of the network among the sources of an operator."""


class Operator(Record):
    """An operator of a file, as it runs for one image.

    One that only unpacks constants, such as float16 weights, belongs to the operator that uses them.
    """

    kind: Annotated[str, about("As the schema of ``.tflite`` calls it, such as ``CONV_2D``.")]
    name: Annotated[str | None, about("Of its layer; None where the file does not tell.")]
    sources: Annotated[
        tuple[int, ...], about("Positions of the operators whose outputs it reads; -1 is the input.")
    ]
    input_shape: Annotated[tuple[Count, ...], about("Of what it reads first.")]
    output_shape: tuple[Count, ...]
    window: Annotated[
        tuple[Count, Count] | None, about("Height and width of kernel or pool; None without.")
    ]
    stride: Annotated[tuple[Count, Count] | None, about("Down and right; None without.")]
    activation: Annotated[str | None, about("Fused into it, such as ``RELU``.")]
    dtype: Annotated[str | None, about("Of its weights; None without.")]
    num_weights: Annotated[Count, about("In kernels, without biases; 0 if one before stores them.")]
    num_zeros: Annotated[Count, about("Weights of these that are exactly zero.")]
    macs: Annotated[Count, about("Multiply-accumulates of its kernel.")]
    bytes: Annotated[Count, about("Of its constants in the file, without those of one before.")]
    shares_with: Annotated[
        int | None, about("Operator before that stores its weights; None for its own.")
    ]

    @property
    def sparsity(self) -> float | None:
        """Share of its own weights that are zero; None without any."""
        return self.num_zeros / self.num_weights if self.num_weights else None


class FilePart(Record):
    """A part of a file that belongs to no single operator."""

    name: str
    bytes: Count


class Network(Record):
    """The network of a file; its operators and other parts are all bytes."""

    file: Annotated[str, about("Name, such as ``tuned-int8``.")]
    bytes: Annotated[Count, about("Of the file.")]
    operators: Annotated[tuple[Operator, ...], about("In the order in which they run.")]
    other: tuple[FilePart, ...]

    @property
    def num_weights(self) -> int:
        """Weights of all kernels that the file stores."""
        return sum(operator.num_weights for operator in self.operators)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one answer."""
        return sum(operator.macs for operator in self.operators)

    @property
    def sparsity(self) -> float:
        """Share of the weights that are zero."""
        return sum(operator.num_zeros for operator in self.operators) / max(self.num_weights, 1)
