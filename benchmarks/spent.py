"""Count CPU-seconds, also of work that may be killed and begun again."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from litesmith.files import read_json, write_json

_EVERY_S = 5.0


def cpu_s() -> float:
    """Return the CPU-seconds of this process and of those that it started and that have ended."""
    spent = os.times()
    return round(spent.user + spent.system + spent.children_user + spent.children_system, 2)


@contextmanager
def counting(folder: Path) -> Iterator[None]:
    """Note this process's CPU-seconds in ``folder`` every few seconds, for `total` to add up."""
    path, stopped = folder / f"spent-{time.time_ns()}-{os.getpid()}.json", threading.Event()

    def note() -> None:
        while not stopped.wait(_EVERY_S):
            write_json(path, {"cpu_s": cpu_s()})

    thread = threading.Thread(target=note, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
        write_json(path, {"cpu_s": cpu_s()})


def total(folder: Path) -> float:
    """Return the CPU-seconds of all processes that noted theirs in ``folder``; of a killed one up to its last note."""
    noted: list[float] = [read_json(path)["cpu_s"] for path in folder.glob("spent-*.json")]
    return round(sum(noted), 1)
