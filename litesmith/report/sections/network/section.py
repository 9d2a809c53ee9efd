"""The network that ships: a diagram, and what each operator takes."""

from dataclasses import dataclass

from markupsafe import Markup

from litesmith.records.final.network import Network, Operator
from litesmith.report import drawing
from litesmith.report.inputs import ReportInputs
from litesmith.report.section import Section
from litesmith.report.sections.network.figures import draw_network
from litesmith.wording import count, percent, shape

_KINDS = {
    "ADD": "Add",
    "AVERAGE_POOL_2D": "Average pool",
    "CONCATENATION": "Concatenate",
    "CONV_2D": "Convolution",
    "DEPTHWISE_CONV_2D": "Depthwise convolution",
    "FULLY_CONNECTED": "Dense",
    "MAX_POOL_2D": "Max pool",
    "REVERSE_V2": "Mirror",
}
_ACTIVATIONS = {"RELU": "ReLU", "RELU6": "ReLU6", "TANH": "tanh"}


@dataclass(frozen=True)
class OperatorRow:
    """An operator as the table shows it.

    Attributes:
        number: Counted from 1, as in the diagram.
        shares_with: Number of the operator that stores its weights.
    """

    number: int
    operator: Operator
    words: str
    input_shape: str
    output_shape: str
    shares_with: int | None


@dataclass(frozen=True)
class NetworkSection:
    """What the section shows; ``together`` if several pictures run together for one answer."""

    network: Network
    rows: tuple[OperatorRow, ...]
    together: bool
    figure: Markup


def build(inputs: ReportInputs) -> NetworkSection:
    """Return what the section shows."""
    network = inputs.network
    rows = tuple(operator_row(number, each) for number, each in enumerate(network.operators, 1))
    largest = max(rows, key=lambda row: row.operator.macs)
    description = (
        f"The {len(rows)} operators of {network.file} from input to output, each with its share of the "
        f"multiply-accumulates and of the bytes. The most work: operator {largest.number}, "
        f"{largest.words}, {percent(largest.operator.macs / max(network.macs, 1), 0)} % of "
        f"{count(network.macs)}. The table has the numbers."
    )
    labels = [f"{row.number}  {without_activation(row.operator)}" for row in rows]
    shapes = [row.output_shape for row in rows]
    return NetworkSection(
        network=network,
        rows=rows,
        together=any(operator.output_shape[:1] > (1,) for operator in network.operators),
        figure=drawing.drawn("network-diagram", description, draw_network, network, labels, shapes),
    )


def operator_row(number: int, operator: Operator) -> OperatorRow:
    """Return an operator in words."""
    shared = operator.shares_with
    return OperatorRow(
        number=number,
        operator=operator,
        words=in_words(operator),
        input_shape=_of_one(operator.input_shape),
        output_shape=_of_one(operator.output_shape),
        shares_with=None if shared is None else shared + 1,
    )


def in_words(operator: Operator) -> str:
    """Return kind, window, stride and activation: ``Convolution 3 x 3, stride 2, ReLU``."""
    activation = operator.activation
    fused = f", {_ACTIVATIONS.get(activation, activation)}" if activation else ""
    return f"{without_activation(operator)}{fused}"


def without_activation(operator: Operator) -> str:
    """Return kind, window and stride, for which a diagram has room."""
    kind = _KINDS.get(operator.kind)
    if kind is None:
        kind = operator.kind.removesuffix("_V2").removesuffix("_2D").replace("_", " ").capitalize()
    window = f" {shape(operator.window)}" if operator.window else ""
    strides = operator.stride or (1, 1)
    is_pool = "POOL" in operator.kind and strides == operator.window
    stride = "" if strides == (1, 1) or is_pool else f", stride {_stride(strides)}"
    return f"{kind}{window}{stride}"


def _stride(strides: tuple[int, int]) -> str:
    return str(strides[0]) if strides[0] == strides[1] else shape(strides)


def _of_one(dimensions: tuple[int, ...]) -> str:
    """Write a shape without its first axis where that is of length 1."""
    return shape(dimensions[1:] if len(dimensions) > 1 and dimensions[0] == 1 else dimensions)


SECTION = Section("network", "Network", build)
