"""Operators of a model, and the working memory that they need."""

from collections import Counter
from collections.abc import Mapping

from ai_edge_litert import schema_py_generated as schema

from litesmith.device.measurement import Measurement
from litesmith.device.registry import MEASUREMENTS
from litesmith.records.device import DeviceMeasurement
from litesmith.records.service.release import Arena, Operator
from litesmith.tflite.slimming import FlatModel, Table, unpack

# Of the device, in devices/NAME.yaml.
_LIMIT = "max_arena_bytes"
# The arena is measured on the host with portable kernels. Those of a device ask for scratch memory of
# their own, while its records are smaller where pointers have four bytes.
_MARGIN = 0.1
_ALIGNMENT = 16

_NAMES = {code: name for name, code in vars(schema.BuiltinOperator).items() if not name.startswith("_")}


def list_operators(model: bytes) -> tuple[Operator, ...]:
    """Return the operators of a ``.tflite`` file, by name and version.

    Args:
        model: Content of the file, which LiteRT has opened before: a damaged one raises anything.
    """
    tree = unpack(model)
    counts = Counter(
        int(operator.opcodeIndex) for graph in tree.subgraphs for operator in graph.operators
    )
    operators = [_operator(tree, index, count) for index, count in counts.items()]
    return tuple(sorted(operators, key=lambda operator: (operator.name, operator.version)))


def _operator(tree: FlatModel, index: int, count: int) -> Operator:
    code: Table = tree.operatorCodes[index]
    # two fields for one thing: the older one is a byte and ends at 127
    kind = int(max(code.builtinCode, code.deprecatedBuiltinCode))
    custom = code.customCode
    return Operator(
        name=custom.decode(errors="replace") if custom else _NAMES.get(kind, f"BUILTIN_{kind}"),
        version=int(code.version),
        custom=bool(custom),
        count=count,
    )


def needed_arena(measured: Mapping[str, DeviceMeasurement], file: str) -> Arena | None:
    """Return the arena of a file with a margin, if measured.

    Args:
        measured: By the name of the measurement, as the step ``evaluate`` records it.
        file: Such as ``pruned-int8``.
    """
    for measurement in MEASUREMENTS:
        result = measured.get(measurement.name)
        size_bytes = _arena_bytes(measurement, result, file)
        if result is not None and size_bytes is not None:
            with_margin = -(-size_bytes * (1 + _MARGIN) // _ALIGNMENT) * _ALIGNMENT
            return Arena(
                tool=result.tool,
                measured_bytes=size_bytes,
                margin=_MARGIN,
                recommended_bytes=int(with_margin),
            )
    return None


def _arena_bytes(measurement: Measurement, result: DeviceMeasurement | None, file: str) -> int | None:
    if measurement.limit is None or measurement.limit.name != _LIMIT or result is None:
        return None
    values = result.files[file].values if file in result.files else {}
    column = measurement.limit.column
    return int(values[column]) if column in values else None
