"""Commands whose descendants can be identified, also after their parents are gone."""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import psutil

T = TypeVar("T")

_MARK = "LITESMITH_TEST_MARK"
# Variables that the tests would pass on inside a stage or beside a server.
_FOREIGN = ("DVC_", "PREFECT_", "LITESMITH_", "PYTEST_")


@dataclass
class Commands:
    """Commands that run in one folder with the Python of the tests."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)
    log: Path = field(init=False)

    def __post_init__(self) -> None:
        self.log = self.folder / f"{self.mark[:6]}.log"

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        """Start ``python -m command``, its output appended to the log."""
        with self.log.open("ab") as log, _receiving_ctrl_c():
            return subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=self.folder,
                env=self._env(),
                stdout=log,
                stderr=log,
            )

    def run(self, *command: str, timeout_s: float = 600) -> tuple[int, str]:
        """Run ``python -m command`` and return its exit code and output."""
        process = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=self.folder, env=self._env(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, timeout=timeout_s,
        )  # fmt: skip
        return process.returncode, process.stdout

    def alive(self) -> list[psutil.Process]:
        """Return every living process that was started here, however far below."""
        return [process for process in psutil.process_iter() if _mark_of(process) == self.mark]

    def find(self, *words: str, timeout_s: float = 600) -> psutil.Process:
        """Wait for a process whose command line ends in ``words``."""
        return self.wait_for(
            lambda: next(
                (
                    process
                    for process in self.alive()
                    if tuple(_command(process)[-len(words) :]) == words
                ),
                None,
            ),
            " ".join(words),
            timeout_s,
        )

    def running(self, *words: str, timeout_s: float = 600) -> psutil.Process:
        """Wait for a process whose command line holds ``words`` before its last word."""
        return self.wait_for(
            lambda: next(
                (
                    process
                    for process in self.alive()
                    if tuple(_command(process)[-len(words) - 1 : -1]) == words
                ),
                None,
            ),
            " ".join(words),
            timeout_s,
        )

    def wait_for(self, condition: Callable[[], T | None], what: str, timeout_s: float = 600) -> T:
        """Call ``condition`` until its answer is true, and return the answer."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            answer = condition()
            if answer:
                return answer
            time.sleep(0.2)
        raise AssertionError(
            f"waited {timeout_s:g} s for {what}. The log:\n{self.log.read_text()[-4000:]}"
        )

    def left_after(self, seconds: float, *, but: tuple[str, ...] = ()) -> list[str]:
        """Return the commands still alive after at most ``seconds`` that have no word of ``but``."""
        deadline = time.monotonic() + seconds
        while True:
            left = [
                line
                for line in map(" ".join, map(_command, self.alive()))
                if line and not _has(line, but)
            ]
            if not left or time.monotonic() > deadline:
                return left
            time.sleep(0.2)

    def stop(self) -> None:
        """Kill whatever is left."""
        for process in self.alive():
            process.kill()

    def _env(self) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
        path = os.pathsep.join([str(Path(sys.executable).parent), own["PATH"]])
        return {**own, "PATH": path, _MARK: self.mark, **self.environment}


@contextmanager
def _receiving_ctrl_c() -> Iterator[None]:
    """Let children receive Ctrl-C: tests in the background of a shell ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _mark_of(process: psutil.Process) -> str | None:
    try:
        return None if process.status() == psutil.STATUS_ZOMBIE else process.environ().get(_MARK)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return None


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def _has(line: str, words: tuple[str, ...]) -> bool:
    return any(word in line for word in words)
