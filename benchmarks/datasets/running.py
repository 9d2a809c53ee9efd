"""The commands of somebody with a data set, run in a clone of the project."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.datasets.plan import DataSet
from litesmith.errors import ContractError
from litesmith.files import UTF8_PIPES, read_json, read_yaml, write_json
from tasks.dag.project import WORKSPACES

# What the description of a data set says of its form.
_DESCRIBED = ("classes", "height", "width", "channels", "fit", "ground", "mirror_safe", "shares")
_MOST_LINES = 15


def clone_project(project: Path, clone: Path) -> str:
    """Clone the project's last commit, or bring a clone to it, and return the commit.

    The workspaces in the clone stay, so that a run that was stopped goes on.
    """
    if not (clone / ".git").is_dir():
        _git(project, "clone", "--quiet", "--no-checkout", str(project), str(clone))
    revision = _git(project, "rev-parse", "HEAD").strip()
    _git(clone, "fetch", "--quiet", "origin", revision)
    _git(clone, "checkout", "--quiet", "--force", "--detach", revision)
    return revision


def run_data_set(chosen: DataSet, clone: Path, sources: Path, profiles: Sequence[str]) -> dict[str, Any]:
    """Describe a data set and run the pipeline on it, both unless they are done.

    Args:
        chosen: The data set.
        clone: Of the project.
        sources: Folder in which data sets are written, in one of their own each.
        profiles: Of the run.

    Returns:
        The commands, the CPU-seconds of the first and what it wrote.

    Raises:
        ContractError: A command failed; its last lines are in the text, all of them in a file.
    """
    folder, description = sources / chosen.name, clone / "datasets" / f"{chosen.name}.yaml"
    noted = folder.with_suffix(".json")
    if not description.is_file():
        shutil.rmtree(folder, ignore_errors=True)
        source = chosen.write(folder, None)
        command = ["-m", "tasks", "dataset", str(source), "--name", chosen.name]
        spent = _run(command, clone, folder.with_suffix(".describe.log"))
        write_json(noted, {"command": f"tasks dataset {source.name}", "cpu_s": spent})
    options = [word for profile in profiles for word in ("--profile", profile)]
    command = ["-m", "flows", "retrain", "--data", chosen.name, *options]
    _run(command, clone, folder.with_suffix(".retrain.log"))
    content: Mapping[str, Any] = read_yaml(description)
    return {
        "describing_cpu_s": read_json(noted)["cpu_s"],
        "command": f"python {' '.join(command)}",
        "described": {name: content.get(name) for name in _DESCRIBED},
    }


def workspace_of(chosen: DataSet, clone: Path, profiles: Sequence[str]) -> Path:
    """Return the folder in which the pipeline runs on a data set."""
    return clone / WORKSPACES / "-".join([chosen.name, *["+".join(profiles)] * bool(profiles)])


def forget(chosen: DataSet, clone: Path, profiles: Sequence[str]) -> None:
    """Remove what was made of a data set, so that it runs from nothing."""
    shutil.rmtree(workspace_of(chosen, clone, profiles), ignore_errors=True)
    (clone / "datasets" / f"{chosen.name}.yaml").unlink(missing_ok=True)


def _run(arguments: Sequence[str], folder: Path, log: Path) -> float:
    """Run Python and return its CPU-seconds."""
    before = _children_cpu_s()
    environment = {**os.environ, **UTF8_PIPES}
    with log.open("w", encoding="utf-8") as stream:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=folder,
            env=environment,
            stdout=stream,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-_MOST_LINES:]
        text = f"python {' '.join(arguments)} ended with {done.returncode}; {log} has all of its output:"
        raise ContractError("\n".join([text, *last]))
    return round(_children_cpu_s() - before, 2)


def _children_cpu_s() -> float:
    times = os.times()
    return times.children_user + times.children_system


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        raise ContractError(f"git {' '.join(arguments)} failed: {done.stderr.strip()}")
    return done.stdout
