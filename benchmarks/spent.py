"""Count CPU-seconds, also of work that may be killed and begun again."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from litesmith.files import read_json, write_json
from litesmith.host import cpu_seconds

_EVERY_S = 5.0


@contextmanager
def counting(folder: Path) -> Iterator[None]:
    """Note in ``folder`` every few seconds what this process has spent since, for `total` to add up."""
    path, stopped = folder / f"spent-{time.time_ns()}-{os.getpid()}.json", threading.Event()
    began = cpu_seconds()

    def write() -> None:
        write_json(path, {"cpu_s": round(cpu_seconds() - began, 2)})

    def note() -> None:
        while not stopped.wait(_EVERY_S):
            write()

    thread = threading.Thread(target=note, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
        write()


def total(folder: Path) -> float:
    """Return the CPU-seconds of all notes in ``folder``; of a killed process to its last note."""
    noted: list[float] = [read_json(path)["cpu_s"] for path in folder.glob("spent-*.json")]
    return round(sum(noted), 1)
