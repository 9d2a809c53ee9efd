"""Memory of a microcontroller under TensorFlow Lite Micro."""

import re
from pathlib import Path

from litesmith.device import micro
from litesmith.device.measurement import MeasuredLimit, Measurement, Values
from litesmith.errors import MachineError
from litesmith.files import run_module
from litesmith.records.device import Column

_ARENA = re.compile(r"Arena allocation (total|head|tail) (\d+) bytes")
# The interpreter's own records of tensors and operators are its tail. Activations and scratch memory are
# its head, planned so that they overlap in time and share places.
_COLUMNS = {"total": "arena_bytes", "tail": "persistent_bytes", "head": "nonpersistent_bytes"}


def measure_arena(path: Path) -> Values:
    """Return the bytes that TensorFlow Lite Micro needs besides a file.

    Measured where pointers have eight bytes: on a microcontroller, where they have four, the persistent
    part is smaller. Its optimized kernels may ask for scratch memory that the portable ones run here do
    not need.

    Args:
        path: A ``.tflite`` file whose operators are integer throughout, or float throughout.

    Raises:
        ConversionError: It does not run there.
        MachineError: The tool reports no arena.

    Source: https://github.com/tensorflow/tflite-micro/blob/main/docs/memory_management.md
    """
    tool = MCU.describe_tool()
    done = run_module([micro.__name__, str(path.resolve())], path, tool)
    output = done.stdout + done.stderr
    sizes = {part: int(count) for part, count in _ARENA.findall(output)}
    if set(sizes) != set(_COLUMNS):
        raise MachineError(
            f"{tool} printed nothing about the arena of {path.name}, expected its total, head and tail, "
            f"got: {output.strip()[-500:]!r}. Install the version in requirements-device.lock: "
            "`make extras`."
        )
    return {column: sizes[part] for part, column in _COLUMNS.items()}


MCU = Measurement(
    name="mcu",
    package="tflite-micro",
    tool="TensorFlow Lite Micro",
    title="Memory under TensorFlow Lite Micro",
    caption="What the integer files ask of a microcontroller besides their own bytes, run under {tool} "
    "on this host; a 32-bit device keeps smaller records.",
    columns=(
        Column(name="arena_bytes", label="Arena, bytes", unit="bytes"),
        Column(name="persistent_bytes", label="Records that stay, bytes", unit="bytes"),
        Column(name="nonpersistent_bytes", label="Activations and scratch, bytes", unit="bytes"),
    ),
    limit=MeasuredLimit("max_arena_bytes", "arena_bytes", "arena under TensorFlow Lite Micro", "bytes"),
    measure=lambda path, _: measure_arena(path),
    maybe_weights=("int4",),  # not every kernel of the runtime takes them
)
