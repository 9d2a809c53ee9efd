"""Projects whose commands are killed, and what they leave."""

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.growth.measuring import made_project
from benchmarks.kills.plan import Plan
from litesmith.data.synthetic.garments import draw_images
from litesmith.errors import MachineError
from litesmith.files import read_yaml, write_text, yaml_text
from litesmith.params.loading import overlaid, read_dataset
from litesmith.records.provenance import Provenance
from litesmith.records.record import read_record
from tasks import catalog
from tasks.dag.step import Measured
from tasks.pipeline import PIPELINE

_DATA = "synthetic"
_BATCHES = ("2026-01-05", "2026-01-12", "2026-01-19", "2026-01-26")
_NUM_ADD_KILLS, _LIMIT_S = 5, 900.0
_LOG = "commands.log"


@dataclass(frozen=True)
class Killed:
    """A kill: of what, whether it was still there, and whether all processes were killed at once."""

    what: str
    was_alive: bool
    all_at_once: bool
    after_s: float

    def to_plain(self) -> dict[str, Any]:
        """Return the kill as JSON can hold it."""
        return asdict(self)


def write_batches(folder: Path, plan: Plan) -> list[Path]:
    """Write the batches, the second of inverted images, which validation leaves out."""
    paths = []
    folder.mkdir()
    for number, name in enumerate(_BATCHES):
        images, labels = draw_images(plan.num_batch, 28, 28, 10, plan.seed + number)
        paths.append(folder / name)
        paths[-1].mkdir()
        np.savez(paths[-1] / "batch.npz", images=255 - images if number == 1 else images, labels=labels)
    return paths


def begin(folder: Path, plan: Plan) -> Path:
    """Create a project of few synthetic images."""
    project = made_project(folder)
    params, data = project / catalog.PARAMS, project / f"datasets/{_DATA}.yaml"
    write_text(params, yaml_text(overlaid(read_yaml(params), plan.overlay)))
    few = {"base": {"num_train": plan.num_base, "num_test": plan.num_test}, "min_per_class": 1}
    write_text(data, yaml_text(overlaid(read_yaml(data), few)))
    read_dataset(_DATA, project)
    return project


def complete(project: Path, command: Sequence[str]) -> None:
    """Run ``python -m`` with a command to its end.

    Raises:
        MachineError: It fails: its last lines.
    """
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=project, env=_environment(), check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
    )  # fmt: skip
    if done.returncode:
        raise MachineError(f"{' '.join(command)} failed in {project}:\n{done.stdout[-3000:]}")


def hashes(project: Path) -> dict[str, str]:
    """Return the SHA-256 of each output that holds no timing, by path."""
    ports = [port for step in PIPELINE for port in step.outs if not port.marked(Measured)]
    return {
        path.relative_to(project).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for port in ports
        for path in _files(project / port.path)
    }


def kill_in_turns(
    project: Path, command: Sequence[str], batches: Sequence[Path], plan: Plan, calm: Path
) -> list[Killed]:
    """Add batches and run stages, and kill each.

    Args:
        project: As `begin` leaves it.
        command: That runs all stages, behind ``python -m``.
        batches: Of `write_batches`; the last comes while the data are judged.
        plan: The numbers.
        calm: A project that was run in peace, which tells how long each stage takes.
    """
    rng = np.random.default_rng(plan.seed)
    *sound, third, last = batches
    for batch in sound:
        complete(project, _adding(batch))
    killed = _kill_adds(project, third, rng)
    for number, step in enumerate(PIPELINE):
        provenance = read_record(calm / catalog.provenance(step.name), Provenance)
        after_s = float(rng.uniform(0.0, provenance.wall_s))
        late = [last] if step.name == "validate" else []
        killed.append(_kill_stage(project, command, step.name, after_s, number % 2 == 1, late))
    return killed


def _adding(batch: Path) -> tuple[str, ...]:
    return "tasks", "add", str(batch), "--name", batch.name


def _kill_adds(project: Path, batch: Path, rng: np.random.Generator) -> list[Killed]:
    """Kill `add` while another one goes on; in the end the batch is there."""
    incoming, began = project / catalog.INCOMING / _DATA, time.monotonic()
    probe = _start(project, ("tasks", "add", "--help"))
    probe.wait()
    start_s, killed = time.monotonic() - began, list[Killed]()
    for _ in range(_NUM_ADD_KILLS):
        first, second = (_start(project, _adding(batch)) for _ in range(2))
        after_s = float(rng.uniform(0.5, 3.0)) * start_s
        time.sleep(after_s)
        killed.append(Killed("add", first.poll() is None, False, round(after_s, 2)))
        first.kill()
        first.wait()
        second.wait()
        _require_whole(incoming)
    if not list(incoming.glob(f"{batch.name}*")):
        complete(project, _adding(batch))
    return killed


def _require_whole(incoming: Path) -> None:
    """Raise unless each batch that is there can be read."""
    for path in incoming.iterdir():
        if path.suffix == ".npz":
            with np.load(path) as arrays:
                if len(arrays["images"]) != len(arrays["labels"]):
                    raise MachineError(f"{path} is half a batch")


def _kill_stage(
    project: Path,
    command: Sequence[str],
    stage: str,
    after_s: float,
    all_at_once: bool,
    late: Sequence[Path],
) -> Killed:
    """Start a run, kill it in a stage, and wait until nothing of it is left."""
    run = _start(project, command)
    process = _wait_for(run, stage, project)
    adding = [_start(project, _adding(batch)) for batch in late]
    time.sleep(after_s)
    tree = [psutil.Process(run.pid), *psutil.Process(run.pid).children(recursive=True)]
    was_alive = process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    # A stage that has ended already is not killed, but the run, which would go on.
    for victim in tree if all_at_once or not was_alive else [process]:
        if victim.is_running():
            victim.kill()
    run.wait()
    psutil.wait_procs(tree, timeout=60)
    for added in adding:
        if added.wait():
            raise MachineError(f"a batch could not be added beside {stage}")
    return Killed(stage, was_alive, all_at_once, round(after_s, 2))


def _wait_for(run: subprocess.Popen[bytes], stage: str, project: Path) -> psutil.Process:
    """Return the process of a stage as soon as it is there.

    Raises:
        MachineError: The run ends first: its last lines.
    """
    deadline = time.monotonic() + _LIMIT_S
    while run.poll() is None and time.monotonic() < deadline:
        for process in psutil.Process(run.pid).children(recursive=True):
            try:
                if process.cmdline()[-3:] == ["tasks", "run", stage]:
                    return process
            except psutil.NoSuchProcess:
                continue
        time.sleep(0.01)
    said = (project / _LOG).read_text(encoding="utf-8")[-3000:]
    raise MachineError(f"{stage} did not begin:\n{said}")


def _start(project: Path, command: Sequence[str]) -> subprocess.Popen[bytes]:
    with (project / _LOG).open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", *command], cwd=project, env=_environment(), stdout=log, stderr=log
        )


def _environment() -> dict[str, str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, "PATH": path}


def _files(path: Path) -> list[Path]:
    return sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
