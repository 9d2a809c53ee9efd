"""Write down what is known only after a run, outside the DAG: ``reports/runs/<id>.json``."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from flows.git import GitState
from flows.ledger import Outcome
from flows.serving.server import server_cpu_s
from litesmith.documents.history import read_runs
from litesmith.errors import ParamsError
from litesmith.files import read_json, write_json
from litesmith.params.loading import read_params
from tasks import catalog
from tasks.dag.lock import this_command

FAILED = "Failed"


@dataclass
class RunRecord:
    """What one run of the flow did in one workspace.

    Args:
        name: The flow run's name.
        flow_run: The flow run's id in Prefect.
        profile: The profiles it ran with, joined as in ``quick+drawn``, None for the project itself.
        git: The state of the project's sources as the run began.
    """

    name: str
    flow_run: str
    profile: str | None
    git: GitState | None
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    stages: dict[str, dict[str, Any]] = field(default_factory=dict)
    error: str | None = None
    page: Path | None = None
    _began: float = field(default_factory=time.monotonic)
    _startup_s: float = field(default_factory=lambda: time.time() - psutil.Process().create_time())

    def note(self, root: Path, stage: str, outcome: Outcome, wall_s: float) -> None:
        """Note a stage's outcome, with its own times where it ran."""
        own = made(root, stage) if outcome is Outcome.COMPLETED else {}
        times = {"step_wall_s": own.get("wall_s", 0.0), "step_cpu_s": own.get("cpu_s", 0.0)}
        self.stages[stage] = {
            "outcome": outcome.value,
            "wall_s": round(wall_s, 2),
            **(times if own else {}),
        }

    def fail(self, stage: str, wall_s: float) -> None:
        """Note that a stage failed, or that the run was stopped in its midst."""
        self.stages[stage] = {"outcome": FAILED, "wall_s": round(wall_s, 2)}

    def write(self, root: Path) -> Path:
        """Write the record below ``root`` and return its path."""
        path = root / catalog.RUNS / f"{self.started:%Y%m%dT%H%M%SZ}-{self.name}.json"
        # What lies there after a run that failed is of another run.
        write_json(
            path,
            {**self._content(), "drawn": _drawn(root), "result": None if self.error else result(root)},
        )
        return path

    def _content(self) -> dict[str, Any]:
        wall_s = time.monotonic() - self._began
        own_s = sum(stage.get("step_wall_s", 0.0) for stage in self.stages.values())
        return {
            "flow_run": self.flow_run,
            "name": self.name,
            "profile": self.profile,
            "command": this_command(),
            "git": self.git,
            "started": self.started.isoformat(timespec="seconds"),
            # From the start of this process to that of the flow: imports, checks, and Prefect's server if it is ours.
            "startup_s": round(self._startup_s, 2),
            "wall_s": round(wall_s, 2),
            "steps_wall_s": round(own_s, 2),
            "overhead_s": round(wall_s - own_s, 2),
            "steps_cpu_s": round(sum(stage.get("step_cpu_s", 0.0) for stage in self.stages.values()), 2),
            # Of this process and all it waited for: the flow, DVC and the steps, but not Prefect's server.
            "cpu_s": round(sum(os.times()[:4]), 2),
            # Null where the server is not this process's own.
            "server_cpu_s": server_cpu_s(),
            "stages": self.stages,
            "error": self.error,
            # Whether the step that failed left a page that shows why.
            "refused": self.error is not None and self.page is not None,
        }


def result(root: Path) -> dict[str, Any] | None:
    """Return what is worth comparing between runs, from the results below ``root``; None where there are none."""
    path = root / catalog.results("evaluate")
    if not path.is_file():
        return None
    evaluate: Mapping[str, Any] = read_json(path)
    final = evaluate["variants"][evaluate["final"]]
    figures = ("accuracy", "accuracy_interval", "bytes", "gzip_bytes")
    return {"final": evaluate["final"], **{name: final[name] for name in figures}, **_judged(root)}


def _drawn(root: Path) -> bool | None:
    """Tell whether the data set is drawn images; None where the parameters cannot be read."""
    try:
        return read_params(root / catalog.PARAMS).dataset.drawn
    except ParamsError:
        return None


def _judged(root: Path) -> dict[str, Any]:
    """Return the report's verdict and the change since the reference run, as fractions; null where it left none."""
    path = root / catalog.SUMMARY
    summary: Mapping[str, Any] = read_json(path) if path.is_file() else {}
    verdict, since = summary.get("verdict"), summary.get("since_reference") or {}
    return {
        "verdict": {name: str(verdict[name]) for name in ("outcome", "sentence")} if verdict else None,
        "since_reference": since.get("accuracy"),
    }


def made(root: Path, stage: str) -> dict[str, Any]:
    """Return the plumbing's record of how a stage's outputs were made, empty if there is none."""
    path = root / catalog.made(stage)
    record: dict[str, Any] = read_json(path) if path.is_file() else {}
    return record


def last_times(root: Path) -> dict[str, float]:
    """Return the seconds that each step took in the last kept run that ran it, by stage; odd records tell nothing."""
    runs, _ = read_runs(root / catalog.RUNS, root / catalog.KEPT)
    told = [
        (stage, one.get("step_wall_s"))
        for run in runs
        for stage, one in (run.record.get("stages") or {}).items()
    ]
    return {stage: float(wall_s) for stage, wall_s in told if isinstance(wall_s, int | float)}
