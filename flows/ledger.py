"""Ask DVC what is stale and let it run that. DVC alone hashes, locks and writes ``dvc.lock``."""

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import Any

from dvc.exceptions import DvcException
from dvc.lock import LockError
from dvc.repo import Repo
from dvc.repo.reproduce import get_active_graph, plan_repro
from dvc.rwlock import rwlock

from litesmith.errors import LitesmithError, MachineError
from litesmith.files import UTF8_PIPES
from tasks.dag.dvcfile import MAYBE_EMPTY
from tasks.dag.lock import lock_environment, this_command
from tasks.dag.watch import starter_environment, stop_tree

_RESTORED = "is cached - skipping run, checking out outputs"
_UNCHANGED = "didn't change, skipping"
_TAIL_LINES = 15
_PATIENCE_S = 60.0
_LOG = logging.getLogger(__name__)
_STANDBY = Path(__file__).with_name("standby.py").resolve()
# What DVC hands to a stage's command, and what would send a run inside one back to the outer project.
_OUTER_STAGE = ("DVC_ROOT", "DVC_STAGE", "DVC_EXP_")

# DVC says all that it does in every run. Its own handlers would say each warning a second time, past a terminal's row.
for _name in ("dvc", "dvc_objects", "dvc_data"):
    logging.getLogger(_name).setLevel(logging.WARNING)
    logging.getLogger(_name).handlers.clear()
# It takes the places of commands that were killed by itself, and nobody can do anything about its telling so.
logging.getLogger("dvc.rwlock").setLevel(logging.ERROR)


class Outcome(StrEnum):
    """What became of a stage."""

    UP_TO_DATE = "UpToDate"
    RESTORED = "Restored"
    COMPLETED = "Completed"


class StageError(LitesmithError):
    """A stage failed: its text is the step's own error."""


class Ledger:
    """What DVC knows of a workspace, read once and again after a stage has run.

    Close it, or use it in a ``with`` statement: it holds DVC's repository open, and once a stage was reproduced a
    process waits for the next.

    Args:
        root: The workspace.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._waiting: subprocess.Popen[str] | None = None
        self._guarded = ExitStack()
        with _explained(self.root):
            self._repo = Repo(str(root))

    def __enter__(self) -> "Ledger":
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Close DVC's repository, guard nothing any more, and stop the process that waits for another stage."""
        self._guarded.close()
        self._repo.close()
        if self._waiting is not None:
            _stop(self._waiting)
            self._waiting = None

    def stages(self) -> list[str]:
        """Return the names of the stages in the order in which DVC runs them.

        Raises:
            MachineError: DVC cannot work here.
        """
        with _explained(self.root):
            return [
                stage.name for stage in plan_repro(get_active_graph(self._repo.index.graph)) if stage.cmd
            ]

    def is_stale(self, stage: str) -> bool:
        """Tell whether DVC would run a stage: a dependency, parameter, command or output is not as recorded.

        Raises:
            MachineError: Another DVC command holds the workspace, and does not let go in a minute.
        """
        with _explained(self.root), self._locked():
            return bool(self._stage(stage).status())

    def is_at_hand(self, stage: str) -> bool:
        """Tell whether a stage's outputs are there, or can be had from DVC's cache without running it.

        Raises:
            MachineError: Another DVC command holds the workspace and does not let go in a minute, or ``dvc.yaml``
                cannot be read.
        """
        with _explained(self.root), self._locked():
            one = self._stage(stage)
            return bool(
                not one.status()
                or (not (one.changed_stage() or one.changed_deps()) and one.outs_cached())
            )

    def reproduce(
        self, stage: str, tell: Callable[[str], None], *, time_limit_s: float, extra: Mapping[str, str]
    ) -> Outcome:
        """Let DVC run one stage in a child process, or restore it from its run cache.

        However this ends, no process of it is left behind: DVC does not pass signals on to the stage's command.

        Args:
            stage: The stage's name.
            tell: Called with each line that DVC and the stage write.
            time_limit_s: Seconds after which the stage is killed. A limit inside Python would not interrupt native
                code.
            extra: Environment variables for the stage.

        Raises:
            StageError: The stage failed or took too long; the text is the error that it wrote.
        """
        lines: list[str] = []
        expected = self._expected(stage)
        # What was read of dvc.lock is about to be out of date.
        self._repo.close()
        self._repo = Repo(str(self.root))
        with self._child(stage, extra) as child, _time_limit(child, time_limit_s) as expired:
            for line in _lines(child):
                lines.append(line)
                if line not in expected:
                    tell(line)
            code = child.wait()
        if expired.is_set():
            raise StageError(
                f"stage {stage} was stopped after its time limit, {time_limit_s:g} s (retrain.stage_limit_s)."
            )
        if code != 0:
            raise StageError(f"stage {stage}: {_reason(lines, code)}")
        return _outcome(lines)

    def guard(self, stage: str) -> None:
        """Let no other DVC command make a stage anew until this is closed.

        DVC would clear the stage's outputs before the workspace's lock refuses its command.

        Raises:
            MachineError: Another DVC command is making the stage.
        """
        outs = [out.fs_path for out in self._stage(stage).outs]
        hardlink = self._repo.config["core"].get("hardlink_lock", False)
        with _explained(self.root):
            self._guarded.enter_context(
                rwlock(self._repo.tmp_dir, self._repo.fs, this_command(), outs, [], hardlink)
            )

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold DVC's lock; a push or a garbage collection beside the run is waited for, a while."""
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
        """Let DVC begin on one stage; whatever happens, leave nothing of it running."""
        child, self._waiting = self._waiting, None
        if child is None or child.poll() is not None:
            child = _begin(self.root)
        try:
            _order(
                child, stage, {**_environment(), **lock_environment(), **starter_environment(), **extra}
            )
            self._waiting = _begin(self.root)
            yield child
        finally:
            _stop(child)

    def _expected(self, stage: str) -> set[str]:
        """Return what DVC warns of in vain: a folder is empty that may be."""
        outs = self._stage(stage).outs
        return {f"WARNING: '{out}' is empty." for out in outs if out.annot.meta.get(MAYBE_EMPTY)}

    def _stage(self, name: str) -> Any:
        return next(stage for stage in self._repo.index.stages if stage.cmd and stage.name == name)


@contextmanager
def _explained(root: Path) -> Iterator[None]:
    """Turn an error of DVC's own into one that says what can be done."""
    try:
        yield
    except OSError as error:
        raise MachineError(
            f"DVC cannot work here: {error}. If that lies in the project, change its permissions. Elsewhere it is in "
            "the home folder (its settings) or in what all users of this machine share: set HOME or DVC_SITE_CACHE_DIR "
            "to a folder that this user may read and write."
        ) from error
    except DvcException as error:
        hint = (
            "It needs a git checkout (`git init` in the project makes one), a dvc.yaml that can be read (`make dvc` "
            "writes it) and no other DVC command at work in this folder."
        )
        raise MachineError(f"DVC cannot work in {root.resolve()}: {error}. {hint}") from error


def _begin(root: Path) -> subprocess.Popen[str]:
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


def _order(child: subprocess.Popen[str], stage: str, environment: Mapping[str, str]) -> None:
    assert child.stdin is not None
    order = {"stage": stage, "environment": environment, "named": this_command()}
    with suppress(BrokenPipeError), child.stdin:  # one that has died says why on its other end
        child.stdin.write(json.dumps(order) + "\n")


def _stop(child: subprocess.Popen[str]) -> None:
    """Stop a process with all below it, if it still runs, and close what leads to it."""
    if child.poll() is None:
        stop_tree(child.pid)
        child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe:
            with suppress(BrokenPipeError):
                pipe.close()


def _environment() -> dict[str, str]:
    """Return the environment with this Python first on the path, and without what DVC set for an outer stage."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OUTER_STAGE)}
    # Not resolved: the python of a virtual environment is a link out of it.
    path = os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", os.defpath)])
    return {**kept, **UTF8_PIPES, "PATH": path, "PYTHONUNBUFFERED": "1", "DVC_NO_ANALYTICS": "1"}


@contextmanager
def _time_limit(child: subprocess.Popen[str], limit_s: float) -> Iterator[threading.Event]:
    """Kill the child with all below it after ``limit_s``; the event tells whether that happened."""
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


def _lines(child: subprocess.Popen[str]) -> Iterator[str]:
    assert child.stdout is not None
    yield from (line.rstrip() for line in child.stdout if line.strip())


def _outcome(lines: list[str]) -> Outcome:
    if any(_RESTORED in line for line in lines):
        return Outcome.RESTORED
    if any(_UNCHANGED in line for line in lines):
        return Outcome.UP_TO_DATE
    return Outcome.COMPLETED


def _reason(lines: list[str], code: int) -> str:
    """Return the error that the step wrote, without DVC's words on it; else the last lines that came."""
    said: list[str] = []
    for line in lines:
        if line.startswith("error: "):
            said = [line.removeprefix("error: ")]
        elif said and line.startswith("ERROR: "):
            break
        elif said:
            said.append(line)
    if said:
        return "\n".join(said)
    return "\n".join([f"DVC ended with {code}. Its last lines:", *lines[-_TAIL_LINES:]])
