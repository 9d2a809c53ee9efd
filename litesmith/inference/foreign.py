"""Models of others, run in a limited child process.

A damaged ``.tflite`` can end the process that opens it without a Python error. Here it ends a child,
`litesmith.inference.child`, and the parent reports what happened. Requests and replies are lines; arrays
lie in a folder beside, so that no pipe ever fills up.
"""

import os
import re
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from litesmith.errors import DataError, MachineError
from litesmith.files import explaining
from litesmith.inference.child import REPLY, Reply, Request, Runtime
from litesmith.tflite.contract import require_shape

# For the child's imports, whatever the file: TensorFlow from a slow disk is slow.
_START_LIMIT_S = 300.0
# Pictures handed over at once, for which the time limit holds.
_BATCH = 32
# Of what native code prints as it ends: the reason, not the addresses of functions after it.
_TELLING = re.compile(r"what\(\)|check failed|error", re.IGNORECASE)


class ForeignModel:
    """A model that runs in a child process.

    It takes pictures of ``shape``, which is height, width and channels, and returns ``num_classes``
    probabilities.
    """

    def __init__(self, child: "_Child") -> None:
        """Open the child's model."""
        self._child = child
        opened = child.request("open", "opened")
        self.shape = (opened.height, opened.width, opened.channels)
        self.num_classes = opened.num_classes

    def probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Classify images, uint8 (n, height, width, channels), as float32 (n, classes).

        Raises:
            DataError: The images are of another form, the outputs are not probabilities, or the model
                ended its process, hung or took too much memory.
        """
        require_shape(images, self.shape)
        answers = np.empty((len(images), self.num_classes), np.float32)
        for start in range(0, len(images), _BATCH):
            with explaining(self._child.folder):
                np.save(self._child.folder / "images.npy", images[start : start + _BATCH])
            self._child.request("answer", "answered a picture with")
            answers[start : start + _BATCH] = np.load(self._child.folder / "answers.npy")
        return answers


@contextmanager
def open_foreign(
    path: Path, *, time_limit_s: float = 60.0, memory_limit_mb: int = 4096
) -> Iterator[ForeignModel]:
    """Open a model in a child process for a block.

    Args:
        path: A ``.tflite`` file or a Keras 2 ``.h5`` file, whatever its name.
        time_limit_s: For opening it, and for each batch of pictures.
        memory_limit_mb: Beyond the memory of its runtime, where the system can limit that.

    Raises:
        DataError: The file is missing or no such model, does not classify pictures, could run code
            of its own, or ended its process, hung or took too much memory.
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
    """Return the runtime of a file, by its first bytes."""
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
    if not start:
        kind = "is empty (0 bytes)"
    elif start.startswith(b"PK\x03\x04"):
        kind = "is a zip archive, such as a .keras file of Keras 3"
    elif path.suffix in (".tflite", ".h5"):
        kind = f"is not what its name says: it begins with {start!r}"
    else:
        kind = "is not a model that can be run here"
    raise DataError(f"{path} {kind}. {expected}: convert it, or get it again.")


class _Child:
    def __init__(
        self, path: Path, runtime: Runtime, folder: Path, time_limit_s: float, memory_limit_mb: int
    ) -> None:
        self.folder, self._log = folder, folder / "stderr.txt"
        self._path, self._runtime = path, runtime
        self._time_limit_s, self._memory_mb = time_limit_s, memory_limit_mb
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process and wait until its runtime is imported."""
        home = str(Path(__file__).resolve().parents[2])
        search_path = os.pathsep.join(filter(None, (home, os.environ.get("PYTHONPATH"))))
        arguments = (self._runtime, self._path, self.folder, self._time_limit_s, self._memory_mb)
        # -P: whatever lies in the current folder is not imported
        command = [sys.executable, "-P", "-m", "litesmith.inference.child", *map(str, arguments)]
        # One arena: glibc else takes 64 MB of addresses for each thread, which the limit counts.
        environment = {**os.environ, "PYTHONPATH": search_path, "MALLOC_ARENA_MAX": "1"}
        pipe, log = subprocess.PIPE, self._log.open("wb")
        try:
            # A session of its own: Ctrl-C is for the parent, which then stops the child.
            self._process = subprocess.Popen(
                command, stdin=pipe, stdout=pipe, stderr=log, env=environment, start_new_session=True
            )
        except OSError as error:
            raise MachineError(
                f"cannot start a process to run a model in: {error.strerror}. Free some memory, or end "
                "other processes."
            ) from error
        finally:
            log.close()
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

    def request(self, request: Request, doing: str) -> Reply:
        """Send a request and return the reply; ``doing`` is its past tense, for messages.

        Raises:
            DataError: The child reports an error, is gone, or does not reply in time.
        """
        if self._process is None or self._process.stdin is None:
            raise ValueError("a request was sent to a child that is not started")
        with suppress(BrokenPipeError):  # it is gone, which shows as it does not reply
            self._process.stdin.write(f"{request}\n".encode())
            self._process.stdin.flush()
        line = self._line(self._time_limit_s)
        if line is None:
            raise self._ended(doing)
        reply = REPLY.validate_json(line)
        if reply.error:
            raise DataError(reply.error)
        return reply

    def _line(self, limit_s: float) -> bytes | None:
        """Return the child's next line, or None if it ended."""
        if self._process is None or self._process.stdout is None:
            raise ValueError("the child is read before it is started")
        line, deadline = b"", time.monotonic() + limit_s
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    self._process.kill()
                    raise DataError(
                        f"{self._runtime} did not finish {self._path} within {limit_s:g} s and was "
                        "stopped. Expected a model that answers at once: the file is damaged, or too "
                        "large for this machine."
                    )
                read = os.read(self._process.stdout.fileno(), 2**16)
                if not read:
                    return None
                line += read
        return line

    def _ended(self, doing: str) -> DataError:
        """Return the error for a child that ended."""
        code = self._process.wait() if self._process is not None else 0
        end = f"signal {-code} ({signal.strsignal(-code) or 'unknown'})" if code < 0 else ""
        how = f"was ended by {end}" if end else f"ended with code {code}"
        words = self._last_words()
        return DataError(
            f"{self._runtime} {how} while it {doing} {self._path}"
            f"{f' ({words})' if words else ''}: the file is damaged, or needs more than "
            f"{self._memory_mb} MB of memory. Get it again, or convert it again."
        )

    def _last_words(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        telling = [line.strip()[:300] for line in lines if _TELLING.search(line)]
        return telling[-1] if telling else ""
