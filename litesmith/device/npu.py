"""Cost of a file on a neural processor, as Arm's compiler Vela expects it."""

import csv
import re
import tempfile
from pathlib import Path

from litesmith.device.measurement import Measurement, Values
from litesmith.files import run_module
from litesmith.params.sections.evaluate import NpuTarget
from litesmith.records.device import Column

_CPU_OPERATORS = re.compile(r"CPU operators = (\d+)")


def estimate_npu(path: Path, target: NpuTarget) -> Values:
    """Return the cost that the compiler expects on a neural processor.

    It is a model of the hardware, not the hardware.

    Args:
        path: A ``.tflite`` file, int8 throughout.
        target: The processor.

    Returns:
        ``sram_bytes``, largest use of fast memory; ``flash_bytes``, compressed weights and commands;
        ``cycles`` for one image; ``ms``, the same at the system's clock; ``cpu_operators``, those that
        the processor cannot run; the cycles are without them.

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
        command = ["ethosu.vela", str(path.resolve()), *words]
        output = run_module(command, path, NPU.describe_tool()).stdout
        table = Path(folder, f"{path.stem}_summary_{target.system}.csv")
        with table.open(newline="", encoding="utf-8") as file:
            (summary,) = csv.DictReader(file)
    on_cpu = _CPU_OPERATORS.search(output)

    def in_bytes(*memories: str) -> int:  # from KiB
        return round(1024 * sum(float(summary[f"{memory}_memory_used"]) for memory in memories))

    return {
        "sram_bytes": in_bytes("sram"),
        "flash_bytes": in_bytes("on_chip_flash", "off_chip_flash"),
        "cycles": round(float(summary["cycles_total"])),
        "ms": round(float(summary["inference_time"]) * 1000, 4),
        "cpu_operators": int(on_cpu.group(1)) if on_cpu else 0,
    }


# Weights of four bits are beyond the processor, and the compiler ends without a message.
NPU = Measurement(
    name="npu",
    package="ethos-u-vela",
    tool="Vela",
    title="Cost on a neural processor",
    caption="What {tool} expects of the int8 files on {accelerator} ({system}, {memory}): a model of "
    "the hardware, not the hardware.",
    columns=(
        Column(name="sram_bytes", label="SRAM, bytes", unit="bytes"),
        Column(name="flash_bytes", label="Flash, bytes", unit="bytes"),
        Column(name="cycles", label="Cycles", unit=""),
        Column(name="ms", label="One image, ms", unit="ms"),
        Column(name="cpu_operators", label="Operators left to the CPU", unit=""),
    ),
    limit=None,
    measure=lambda path, params: estimate_npu(path, params.npu),
    settings=lambda params: params.npu.model_dump(),
)
