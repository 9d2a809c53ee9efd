"""The child process that runs one model for `litesmith.inference.foreign`.

``python -m litesmith.inference.child RUNTIME MODEL FOLDER TIME_LIMIT_S MEMORY_LIMIT_MB`` reads a request
a line, writes a reply a line, and reads and writes arrays in the folder.
"""

import os
import queue
import resource
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from litesmith.errors import LitesmithError

Runtime = Literal["LiteRT", "Keras"]
Request = Literal["open", "answer"]

# The child ends itself when its parent should have done so long ago.
_ALARM_SLACK_S = 10.0


@dataclass(frozen=True)
class Reply:
    """The child's reply: an error, or the sizes of the model's input and output."""

    error: str = ""
    height: int = 0
    width: int = 0
    channels: int = 0
    num_classes: int = 0


REPLY = TypeAdapter(Reply)


@dataclass(frozen=True)
class Opened:
    """An open model.

    Attributes:
        shape: Height, width and channels of its pictures.
        step: Probability per level of a quantized output; 0 for floats.
        probabilities: Classifies images, uint8 (n, height, width, channels), as float32 (n,
            num_classes).
    """

    shape: tuple[int, int, int]
    num_classes: int
    step: float
    probabilities: Callable[[NDArray[np.uint8]], NDArray[np.float32]]


def open_tflite(path: Path) -> Opened:
    """Open a ``.tflite`` file in LiteRT."""
    from litesmith.tflite.runtime import LiteModel

    model = LiteModel(path)
    _, height, width, channels = model.input.shape
    shape, num_classes = (height, width, channels), model.output.shape[-1]
    return Opened(shape, num_classes, model.output.scale or 0.0, model.probabilities)


def open_h5(path: Path) -> Opened:
    """Open a Keras 2 file in TensorFlow."""
    from litesmith.compression.loading import load_aware
    from litesmith.tflite import converter
    from litesmith.tflite.contract import TensorSpec, require_classifier
    from litesmith.training.backend import keras

    network = load_aware(path)
    specs = (
        [TensorSpec(each.dtype.name, (each.shape[0] or 1, *each.shape[1:])) for each in tensors or ()]
        for tensors in (network.inputs, network.outputs)
    )
    require_classifier(path, *specs)
    # Its one input and output without the names that some models give them.
    bare = keras.Model(network.inputs[0], network.outputs[0])
    _, *shape = bare.input_shape
    return Opened(tuple(shape), bare.output_shape[-1], 0.0, partial(converter.probabilities, bare))


def main(arguments: list[str]) -> int:
    """Run a model until the parent sends no more requests."""
    runtime, path, folder, time_limit_s, memory_limit_mb = arguments
    send, requests = _sender(), _requests()
    _import(runtime)
    _limit(int(memory_limit_mb))
    send(Reply())
    model = _Model(runtime, Path(path), Path(folder))
    while True:
        request = requests.get()
        # The parent stops this process in time. This is for a parent that dies while native code hangs.
        signal.setitimer(signal.ITIMER_REAL, float(time_limit_s) + _ALARM_SLACK_S)
        send(model.reply(request))
        signal.setitimer(signal.ITIMER_REAL, 0)


class _Model:
    def __init__(self, runtime: str, path: Path, folder: Path) -> None:
        self._runtime, self._path, self._folder = runtime, path, folder
        self._model: Opened | None = None

    def reply(self, request: str) -> Reply:
        try:
            if request == "answer":
                return self._answer()
            open_file = open_tflite if self._runtime == "LiteRT" else open_h5
            self._model = model = open_file(self._path)
            height, width, channels = model.shape
            return Reply(height=height, width=width, channels=channels, num_classes=model.num_classes)
        except LitesmithError as error:
            text = str(error)
        except MemoryError:
            text = f"{self._path} needs more memory than a model may take here. Make it smaller."
        except Exception as error:  # whatever a runtime raises at a model that it can open and not run
            text = f"{self._path} cannot be run by {self._runtime}: {error}. Convert it again."
        # names in a file may hold what steers a terminal
        return Reply(error="".join(letter if letter.isprintable() else " " for letter in text))

    def _answer(self) -> Reply:
        from litesmith.tflite.contract import require_probabilities

        if self._model is None:
            raise ValueError("the model is not open")
        answers = self._model.probabilities(np.load(self._folder / "images.npy"))
        require_probabilities(self._path, answers, self._model.step)
        np.save(self._folder / "answers.npy", answers)
        return Reply()


def _sender() -> Callable[[Reply], None]:
    """Return a sender of replies; other output goes to stderr."""
    pipe = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)

    def send(reply: Reply) -> None:
        pipe.write(REPLY.dump_json(reply) + b"\n")
        pipe.flush()

    return send


def _requests() -> "queue.SimpleQueue[str]":
    """Return the queue of requests; exit without a parent."""
    arrived: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        for line in sys.stdin.buffer:
            arrived.put(line.decode().strip())
        os._exit(0)

    threading.Thread(target=read, name="requests", daemon=True).start()
    return arrived


def _import(runtime: str) -> None:
    """Import a runtime, which is slow."""
    if runtime == "LiteRT":
        import litesmith.tflite.runtime  # noqa: F401

        return
    from litesmith.training.backend import keras, set_threads  # noqa: F401

    set_threads(1)


def _limit(memory_mb: int) -> None:
    """Limit the memory of this process, and forbid core dumps."""
    import psutil

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    most = psutil.Process().memory_info().vms + memory_mb * 10**6
    with suppress(ValueError, OSError):  # macOS has no such limit
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
