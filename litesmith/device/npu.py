"""Cost of a file on a neural processor, as Arm's compiler Vela expects it."""

import csv
import re
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from litesmith.device.measurement import Column, DeviceCost, Measurement, run_tool
from litesmith.params.sections.evaluate import NpuTarget

_CPU_OPERATORS = re.compile(r"CPU operators = (\d+)")


@dataclass(frozen=True)
class NpuCost(DeviceCost):
    """Cost of a file on a neural processor, as Arm's compiler expects it.

    It is a model of the hardware, not the hardware.

    Attributes:
        sram_bytes: Largest use of fast memory.
        flash_bytes: Compressed weights and commands.
        cycles: For one image.
        ms: The same in milliseconds at the system's clock.
        cpu_operators: Operators that the processor cannot run; the cycles are without them.
    """

    sram_bytes: int
    flash_bytes: int
    cycles: int
    ms: float
    cpu_operators: int


def estimate_npu(path: Path, target: NpuTarget) -> NpuCost:
    """Return the cost that the compiler expects on a neural processor.

    Args:
        path: A ``.tflite`` file, int8 throughout.
        target: The processor.

    Raises:
        ConversionError: The compiler cannot compile it, or does not know the target.

    Source: https://review.mlplatform.org/plugins/gitiles/ml/ethos-u/ethos-u-vela/+/HEAD/PERFORMANCE.md
    """
    with tempfile.TemporaryDirectory(prefix="litesmith-") as folder:
        options = {
            "--accelerator-config": target.accelerator,
            "--config": "Arm/vela.ini",
            "--system-config": target.system,
            "--memory-mode": target.memory,
            "--output-dir": folder,
        }
        words = [word for option in options.items() for word in option]
        command = [sys.executable, "-m", "ethosu.vela", str(path.resolve()), *words]
        output = run_tool(command, path, NPU.describe_tool())
        with (Path(folder) / f"{path.stem}_summary_{target.system}.csv").open(
            newline="", encoding="utf-8"
        ) as file:
            (summary,) = csv.DictReader(file)
    return _cost(summary, output)


def _cost(summary: Mapping[str, str], output: str) -> NpuCost:
    """Read Vela's table, in KiB and seconds, and its output."""
    on_cpu = _CPU_OPERATORS.search(output)

    def in_bytes(*memories: str) -> int:
        return round(1024 * sum(float(summary[f"{memory}_memory_used"]) for memory in memories))

    return NpuCost(
        sram_bytes=in_bytes("sram"),
        flash_bytes=in_bytes("on_chip_flash", "off_chip_flash"),
        cycles=round(float(summary["cycles_total"])),
        ms=round(float(summary["inference_time"]) * 1000, 4),
        cpu_operators=int(on_cpu.group(1)) if on_cpu else 0,
    )


# Weights of four bits are beyond the processor, and the compiler ends without a word.
NPU = Measurement(
    name="npu",
    package="ethos-u-vela",
    tool="Vela",
    title="Cost on a neural processor",
    caption="What {tool} expects of the int8 files on {accelerator} ({system}, {memory}): a model of "
    "the hardware, not the hardware.",
    columns=(
        Column("sram_bytes", "SRAM, bytes", "bytes"),
        Column("flash_bytes", "Flash, bytes", "bytes"),
        Column("cycles", "Cycles"),
        Column("ms", "One image, ms", "ms"),
        Column("cpu_operators", "Operators left to the CPU"),
    ),
    limit=None,
    measure=lambda path, params: estimate_npu(path, params.npu),
    settings=lambda params: params.npu.model_dump(),
)
