import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import psutil
import pytest
from ai_edge_litert import schema_py_generated as schema

from litesmith.errors import DataError, MachineError
from litesmith.inference.foreign import open_foreign
from litesmith.tflite import runtime
from litesmith.tflite.contract import require_probabilities
from litesmith.tflite.runtime import LiteModel
from litesmith.tflite.slimming import unpack
from tests.litesmith.make_tiny import TINY, images

PROJECT = Path(__file__).parents[3]
IMAGES, _ = images(40, seed=2)
TYPES = schema.TensorType


def edited(folder: Path, change: Callable[[Any], None], precision: str = "float32") -> Path:
    """Write a small model with something changed in its tables."""
    tree = unpack((TINY / f"{precision}.tflite").read_bytes())
    change(tree)
    builder = flatbuffers.Builder(0)
    builder.Finish(tree.Pack(builder), file_identifier=b"TFL3")
    path = folder / "foreign.tflite"
    path.write_bytes(builder.Output())
    return path


def first(tree: Any) -> Any:
    """Return the input tensor."""
    return tree.subgraphs[0].tensors[tree.subgraphs[0].inputs[0]]


def refusal(path: Path) -> str:
    with pytest.raises(DataError) as error, open_foreign(path) as model:
        model.probabilities(IMAGES)
    return str(error.value)


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_answers_are_those_of_the_same_process(precision: str) -> None:
    path = TINY / f"{precision}.tflite"
    with open_foreign(path) as model:
        assert (model.shape, model.num_classes) == ((8, 8, 1), 3)
        assert np.array_equal(model.probabilities(IMAGES), runtime.predict(path, IMAGES))
        assert model.probabilities(IMAGES[:0]).shape == (0, 3)
        with pytest.raises(DataError, match=r"\(8, 8, 1\), got \(28, 28, 1\)\. Resize them"):
            model.probabilities(np.zeros((1, 28, 28, 1), np.uint8))


def test_a_model_is_recognized_by_its_content(tmp_path: Path) -> None:
    path = tmp_path / "-model of others \N{SNOWMAN}.h5"
    path.write_bytes((TINY / "int8.tflite").read_bytes())
    with open_foreign(path) as model:
        assert model.num_classes == 3


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.tflite", b"", r"is empty \(0 bytes\)"),
        ("a.keras", b"PK\x03\x04rest", r"is a zip archive, such as a \.keras file of Keras 3"),
        ("a.tflite", b"TFL2TFL2TFL2", r"is not what its name says: it begins with b'TFL2TFL2'"),
        ("a.h5", b"text", r"is not what its name says: it begins with b'text'"),
        ("a.png", b"\x89PNG\r\n\x1a\n", r"is not a model that can be run here"),
    ],
)
def test_a_file_that_is_no_model(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=rf"{name} {reason}\. Expected a \.tflite or a Keras \.h5 file"):
        open_foreign(tmp_path / name).__enter__()


def test_a_path_that_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.tflite")
    for path, reason in (
        (tmp_path, "is a folder, such as a SavedModel"),
        (tmp_path / "gone.tflite", "is missing"),
        (tmp_path / "pipe.tflite", "is not a file but a pipe or device"),
    ):
        assert f"{path} {reason}. Expected a .tflite or a Keras .h5 file" in refusal(path)


def test_a_name_that_is_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"\xff\n.tflite")
    path.write_bytes((TINY / "int8.tflite").read_bytes())
    with open_foreign(path) as opened:
        assert opened.num_classes == 3


def test_a_file_that_may_not_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(
        MachineError, match=r"cannot read .*int8\.tflite: Permission denied\. Change its permissions"
    ):
        open_foreign(TINY / "int8.tflite").__enter__()


def test_a_file_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "short.tflite"
    path.write_bytes((TINY / "int8.tflite").read_bytes()[:2000])
    assert "short.tflite is not a .tflite file that LiteRT can run" in refusal(path)


def reshaped(*shape: int) -> Callable[[Any], None]:
    return lambda tree: setattr(first(tree), "shape", np.array(shape, np.int32))


def without_subgraphs(tree: Any) -> None:
    tree.subgraphs = []


def without_weights(tree: Any) -> None:
    graph = tree.subgraphs[0]
    graph.tensors[graph.operators[0].inputs[1]].buffer = 0


def with_two_outputs(tree: Any) -> None:
    graph = tree.subgraphs[0]
    graph.outputs = np.array([*graph.outputs, graph.operators[0].outputs[0]], np.int32)


def with_logits(tree: Any) -> None:
    """Drop the softmax."""
    graph = tree.subgraphs[0]
    graph.outputs = graph.operators.pop().inputs


def with_custom_operator(tree: Any) -> None:
    tree.operatorCodes[0].builtinCode = schema.BuiltinOperator.CUSTOM
    tree.operatorCodes[0].deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
    tree.operatorCodes[0].customCode = "FlexErf"


def with_variable(tree: Any) -> None:
    code = schema.OperatorCodeT()
    code.builtinCode, code.deprecatedBuiltinCode = schema.BuiltinOperator.VAR_HANDLE, 127
    tree.operatorCodes.append(code)


def of_any_height(tree: Any) -> None:
    first(tree).shapeSignature = np.array([-1, -1, 8, 1], np.int32)


def with_weights_that_are_no_numbers(tree: Any) -> None:
    graph = tree.subgraphs[0]
    weights = graph.tensors[graph.operators[-2].inputs[1]]
    data = tree.buffers[weights.buffer].data
    tree.buffers[weights.buffer].data = np.full(len(data), 255, np.uint8)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (reshaped(1, 64), r"asks for flat input, \(1, 64\)"),
        (reshaped(1, 8, 8, 4), r"asks for pictures of 4 channels, \(1, 8, 8, 4\)"),
        (reshaped(4, 8, 8, 1), r"asks for 4 pictures at once"),
        (reshaped(1, 8, 8), r"asks for pictures without an axis for their channel, \(1, 8, 8\)"),
        (
            reshaped(1, 2**16, 2**15, 1),
            r"asks for a tensor of \(1, 65536, 32768, 1\) in 8,589,934,592 bytes",
        ),
        (without_subgraphs, r"is not a \.tflite file that LiteRT can run"),
        (with_two_outputs, r"gives 2 outputs \(\(1, 3\) float32, \(1, 8, 8, 8\) float32\)\. Needed"),
        (with_logits, r"answers with values from .* Expected probabilities"),
        (
            without_weights,
            r"is not a \.tflite file that LiteRT can run: .*lacks data\. Convert it again",
        ),
        (
            with_custom_operator,
            r"asks for operators that LiteRT does not have: FlexErf\. Convert it again with built-in",
        ),
        (with_variable, r"keeps a state from one picture to the next \(VAR_HANDLE\)"),
        (of_any_height, r"asks for pictures of any size, \(1, any, 8, 1\)"),
        (with_weights_that_are_no_numbers, r"answers with values that are not numbers"),
    ],
)
def test_a_lite_file_of_another_kind(tmp_path: Path, change: Callable[[Any], None], reason: str) -> None:
    path = edited(tmp_path, change)
    with pytest.raises(DataError, match=rf"foreign\.tflite {reason}"):
        require_probabilities(path, LiteModel(path).probabilities(IMAGES))


def test_a_batch_that_is_left_open_is_one(tmp_path: Path) -> None:
    """As TensorFlow's converter writes every Keras model."""

    def with_open_batch(tree: Any) -> None:
        first(tree).shapeSignature = np.array([-1, 8, 8, 1], np.int32)

    with open_foreign(edited(tmp_path, with_open_batch)) as model:
        assert np.array_equal(
            model.probabilities(IMAGES), runtime.predict(TINY / "float32.tflite", IMAGES)
        )


def test_everybody_who_opens_a_lite_file_gets_the_same_words(tmp_path: Path) -> None:
    path = edited(tmp_path, with_two_outputs)
    with pytest.raises(DataError, match=r"gives 2 outputs") as error:
        LiteModel(path)
    assert str(error.value) == refusal(path)


def test_logits_are_refused_with_what_is_needed(tmp_path: Path) -> None:
    assert "Expected probabilities, in [0, 1] with a sum of 1" in refusal(edited(tmp_path, with_logits))


def test_names_in_a_file_do_not_steer_the_terminal(tmp_path: Path) -> None:
    def with_a_name_that_clears_the_screen(tree: Any) -> None:
        with_custom_operator(tree)
        tree.operatorCodes[0].customCode = "Flex\x1b[2J"

    assert "does not have: Flex [2J. Convert" in refusal(
        edited(tmp_path, with_a_name_that_clears_the_screen)
    )


def test_a_system_that_gives_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    with pytest.raises(
        MachineError, match=r"cannot start a process to run a model in: Resource temporarily"
    ):
        open_foreign(TINY / "int8.tflite").__enter__()


def test_a_runtime_that_cannot_be_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ai_edge_litert.py").touch()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(MachineError, match=r"LiteRT cannot be started to run .*int8\.tflite: .*Error: "):
        open_foreign(TINY / "int8.tflite").__enter__()


def test_a_file_that_ends_the_process_that_opens_it(tmp_path: Path) -> None:
    """LiteRT 2 crashes on an operator that writes nowhere; a later one may refuse the file."""

    def writing_nowhere(tree: Any) -> None:
        dequantize = next(
            operator for operator in tree.subgraphs[0].operators if operator.builtinOptions is None
        )
        dequantize.outputs = np.array([-1], np.int32)

    message = refusal(edited(tmp_path, writing_nowhere, "float16"))
    crashed = "LiteRT was ended by signal 11 (Segmentation fault) while it opened"
    assert crashed in message or "is not a .tflite file that LiteRT can run" in message


def children() -> list[psutil.Process]:
    """Return the children of this process that run a model; other tests may have left other children."""
    return [
        child for child in psutil.Process().children() if "litesmith.inference.child" in child.cmdline()
    ]


def child() -> psutil.Process:
    (process,) = children()
    return process


def test_the_signal_is_named() -> None:
    path = TINY / "int8.tflite"
    with open_foreign(path) as model:
        child().send_signal(signal.SIGSEGV)
        with pytest.raises(DataError) as error:
            model.probabilities(IMAGES)
    ended = "LiteRT was ended by signal 11 (Segmentation fault) while it answered a picture with"
    assert str(error.value).startswith(f"{ended} {path}: the file is damaged")


def test_a_model_that_does_not_answer_is_stopped() -> None:
    """A child that is stopped by a signal stands for one that hangs."""
    with open_foreign(TINY / "int8.tflite", time_limit_s=1.0) as model:
        hanging = child()
        hanging.suspend()
        with pytest.raises(
            DataError, match=r"LiteRT did not finish .*int8\.tflite within 1 s and was stopped"
        ):
            model.probabilities(IMAGES)
    assert not hanging.is_running()


def test_memory_is_limited(tmp_path: Path) -> None:
    path = edited(tmp_path, reshaped(1, 2**13, 2**12, 1))
    with (
        pytest.raises(DataError, match=r"foreign\.tflite") as error,
        open_foreign(path, memory_limit_mb=50),
    ):
        pass
    assert "memory" in str(error.value) or "bad_alloc" in str(error.value)


def test_no_process_and_no_folder_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(ZeroDivisionError), open_foreign(TINY / "int8.tflite"):
        assert list(tmp_path.iterdir())
        raise ZeroDivisionError
    assert children() == []
    assert list(tmp_path.iterdir()) == []


def is_running(pid: int) -> bool:
    """Return whether a process works; a process without a parent may stay as a zombie."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_the_child_ends_with_its_parent() -> None:
    code = (
        "import os, psutil, signal\nfrom pathlib import Path\n"
        "from litesmith.inference.foreign import open_foreign\n"
        f"with open_foreign(Path({str(TINY / 'int8.tflite')!r})):\n"
        "    print(psutil.Process().children()[0].pid, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    deadline = time.monotonic() + 10
    while (runs := is_running(int(done.stdout))) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not runs


def test_what_lies_in_the_current_folder_is_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "selectors.py").write_text("raise SystemExit('imported')")
    (tmp_path / "ai_edge_litert.py").write_text("raise SystemExit('imported')")
    monkeypatch.chdir(tmp_path)
    with open_foreign(TINY / "int8.tflite") as model:
        assert model.num_classes == 3
