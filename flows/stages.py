"""The stages of DVC. DVC alone hashes, locks and writes ``dvc.lock``."""

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from dvc.exceptions import DvcException
from dvc.lock import LockError
from dvc.repo import Repo
from dvc.repo.reproduce import get_active_graph, plan_repro
from dvc.rwlock import rwlock
from dvc.stage import PipelineStage

from litesmith.errors import LitesmithError, MachineError
from litesmith.files import UTF8_PIPES
from litesmith.records.run import Outcome
from tasks.dag.dvcfile import MAYBE_EMPTY
from tasks.dag.lock import lock_environment, this_command
from tasks.dag.watch import starter_environment, stop_tree

if TYPE_CHECKING:
    from flows.standby import Order

_RESTORED = "is cached - skipping run, checking out outputs"
_UNCHANGED = "didn't change, skipping"
_TAIL_LINES = 15
_PATIENCE_S = 60.0
_LOG = logging.getLogger(__name__)
_STANDBY = Path(__file__).with_name("standby.py").resolve()
# What DVC hands to a stage's command, and what would send a run inside one back to the outer project.
_OUTER_STAGE = ("DVC_ROOT", "DVC_STAGE", "DVC_EXP_")

# DVC logs all that it does. Its own handlers would write each warning again, past the row of a terminal.
for _name in ("dvc", "dvc_objects", "dvc_data"):
    logging.getLogger(_name).setLevel(logging.WARNING)
    logging.getLogger(_name).handlers.clear()
# It warns of the locks of commands that were killed, which it releases by itself.
logging.getLogger("dvc.rwlock").setLevel(logging.ERROR)


class StageError(LitesmithError):
    """A failed stage; the text is the error of the step."""


class Stages:
    """The stages of a workspace, read again after each run.

    Use it in a ``with`` statement: it holds DVC's repository open, and once a stage was reproduced a
    process waits for the next.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._waiting: subprocess.Popen[str] | None = None
        self._guarded = ExitStack()
        with _explained(self.root):
            self._repo = Repo(str(root))

    def __enter__(self) -> "Stages":
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the repository, release the guards, and stop the waiting process."""
        self._guarded.close()
        self._repo.close()
        if self._waiting is not None:
            _stop(self._waiting)

    def names(self) -> list[str]:
        """Return the names in the order in which DVC runs them.

        Raises:
            MachineError: DVC cannot work here.
        """
        with _explained(self.root):
            plan = plan_repro(get_active_graph(self._repo.index.graph))
            return [stage.name for stage in plan if stage.cmd]

    def is_stale(self, stage: str) -> bool:
        """Tell whether a dependency, parameter, command or output is not as recorded.

        Raises:
            MachineError: Another DVC command holds the workspace for more than a minute.
        """
        with _explained(self.root), self._locked():
            return bool(self._stage(stage).status())

    def is_available(self, stage: str) -> bool:
        """Tell whether the outputs of a stage are there or in DVC's cache.

        Raises:
            MachineError: As `is_stale`, or ``dvc.yaml`` cannot be read.
        """
        with _explained(self.root), self._locked():
            known = self._stage(stage)
            is_unchanged = not (known.changed_stage() or known.changed_deps())
            return not known.status() or (is_unchanged and bool(known.outs_cached()))

    def reproduce(
        self, stage: str, show: Callable[[str], None], *, time_limit_s: float, extra: Mapping[str, str]
    ) -> Outcome:
        """Let DVC run a stage or restore it from its cache.

        However this ends, no process of it is left: DVC does not pass signals on to the stage's command.

        Args:
            stage: The stage's name.
            show: Called with each line that DVC and the stage write.
            time_limit_s: Seconds after which the stage is killed; a limit inside Python would not
                interrupt native code.
            extra: Environment variables for the stage.

        Raises:
            StageError: The stage failed or took too long.
        """
        lines: list[str] = []
        # DVC warns of folders that may be empty.
        outs = self._stage(stage).outs
        expected = {f"WARNING: '{out}' is empty." for out in outs if out.annot.meta.get(MAYBE_EMPTY)}
        # The run changes dvc.lock, which was read.
        self._repo.close()
        self._repo = Repo(str(self.root))
        with self._child(stage, extra) as child, _time_limit(child, time_limit_s) as expired:
            assert child.stdout is not None
            for line in (line.rstrip() for line in child.stdout if line.strip()):
                lines.append(line)
                if line not in expected:
                    show(line)
            code = child.wait()
        if expired.is_set():
            limit = f"{time_limit_s:g} s (retrain.stage_limit_s)"
            raise StageError(f"stage {stage} was stopped after its time limit, {limit}.")
        if code != 0:
            raise StageError(f"stage {stage}: {_reason(lines, code)}")
        if any(_RESTORED in line for line in lines):
            return Outcome.RESTORED
        return Outcome.UP_TO_DATE if any(_UNCHANGED in line for line in lines) else Outcome.COMPLETED

    def guard(self, stage: str) -> None:
        """Let no other DVC command run a stage until this is closed.

        DVC would clear the stage's outputs before the workspace's lock refuses its command.

        Raises:
            MachineError: Another DVC command runs the stage.
        """
        outs = [out.fs_path for out in self._stage(stage).outs]
        hardlink = self._repo.config["core"].get("hardlink_lock", False)
        with _explained(self.root):
            self._guarded.enter_context(
                rwlock(self._repo.tmp_dir, self._repo.fs, this_command(), outs, [], hardlink)
            )

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold DVC's lock; wait a while for other DVC commands."""
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            try:
                self._repo.lock.lock()
                break
            except LockError:  # DVC itself has tried for three seconds
                if time.monotonic() > deadline:
                    raise
                _LOG.warning("waiting for another DVC command that is at work in this folder")
        try:
            yield
        finally:
            self._repo.lock.unlock()

    @contextmanager
    def _child(self, stage: str, extra: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
        """Let DVC begin on a stage, and stop all its processes in the end."""
        child, self._waiting = self._waiting, None
        if child is None or child.poll() is not None:
            child = _start(self.root)
        try:
            variables = {**_environment(), **lock_environment(), **starter_environment(), **extra}
            order: Order = {"stage": stage, "environment": variables, "command": this_command()}
            assert child.stdin is not None
            with suppress(BrokenPipeError), child.stdin:  # the output of a dead one holds the reason
                child.stdin.write(json.dumps(order) + "\n")
            self._waiting = _start(self.root)
            yield child
        finally:
            _stop(child)

    def _stage(self, name: str) -> PipelineStage:
        return next(stage for stage in self._repo.index.stages if stage.cmd and stage.name == name)


@contextmanager
def _explained(root: Path) -> Iterator[None]:
    """Turn an error of DVC into one with a way to solve it."""
    try:
        yield
    except OSError as error:
        raise MachineError(
            f"DVC cannot work here: {error}. If that lies in the project, change its permissions. "
            "Elsewhere it is in the home folder (its settings) or in what all users of this machine "
            "share: set HOME or DVC_SITE_CACHE_DIR to a folder that this user may read and write."
        ) from error
    except DvcException as error:
        raise MachineError(
            f"DVC cannot work in {root.resolve()}: {error}. It needs a git checkout (`git init` in the "
            "project starts one), a dvc.yaml that can be read (`make dvc` writes it) and no other DVC "
            "command at work in this folder."
        ) from error


def _start(root: Path) -> subprocess.Popen[str]:
    """Start a process that imports DVC and waits for its order."""
    return subprocess.Popen(
        # -P: modules of the workspace must not stand in for ones that DVC imports.
        [sys.executable, "-P", str(_STANDBY)],
        cwd=root,
        env=_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )


def _stop(child: subprocess.Popen[str]) -> None:
    """Stop a process with all below it, and close its pipes."""
    with suppress(BrokenPipeError), child:
        if child.poll() is None:
            stop_tree(child.pid)


def _environment() -> dict[str, str]:
    """Return the environment with this Python, outside any other stage."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith(_OUTER_STAGE)}
    # Not resolved: the python of a virtual environment is a link out of it.
    path = os.pathsep.join([str(Path(sys.executable).parent), outside.get("PATH", os.defpath)])
    return {**outside, **UTF8_PIPES, "PATH": path, "PYTHONUNBUFFERED": "1", "DVC_NO_ANALYTICS": "1"}


@contextmanager
def _time_limit(child: subprocess.Popen[str], limit_s: float) -> Iterator[threading.Event]:
    """Kill the child with all below it after ``limit_s``."""
    expired = threading.Event()

    def _expire() -> None:
        expired.set()
        stop_tree(child.pid)

    timer = threading.Timer(limit_s, _expire)
    timer.daemon = True
    timer.start()
    try:
        yield expired
    finally:
        timer.cancel()


def _reason(lines: list[str], code: int) -> str:
    """Return the error that the step wrote, else the last lines."""
    error: list[str] = []
    for line in lines:
        if line.startswith("error: "):
            error = [line.removeprefix("error: ")]
        elif error and line.startswith("ERROR: "):  # the message of DVC on it
            break
        elif error:
            error.append(line)
    if error:
        return "\n".join(error)
    return "\n".join([f"DVC ended with {code}. Its last lines:", *lines[-_TAIL_LINES:]])
