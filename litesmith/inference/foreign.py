"""Run a model that others made, in a process of its own with limits of time and memory.

A damaged ``.tflite`` can end the process that opens it, without a word of Python's: here it is a child that ends, and
the parent says what happened. ``python -m litesmith.inference.foreign`` is the child. Parent and child talk in lines of JSON;
arrays lie in a folder beside, so that no pipe ever fills up.
"""

import json
import os
import queue
import re
import resource
import selectors
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from litesmith.errors import DataError, LitesmithError, MachineError
from litesmith.files import explaining

Runtime = Literal["LiteRT", "Keras"]

# The child's imports, which are not the file's doing: TensorFlow from a slow disk takes its time.
_START_LIMIT_S = 300.0
# Pictures handed over at once, for which the time limit holds.
_BATCH = 32
# The child ends itself when its parent should have done so long ago.
_ALARM_SLACK_S = 10.0
_BYTES_PER_MB = 10**6
# Of what native code prints as it ends: the reason, not the addresses of functions after it.
_TELLING = re.compile(r"what\(\)|check failed|error", re.IGNORECASE)


class ForeignModel:
    """A model that runs in a child process.

    Attributes:
        height: Of its pictures, in pixels.
        width: Of its pictures, in pixels.
        num_classes: Probabilities that it answers with.
    """

    def __init__(self, child: "_Child") -> None:
        """Open the child's model."""
        self._child = child
        opened = child.ask({"do": "open"}, "opened")
        self.height, self.width = int(opened["height"]), int(opened["width"])
        self.num_classes = int(opened["num_classes"])

    def probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Answer images.

        Args:
            images: uint8 (n, height, width).

        Returns:
            float32 (n, classes).

        Raises:
            DataError: The images are of another size, the answers are not probabilities, or the model ended its
                process, hung or took too much memory.
        """
        expected = (self.height, self.width)
        if images.shape[1:] != expected:
            raise DataError(
                f"the model takes images of {expected}, got {images.shape[1:]}. Resize them."
            )
        answers = np.empty((len(images), self.num_classes), np.float32)
        for start in range(0, len(images), _BATCH):
            with explaining(self._child.folder):
                np.save(self._child.folder / "images.npy", images[start : start + _BATCH])
            self._child.ask({"do": "answer"}, "answered a picture with")
            answers[start : start + _BATCH] = np.load(self._child.folder / "answers.npy")
        return answers


@contextmanager
def open_foreign(
    path: Path, *, time_limit_s: float = 60.0, memory_limit_mb: int = 4096
) -> Iterator[ForeignModel]:
    """Open a model in a child process, which ends with the block.

    Args:
        path: A ``.tflite`` file or a Keras 2 ``.h5`` file, told by content.
        time_limit_s: For opening it, and for each answer to some pictures.
        memory_limit_mb: What it may take beyond what its runtime takes, where the system can limit that.

    Raises:
        DataError: The file is missing or no such model, does not classify grey pictures, could run code of its own,
            or ended its process, hung or took too much memory.
        MachineError: Its runtime cannot be started.
    """
    runtime = _runtime(path)
    with tempfile.TemporaryDirectory(prefix="litesmith-") as folder:
        child = _Child(path, runtime, Path(folder), time_limit_s, memory_limit_mb)
        try:
            child.start()
            yield ForeignModel(child)
        finally:
            child.stop()


def _runtime(path: Path) -> Runtime:
    """Tell by its first bytes what runs a file.

    Raises:
        DataError: Nothing here does.
    """
    expected = "Expected a .tflite or a Keras .h5 file"
    if path.is_dir():
        raise DataError(f"{path} is a folder, such as a SavedModel. {expected}: convert it.")
    if not path.exists():
        raise DataError(f"{path} is missing. {expected}: check its name.")
    if not path.is_file():
        raise DataError(f"{path} is not a file but a pipe or device. {expected}.")
    try:
        with path.open("rb") as file:
            start = file.read(8)
    except OSError as error:
        raise MachineError(f"cannot read {path}: {error.strerror}. Change its permissions.") from error
    if start[4:8] == b"TFL3":
        return "LiteRT"
    if start == b"\x89HDF\r\n\x1a\n":
        return "Keras"
    raise DataError(f"{path} {_kind_text(path, start)}. {expected}: convert it, or get it again.")


def _kind_text(path: Path, start: bytes) -> str:
    if not start:
        return "is empty (0 bytes)"
    if start.startswith(b"PK\x03\x04"):
        return "is a zip archive, such as a .keras file of Keras 3"
    if path.suffix in (".tflite", ".h5"):
        return f"is not what its name says: it begins with {start!r}"
    return "is not a model that can be run here"


class _Child:
    """The child process, seen from its parent."""

    def __init__(
        self, path: Path, runtime: Runtime, folder: Path, time_limit_s: float, memory_limit_mb: int
    ) -> None:
        self.folder = folder
        self._path, self._runtime, self._time_limit_s, self._memory_mb = (
            path,
            runtime,
            time_limit_s,
            memory_limit_mb,
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process and wait until its runtime is imported."""
        home = str(Path(__file__).resolve().parents[2])
        search_path = os.pathsep.join(filter(None, (home, os.environ.get("PYTHONPATH"))))
        words = [
            self._runtime,
            str(self._path),
            str(self.folder),
            str(self._time_limit_s),
            str(self._memory_mb),
        ]
        # -P: whatever lies in the current folder is not imported
        command = [sys.executable, "-P", "-m", "litesmith.inference.foreign", *words]
        with (self.folder / "said.txt").open("wb") as said, _explaining_start():
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                # One arena: glibc else takes 64 MB of addresses for each thread, which the limit of memory counts.
                env={**os.environ, "PYTHONPATH": search_path, "MALLOC_ARENA_MAX": "1"},
                start_new_session=True,  # Ctrl-C is for the parent, which then stops the child
            )
        if self._line(_START_LIMIT_S) is None:
            raise MachineError(
                f"{self._runtime} cannot be started to run {self._path}: {self._last_words()}"
            )

    def stop(self) -> None:
        """End the process, whatever it does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    with suppress(OSError):
                        pipe.close()

    def ask(self, request: dict[str, str], doing: str) -> dict[str, Any]:
        """Send a request and return the answer.

        Args:
            request: What to do.
            doing: The same in the past tense, for messages.

        Raises:
            DataError: The child says so, is gone, or does not answer in time.
        """
        if self._process is None or self._process.stdin is None:
            raise ValueError("the child is asked before it is started")
        with suppress(BrokenPipeError):  # it is gone, which shows as it does not answer
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        line = self._line(self._time_limit_s)
        if line is None:
            raise self._ended(doing)
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise DataError(answer["error"])
        return answer

    def _line(self, limit_s: float) -> bytes | None:
        """Return the next line of the child; None if it ended, or if it was ended as the time was up."""
        if self._process is None or self._process.stdout is None:
            raise ValueError("the child is read before it is started")
        line, deadline = b"", time.monotonic() + limit_s
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    self._process.kill()
                    raise DataError(
                        f"{self._runtime} did not finish {self._path} within {limit_s:g} s and was stopped. "
                        "Expected a model that answers at once: the file is damaged, or too large for this machine."
                    )
                read = os.read(self._process.stdout.fileno(), 2**16)
                if not read:
                    return None
                line += read
        return line

    def _ended(self, doing: str) -> DataError:
        """Say how the child ended."""
        code = self._process.wait() if self._process is not None else 0
        how = f"was ended by {_signal_text(-code)}" if code < 0 else f"ended with code {code}"
        words = self._last_words()
        return DataError(
            f"{self._runtime} {how} while it {doing} {self._path}"
            f"{f' ({words})' if words else ''}: the file is damaged, or needs more than {self._memory_mb} MB of "
            "memory. Get it again, or convert it again."
        )

    def _last_words(self) -> str:
        lines = (
            (self.folder / "said.txt").read_text(encoding="utf-8", errors="replace").strip().splitlines()
        )
        telling = [line.strip()[:300] for line in lines if _TELLING.search(line)]
        return telling[-1] if telling else ""


@contextmanager
def _explaining_start() -> Iterator[None]:
    """Turn an error of a system that gives no process into one that says what can be done."""
    try:
        yield
    except OSError as error:
        raise MachineError(
            f"cannot start a process to run a model in: {error.strerror}. Free some memory, or end other processes."
        ) from error


def _signal_text(number: int) -> str:
    return f"signal {number} ({signal.strsignal(number) or 'unknown'})"


@dataclass(frozen=True)
class _Opened:
    """A model, seen from the child.

    Attributes:
        step: What one step of a quantized output is worth; 0 for floats.
        probabilities: Answers images, uint8 (n, height, width), with float32 (n, classes).
    """

    height: int
    width: int
    num_classes: int
    step: float
    probabilities: Callable[[NDArray[np.uint8]], NDArray[np.float32]]


def _open_tflite(path: Path) -> _Opened:
    from litesmith.tflite.runtime import LiteModel

    model = LiteModel(path)
    _, height, width, _ = model.input.shape
    return _Opened(height, width, model.output.shape[-1], model.output.scale or 0.0, model.probabilities)


def _open_h5(path: Path) -> _Opened:
    from litesmith.compression.loading import load_aware
    from litesmith.tflite import converter
    from litesmith.tflite.contract import TensorSpec, require_classifier
    from litesmith.training.backend import keras

    network = load_aware(path)
    inputs, outputs = (
        [
            TensorSpec(tensor.dtype.name, (tensor.shape[0] or 1, *tensor.shape[1:]))
            for tensor in tensors or ()
        ]
        for tensors in (network.inputs, network.outputs)
    )
    require_classifier(path, inputs, outputs)
    # Its one input and output without the names that some models give them.
    bare = keras.Model(network.inputs[0], network.outputs[0])
    _, height, width, _ = bare.input_shape
    return _Opened(height, width, bare.output_shape[-1], 0.0, partial(converter.probabilities, bare))


def main(arguments: list[str]) -> int:
    """Run one model for the parent, until it asks no more."""
    runtime, path, folder, time_limit_s, memory_limit_mb = arguments
    answer = _answering()
    requests = _requests()
    _import(runtime)
    _limit(int(memory_limit_mb))
    answer({})
    served = _Served(runtime, Path(path), Path(folder))
    while True:
        request = requests.get()
        # The parent stops this process in time. This is for a parent that is gone while native code hangs.
        signal.setitimer(signal.ITIMER_REAL, float(time_limit_s) + _ALARM_SLACK_S)
        answer(served.reply(request["do"]))
        signal.setitimer(signal.ITIMER_REAL, 0)


class _Served:
    """The model that the child runs."""

    def __init__(self, runtime: str, path: Path, folder: Path) -> None:
        self._runtime, self._path, self._folder = runtime, path, folder
        self._model: _Opened | None = None

    def reply(self, request: str) -> dict[str, Any]:
        """Do what is asked and return the answer, an error among them."""
        try:
            return self._open() if request == "open" else self._answer()
        except LitesmithError as error:
            text = str(error)
        except MemoryError:
            text = f"{self._path} needs more memory than a model may take here. Make it smaller."
        except Exception as error:  # whatever a runtime raises at a model that it can open and not run
            text = f"{self._path} cannot be run by {self._runtime}: {error}. Convert it again."
        # names in a file may hold what steers a terminal
        return {"error": "".join(letter if letter.isprintable() else " " for letter in text)}

    def _open(self) -> dict[str, Any]:
        self._model = model = (
            _open_tflite(self._path) if self._runtime == "LiteRT" else _open_h5(self._path)
        )
        return {"height": model.height, "width": model.width, "num_classes": model.num_classes}

    def _answer(self) -> dict[str, Any]:
        from litesmith.tflite.contract import require_probabilities

        if self._model is None:
            raise ValueError("the model is not open")
        answers = self._model.probabilities(np.load(self._folder / "images.npy"))
        require_probabilities(self._path, answers, self._model.step)
        np.save(self._folder / "answers.npy", answers)
        return {}


def _answering() -> Callable[[dict[str, Any]], None]:
    """Return what writes a line to the parent; whatever else is printed goes where errors go."""
    pipe = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)

    def answer(content: dict[str, Any]) -> None:
        pipe.write(json.dumps(content).encode() + b"\n")
        pipe.flush()

    return answer


def _requests() -> "queue.SimpleQueue[dict[str, str]]":
    """Return where the parent's requests arrive; when the parent is gone, so is this process."""
    arrived: queue.SimpleQueue[dict[str, str]] = queue.SimpleQueue()

    def read() -> None:
        for line in sys.stdin.buffer:
            arrived.put(json.loads(line))
        os._exit(0)

    threading.Thread(target=read, name="requests", daemon=True).start()
    return arrived


def _import(runtime: str) -> None:
    """Import what takes its time."""
    if runtime == "LiteRT":
        import litesmith.tflite.runtime  # noqa: F401

        return
    from litesmith.training.backend import keras, set_threads  # noqa: F401

    set_threads(1)


def _limit(memory_mb: int) -> None:
    """Bound the memory of this process and keep it from leaving an image of its memory when it crashes."""
    import psutil

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    most = psutil.Process().memory_info().vms + memory_mb * _BYTES_PER_MB
    with suppress(ValueError, OSError):  # macOS has no such limit
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
