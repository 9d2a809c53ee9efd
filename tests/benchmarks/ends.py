"""Every outcome of a job, for worker processes, which import this module and little else."""

import os
import signal
import time
from pathlib import Path

from litesmith.errors import DataError


def end(how: str) -> None:
    """End as ``how`` says."""
    match how:
        case "refuse":
            raise DataError("it is broken.")
        case "raise":
            raise ValueError("a slip")
        case "leave":
            raise SystemExit(3)
        case "abort":
            os.abort()
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "exit":
            os._exit(7)
        case "hang":
            time.sleep(600)
        case "swell":
            bytearray(8_000_000_000)


def end_as_written(folder: Path) -> None:
    """End as the file in a folder says, which a worker does itself."""
    end((folder / "how").read_text())


def answer_what_answers(folder: Path) -> None:
    """Answer or refuse, as what runs a file in a process of its own does."""
    if (folder / "how").read_text() != "answer":
        raise DataError("its own process died.")
