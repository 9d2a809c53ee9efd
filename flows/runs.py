"""The record of a run, written outside the DAG: ``reports/runs/<id>.json``."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psutil

from flows.serving.server import server_cpu_s
from litesmith.errors import DataError, ParamsError
from litesmith.history.results import conditions, cost, gate_result
from litesmith.history.runs import read_runs
from litesmith.host import cpu_seconds
from litesmith.params.loading import read_params
from litesmith.records.figures import EvaluateFigures, SummaryFigures
from litesmith.records.provenance import Provenance
from litesmith.records.record import read_record, write_record
from litesmith.records.run import VERSION, GitState, Outcome, RunRecord, RunResult, StageRun
from litesmith.records.service.judge import Decision
from tasks import catalog
from tasks.dag.lock import this_command


@dataclass
class RunLog:
    """The state of a run so far; its fields are those of `RunRecord`."""

    name: str
    flow_run: str
    profile: str | None
    git: GitState
    started: datetime = field(default_factory=lambda: datetime.now().astimezone())
    stages: dict[str, StageRun] = field(default_factory=dict)
    error: str | None = None
    page: Path | None = None
    _began: float = field(default_factory=time.monotonic)
    # From the start of this process to that of the flow: imports, checks, and Prefect's server if ours.
    _startup_s: float = field(default_factory=lambda: time.time() - psutil.Process().create_time())

    @property
    def id(self) -> str:
        """What its record, its page and the records of its steps are called."""
        return f"{self.started.astimezone(UTC):%Y%m%dT%H%M%SZ}-{self.name}"

    def note(self, root: Path, stage: str, outcome: Outcome, wall_s: float) -> None:
        """Note the outcome of a stage, with the times of its step."""
        run = StageRun(outcome=outcome, wall_s=round(wall_s, 2), step_wall_s=None, step_cpu_s=None)
        if outcome is Outcome.COMPLETED:
            step = read_record(root / catalog.provenance(stage), Provenance)
            run = run.model_copy(update={"step_wall_s": step.wall_s, "step_cpu_s": step.cpu_s})
        self.stages[stage] = run

    def write(self, root: Path) -> Path:
        """Write the record of the run below ``root`` and return its path."""
        try:
            is_synthetic = read_params(root / catalog.PARAMS).dataset.synthetic
        except ParamsError:
            is_synthetic = None
        wall_s = time.monotonic() - self._began
        steps_wall_s = sum(stage.step_wall_s or 0.0 for stage in self.stages.values())
        record = RunRecord(
            version=VERSION,
            flow_run=self.flow_run,
            name=self.name,
            profile=self.profile,
            command=this_command(),
            git=self.git,
            started=self.started.replace(microsecond=0),
            startup_s=round(self._startup_s, 2),
            wall_s=round(wall_s, 2),
            steps_wall_s=round(steps_wall_s, 2),
            overhead_s=round(wall_s - steps_wall_s, 2),
            steps_cpu_s=round(sum(stage.step_cpu_s or 0.0 for stage in self.stages.values()), 2),
            # Of this process and all it waited for.
            cpu_s=cpu_seconds(),
            server_cpu_s=server_cpu_s(),
            stages=self.stages,
            error=self.error,
            refused=self.error is not None and self.page is not None,
            synthetic=is_synthetic,
            # What lies there after a run that failed is of another run.
            result=None if self.error else run_result(root),
        )
        path = root / catalog.RUNS / f"{self.id}.json"
        write_record(path, record)
        return path


def run_result(root: Path) -> RunResult | None:
    """Return the result of the run in ``root``, None where there is none.

    Raises:
        DataError: A file there is not as this version writes it.
    """
    path, summary = root / catalog.results("evaluate"), root / catalog.SUMMARY
    if not path.is_file():
        return None
    evaluate = read_record(path, EvaluateFigures)
    figures = read_record(summary, SummaryFigures) if summary.is_file() else None
    decided = root / catalog.DECISION
    since, final = figures.since_reference if figures else None, evaluate.variants[evaluate.final]
    return RunResult(
        final=evaluate.final,
        accuracy=final.accuracy,
        accuracy_interval=final.accuracy_interval,
        balance=final.balance,
        worst_class=final.worst_name,
        bytes=final.bytes,
        gzip_bytes=final.gzip_bytes,
        verdict=figures.verdict if figures else None,
        since_reference=since.accuracy if since else None,
        gate=gate_result(read_record(decided, Decision)) if decided.is_file() else None,
        cost=cost(figures) if figures else None,
        conditions=conditions(figures) if figures else None,
    )


def step_times(root: Path) -> dict[str, float]:
    """Return the seconds that each step last took below ``root``."""
    # A fresh clone has only the committed records of runs.
    runs, _ = read_runs(root / catalog.RUNS, root / catalog.ARCHIVE)
    times = {
        name: stage.step_wall_s
        for run in runs
        for name, stage in run.record.stages.items()
        if stage.step_wall_s is not None
    }
    for path in (root / catalog.provenance("step")).parent.glob("*.json"):
        try:
            step = read_record(path, Provenance)
        except DataError:
            continue
        times[step.step] = step.wall_s
    return times
