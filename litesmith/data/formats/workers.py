"""Worker processes that end with the process that started them."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing.connection import wait
from typing import TypeVar

from litesmith.errors import MachineError

Job = TypeVar("Job")
Result = TypeVar("Result")

# Jobs that are begun or wait, for each worker: more would lie in memory.
_AHEAD = 2


def map_in_order(
    function: Callable[[Job], Result], jobs: Iterable[Job], num_workers: int
) -> Iterator[Result]:
    """Yield what a function makes of jobs, in their order.

    Workers are spawned, not forked: TensorFlow's threads do not survive a fork. With one worker, or a
    single job, everything is done in this process.

    Raises:
        MachineError: A worker was killed.
    """
    rest = iter(jobs)
    first = list(islice(rest, 2))
    if num_workers == 1 or len(first) < 2:
        for job in first:
            yield function(job)
        yield from map(function, rest)
        return
    context = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(num_workers, mp_context=context, initializer=_begin_worker) as pool:
            waiting: deque[Future[Result]] = deque()
            try:
                for group in (first, rest):
                    for job in group:
                        waiting.append(pool.submit(function, job))
                        if len(waiting) > num_workers * _AHEAD:
                            yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
    except BrokenProcessPool as error:
        raise MachineError(
            "a worker process was killed, most often because memory ran out. Free some, or use fewer "
            "workers, and run again."
        ) from error


def _begin_worker() -> None:
    """Leave Ctrl-C to the parent, and end when it has ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent.sentinel,), daemon=True).start()


def _end_after(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
