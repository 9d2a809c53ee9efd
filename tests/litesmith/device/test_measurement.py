import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from litesmith.device import measurement
from litesmith.device.mcu import measure_arena
from litesmith.device.npu import estimate_npu
from litesmith.device.registry import require
from litesmith.errors import ConversionError, MachineError
from litesmith.params.sections.evaluate import NpuTarget
from litesmith.tflite.slimming import slim
from tests.litesmith.make_tiny import TINY

U55 = NpuTarget(accelerator="ethos-u55-128", system="Ethos_U55_High_End_Embedded", memory="Shared_Sram")
ALLOCATIONS = """\
[RecordingMicroAllocator] Arena allocation total 19984 bytes
[RecordingMicroAllocator] Arena allocation head 15680 bytes
[RecordingMicroAllocator] Arena allocation tail 4304 bytes
[RecordingMicroAllocator] 'TfLiteEvalTensor data' used 528 bytes with alignment overhead (requested 528 bytes)
"""
SUMMARY = """\
experiment,network,inference_time,sram_memory_used,dram_memory_used,on_chip_flash_memory_used,off_chip_flash_memory_used,\
cycles_npu,cycles_total
default,tuned-int8,0.000185596,17.875,0.0,1.0,59.609375,66457,92798
"""


def has(name: str) -> bool:
    try:
        require([name])
    except MachineError:
        return False
    return True


mcu = pytest.mark.skipif(not has("mcu"), reason="`make extras` installs TensorFlow Lite Micro")
npu = pytest.mark.skipif(not has("npu"), reason="`make extras` installs Vela")


@pytest.fixture
def none_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measurement, "installed_version", lambda _: None)


@pytest.fixture
def tool_output(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the tool's process end at once with the given output and file."""
    monkeypatch.setattr(measurement, "installed_version", lambda _: "1.0")

    def make(stderr: str = "", returncode: int = 0, summary: str = "") -> None:
        def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
            if "--output-dir" in command:
                folder = Path(command[command.index("--output-dir") + 1])
                (folder / f"file_summary_{U55.system}.csv").write_text(summary)
            return subprocess.CompletedProcess(command, returncode, "CPU operators = 2 (5.0%)\n", stderr)

        monkeypatch.setattr(subprocess, "run", run)

    return make


def test_missing_tools_are_named_with_the_way_to_install_them(none_installed: None) -> None:
    with pytest.raises(MachineError) as caught:
        require(["mcu", "npu"])
    assert "evaluate.measure asks for mcu (tflite-micro) and npu (ethos-u-vela)" in str(caught.value)
    assert "Run `make extras`" in str(caught.value)
    assert "--profile portable" in str(caught.value)


def test_no_measurement_needs_no_tool(none_installed: None) -> None:
    require([])


def test_the_allocators_output_is_read(tool_output: Any) -> None:
    tool_output(stderr=ALLOCATIONS)
    assert measure_arena(Path("file.tflite")) == {
        "arena_bytes": 19984, "persistent_bytes": 4304, "nonpersistent_bytes": 15680,
    }  # fmt: skip


def test_missing_output_is_not_taken_for_zero(tool_output: Any) -> None:
    tool_output(stderr="[RecordingMicroAllocator] Arena allocation total 19984 bytes\n")
    with pytest.raises(
        MachineError,
        match=r"printed nothing about the arena of file\.tflite, expected its total, head and",
    ):
        measure_arena(Path("file.tflite"))


def test_a_file_that_does_not_run_has_a_short_reason(tool_output: Any) -> None:
    tool_output(
        stderr="noise\nHybrid models are not supported\nNode 2 failed\nfailed to allocate tensors\n",
        returncode=1,
    )
    with pytest.raises(ConversionError) as caught:
        measure_arena(Path("file.tflite"))
    first, *_ = str(caught.value).splitlines()
    assert first.endswith("TensorFlow Lite Micro 1.0: Hybrid models are not supported")
    assert "noise" not in str(caught.value)


def test_velas_table_is_read_in_bytes_and_milliseconds(tool_output: Any) -> None:
    tool_output(summary=SUMMARY)
    cost = estimate_npu(Path("file.tflite"), U55)
    assert cost == {
        "sram_bytes": 18_304, "flash_bytes": 62_064, "cycles": 92_798, "ms": 0.1856, "cpu_operators": 2,
    }  # fmt: skip


@mcu
@pytest.mark.slow
def test_a_slim_file_runs_under_micro_and_takes_no_more(tmp_path: Path) -> None:
    (tmp_path / "slim.tflite").write_bytes(slim((TINY / "int8.tflite").read_bytes()))
    whole, small = measure_arena(TINY / "int8.tflite"), measure_arena(tmp_path / "slim.tflite")
    assert small == whole
    assert small["arena_bytes"] == small["persistent_bytes"] + small["nonpersistent_bytes"]
    # the largest pair alive at once: 8 x 8 x 8 activations and their pooled quarter
    assert small["nonpersistent_bytes"] >= 8 * 8 * 8 + 4 * 4 * 8


@mcu
@pytest.mark.slow
def test_micro_refuses_what_it_cannot_run() -> None:
    with pytest.raises(
        ConversionError, match=r"dynamic\.tflite does not run under TensorFlow Lite Micro .*FLOAT32"
    ):
        measure_arena(TINY / "dynamic.tflite")


@npu
@pytest.mark.slow
def test_a_slim_file_is_compiled_for_the_npu(tmp_path: Path) -> None:
    (tmp_path / "slim.tflite").write_bytes(slim((TINY / "int8.tflite").read_bytes()))
    shutil.copy(TINY / "int8.tflite", tmp_path / "whole.tflite")
    small = estimate_npu(tmp_path / "slim.tflite", U55)
    assert small == estimate_npu(tmp_path / "whole.tflite", U55)
    assert small["cpu_operators"] == 0
    assert small["ms"] == pytest.approx(small["cycles"] / 500e6 * 1000, abs=1e-4)
    assert 0 < small["sram_bytes"] < 10_000


@npu
@pytest.mark.slow
def test_an_unknown_target_is_named() -> None:
    with pytest.raises(ConversionError, match=r"Section System_Config\.Nowhere not found"):
        estimate_npu(TINY / "int8.tflite", U55.model_copy(update={"system": "Nowhere"}))
