"""Memory of a microcontroller under TensorFlow Lite Micro."""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from litesmith.device import micro
from litesmith.device.measurement import DeviceCost, MeasuredLimit, Measurement, run_tool
from litesmith.errors import MachineError
from litesmith.records.device import Column

_ARENA = re.compile(r"Arena allocation (total|head|tail) (\d+) bytes")


@dataclass(frozen=True)
class Arena(DeviceCost):
    """Memory that TensorFlow Lite Micro needs besides the file, in bytes.

    Measured where pointers have eight bytes: on a microcontroller, where they have four, the persistent
    part is smaller. Its optimized kernels may ask for scratch memory that the portable ones run here do
    not need.

    Attributes:
        arena_bytes: All of it.
        persistent_bytes: What lives as long as the interpreter: the tensors' and operators' own records.
        nonpersistent_bytes: Activations and scratch memory, planned so that they overlap in time and
            share places.
    """

    arena_bytes: int
    persistent_bytes: int
    nonpersistent_bytes: int


def measure_arena(path: Path) -> Arena:
    """Run a file under TensorFlow Lite Micro and return what its recording allocator allocated.

    Args:
        path: A ``.tflite`` file whose operators are integer throughout, or float throughout.

    Raises:
        ConversionError: It does not run there.
        MachineError: The tool reports no arena.

    Source: https://github.com/tensorflow/tflite-micro/blob/main/docs/memory_management.md
    """
    tool = MCU.describe_tool()
    output = run_tool([sys.executable, "-m", micro.__name__, str(path.resolve())], path, tool)
    sizes = {name: int(count) for name, count in _ARENA.findall(output)}
    if set(sizes) != {"total", "head", "tail"}:
        raise MachineError(
            f"{tool} said nothing of the arena of {path.name}, expected its total, head and tail, got: "
            f"{output.strip()[-500:]!r}. Install the version in requirements-device.lock: `make extras`."
        )
    return Arena(sizes["total"], persistent_bytes=sizes["tail"], nonpersistent_bytes=sizes["head"])


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
