"""Measure what a file needs of a device, with tools that are there only if asked for; judge it by the device's limits.

Nothing here is a guess: what no tool measured reads "not measured".
"""

import csv
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from litesmith.device import micro
from litesmith.errors import ConversionError, MachineError
from litesmith.files import UTF8_PIPES
from litesmith.params.sections.evaluate import NpuTarget

Tool = Literal["mcu", "npu"]
Verdict = Literal["met", "not met", "not measured"]

_PACKAGES: dict[Tool, str] = {"mcu": "tflite-micro", "npu": "ethos-u-vela"}
_TITLES: dict[Tool, str] = {"mcu": "TensorFlow Lite Micro", "npu": "Vela"}

_ARENA = re.compile(r"Arena allocation (total|head|tail) (\d+) bytes")
_CPU_OPERATORS = re.compile(r"CPU operators = (\d+)")


@dataclass(frozen=True)
class Arena:
    """Memory that TensorFlow Lite Micro needs besides the file, in bytes.

    Measured where pointers have eight bytes: on a microcontroller, where they have four, the persistent part is
    smaller. Its optimized kernels may ask for scratch memory that the portable ones run here do not need.

    Attributes:
        arena_bytes: All of it.
        persistent_bytes: What lives as long as the interpreter: the tensors' and operators' own records.
        nonpersistent_bytes: Activations and scratch memory, planned so that they overlap in time and share places.
    """

    arena_bytes: int
    persistent_bytes: int
    nonpersistent_bytes: int


@dataclass(frozen=True)
class NpuCost:
    """What Arm's compiler expects of a file on its neural processor; a model of the hardware, not the hardware.

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


@dataclass(frozen=True)
class Limit:
    """One limit of the device, what was measured, and whether it is met."""

    limit: float
    measured: float | None
    verdict: Verdict


def require(tools: Iterable[Tool]) -> None:
    """Look whether the tools that are asked for are there.

    Raises:
        MachineError: One is not installed.
    """
    missing = [f"{tool} ({_PACKAGES[tool]})" for tool in tools if _installed(_PACKAGES[tool]) is None]
    if missing:
        raise MachineError(
            f"evaluate.measure asks for {' and '.join(missing)}, which is not installed. Run `make extras`. Where it "
            "cannot be (tflite-micro exists for Linux on x86-64 alone), take it out of evaluate.measure, or run with "
            "`--profile portable`: the results then read 'not measured'."
        )


def describe_tool(tool: Tool) -> str:
    """Return name and version of an installed tool."""
    return f"{_TITLES[tool]} {_installed(_PACKAGES[tool])}"


def measure_arena(path: Path) -> Arena:
    """Run a file under TensorFlow Lite Micro and return what its recording allocator gave away.

    Args:
        path: A ``.tflite`` file whose operators are integer throughout, or float throughout.

    Raises:
        ConversionError: It does not run there.

    Source: https://github.com/tensorflow/tflite-micro/blob/main/docs/memory_management.md
    """
    said = _run([sys.executable, "-m", micro.__name__, str(path.resolve())], path, "mcu")
    found = {name: int(count) for name, count in _ARENA.findall(said)}
    if set(found) != {"total", "head", "tail"}:
        raise MachineError(
            f"{describe_tool('mcu')} said nothing of the arena of {path.name}, expected its total, head and tail, got: "
            f"{said.strip()[-500:]!r}. Install the version in requirements-device.lock: `make extras`."
        )
    return Arena(found["total"], persistent_bytes=found["tail"], nonpersistent_bytes=found["head"])


def estimate_npu(path: Path, target: NpuTarget) -> NpuCost:
    """Compile a file for a neural processor and return what the compiler expects it to cost.

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
        said = _run([sys.executable, "-m", "ethosu.vela", str(path.resolve()), *words], path, "npu")
        with (Path(folder) / f"{path.stem}_summary_{target.system}.csv").open(
            newline="", encoding="utf-8"
        ) as file:
            (summary,) = csv.DictReader(file)
    return _cost(summary, said)


def judge(limit: float, measured: float | None) -> Limit:
    """Compare what was measured with its limit; None was not measured."""
    if measured is None:
        return Limit(limit, None, "not measured")
    return Limit(limit, measured, "met" if measured <= limit else "not met")


def _cost(summary: Mapping[str, str], said: str) -> NpuCost:
    """Read Vela's table, which counts memory in KiB and time in seconds, and what it said of operators."""
    on_cpu = _CPU_OPERATORS.search(said)

    def in_bytes(*memories: str) -> int:
        return round(1024 * sum(float(summary[f"{memory}_memory_used"]) for memory in memories))

    return NpuCost(
        sram_bytes=in_bytes("sram"),
        flash_bytes=in_bytes("on_chip_flash", "off_chip_flash"),
        cycles=round(float(summary["cycles_total"])),
        ms=round(float(summary["inference_time"]) * 1000, 4),
        cpu_operators=int(on_cpu.group(1)) if on_cpu else 0,
    )


def _run(command: list[str], path: Path, tool: Tool) -> str:
    """Run a tool in a process of its own and return all that it said.

    Raises:
        ConversionError: It failed.
    """
    home = str(Path(__file__).resolve().parents[2])
    done = subprocess.run(
        command,
        env={**os.environ, **UTF8_PIPES, "PYTHONPATH": home},
        capture_output=True,
        check=False,
        encoding="utf-8",
        errors="replace",
    )
    said = done.stdout + done.stderr
    if done.returncode != 0:
        reason = "\n".join(said.strip().splitlines()[-3:])
        raise ConversionError(f"{path.name} does not run under {describe_tool(tool)}: {reason}")
    return said


def _installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
