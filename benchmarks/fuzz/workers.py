"""Run jobs in processes that may die or hang, with the outcome of each."""

import faulthandler
import multiprocessing
import os
import queue
import resource
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Generic, Literal, TypeVar

from litesmith.errors import LitesmithError

Job = TypeVar("Job")

End = Literal["answered", "refused", "exception", "signal", "hang"]

_PROJECT = Path(__file__).parents[2]
# Imports of a worker's first job; a machine that is busy takes a while for them.
_START_LIMIT_S = 300.0
_END_LIMIT_S = 5.0


@dataclass(frozen=True)
class Outcome:
    """How a job ended.

    Attributes:
        end: ``answered`` and ``refused`` (with an error of `litesmith.errors`) are good ends; the others
            are failures.
        what: The error's class, with the place in the project's code for an exception; the signal's
            name.
        detail: An error's text; a traceback for what is a failure.
    """

    end: End
    what: str = ""
    detail: str = ""

    @property
    def failed(self) -> bool:
        """Whether it ended in another way than an answer or an error of ours."""
        return self.end not in ("answered", "refused")


@dataclass(frozen=True)
class Limits:
    """What a job may take before its process is ended: wall time, and address space."""

    wall_s: float
    memory_bytes: int


class Worker(Generic[Job]):
    """A process that runs one job after the other, and is replaced where a job ends it."""

    def __init__(self, task: Callable[[Job], None], limits: Limits, log: Path) -> None:
        """Keep what the process is started with; it is started by the first job.

        Args:
            task: A function of a module, or a `functools.partial` of one.
            limits: Of each job.
            log: File of its output, and of its position when a signal ended it.
        """
        self._task, self._limits, self._log = task, limits, log
        self._process: multiprocessing.process.BaseProcess | None = None

    def run(self, job: Job) -> Outcome:
        """Run a job in the process and return its outcome."""
        try:
            if self._process is None:
                self._start()
            self._connection.send(job)
            if not self._connection.poll(self._limits.wall_s):
                where = self._stopped_where()
                self.close()
                return Outcome("hang", f"no answer within {self._limits.wall_s:g} s", where)
            outcome: Outcome = self._connection.recv()
            return outcome
        except (EOFError, ConnectionError):
            return self._outcome_of_death()

    def close(self) -> None:
        """End the process, and all that it started."""
        if self._process is None:
            return
        self._connection.close()  # which it waits for, if it does not hang
        self._process.join(_END_LIMIT_S)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid or 0, signal.SIGKILL)
        self._process.join()
        self._process = None

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        arguments = (theirs, self._task, self._limits.memory_bytes, self._log)
        self._process = context.Process(target=_serve, args=arguments)
        self._process.start()
        theirs.close()
        if not self._connection.poll(_START_LIMIT_S):
            raise RuntimeError(f"a worker did not start within {_START_LIMIT_S:g} s; see {self._log}.")
        self._connection.recv()

    def _outcome_of_death(self) -> Outcome:
        process = self._process
        assert process is not None
        process.join()
        code = process.exitcode or 0
        self.close()
        what = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        text = self._log.read_text("utf-8", "replace")
        return Outcome("signal", f"{what}{_place_in_log(text)}", text[-4000:])

    def _stopped_where(self) -> str:
        """Ask the process that hangs where it is."""
        assert self._process is not None
        os.kill(self._process.pid or 0, signal.SIGABRT)
        self._process.join(_END_LIMIT_S)
        return self._log.read_text("utf-8", "replace")[-4000:]


def run_all(
    jobs: Sequence[Job], task: Callable[[Job], None], limits: Limits, num_workers: int, logs: Path
) -> Iterator[Outcome]:
    """Yield how each job ended, in their order.

    Args:
        jobs: What ``task`` is called with.
        task: Runs one job; returns for an answer, raises for a refusal.
        limits: Of each job.
        num_workers: Processes that run at once.
        logs: Folder for their output.
    """
    with _workers(task, limits, num_workers, logs) as idle, ThreadPoolExecutor(num_workers) as threads:

        def run(job: Job) -> Outcome:
            worker = idle.get()
            try:
                return worker.run(job)
            finally:
                idle.put(worker)

        try:
            yield from threads.map(run, jobs)
        finally:
            threads.shutdown(cancel_futures=True)


@contextmanager
def _workers(
    task: Callable[[Job], None], limits: Limits, num_workers: int, logs: Path
) -> "Iterator[queue.Queue[Worker[Job]]]":
    """Hand out workers that nobody uses, and end them afterwards."""
    workers = [Worker(task, limits, logs / f"worker-{number}.log") for number in range(num_workers)]
    idle: queue.Queue[Worker[Job]] = queue.Queue()
    for worker in workers:
        idle.put(worker)
    try:
        yield idle
    finally:
        for worker in workers:
            worker.close()


def attempt(task: Callable[[Job], None], job: Job) -> Outcome:
    """Run a job here and return its outcome."""
    try:
        task(job)
    except LitesmithError as error:
        return Outcome("refused", type(error).__name__, str(error))
    except BaseException as error:  # native modules raise some that are no Exception
        return Outcome("exception", f"{type(error).__name__}{_place(error)}", _shortened(error))
    return Outcome("answered")


def _serve(connection: Connection, task: Callable[[Job], None], memory_bytes: int, log: Path) -> None:
    """Run the jobs that come through a connection until it is closed."""
    os.setsid()  # so that whatever this process starts can be ended with it
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    with log.open("w", encoding="utf-8") as stream:
        for descriptor in (1, 2):
            os.dup2(stream.fileno(), descriptor)
        faulthandler.enable(stream)
        connection.send("ready")
        with suppress(EOFError):
            while True:
                stream.truncate(0)
                connection.send(attempt(task, connection.recv()))


def _place(error: BaseException) -> str:
    """Name the innermost line of the project that an exception came through."""
    frames = [
        (Path(frame.filename), frame.lineno, frame.name)
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    ours = [frame for frame in frames if _is_ours(frame[0])]
    if not ours:
        return ""
    path, line, name = ours[-1]
    return f" at {path.relative_to(_PROJECT)}:{line} {name}"


def _place_in_log(text: str) -> str:
    """Name the innermost line of the project in what `faulthandler` wrote."""
    for line in text.splitlines():
        path, _, rest = line.strip().removeprefix('File "').partition('"')
        if _is_ours(Path(path)):
            number, _, name = rest.removeprefix(", line ").partition(" in ")
            return f" at {Path(path).relative_to(_PROJECT)}:{number} {name}"
    return ""


def _is_ours(path: Path) -> bool:
    return any(path.is_relative_to(_PROJECT / ring) for ring in ("litesmith", "tasks"))


def _shortened(error: BaseException) -> str:
    """Return a traceback, without the middle of one that is endless."""
    limit = sys.getrecursionlimit() if not isinstance(error, RecursionError) else 12
    text = "".join(traceback.format_exception(error, limit=-limit))
    return text if len(text) < 8000 else f"{text[:2000]}\n...\n{text[-4000:]}"
