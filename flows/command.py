"""A run in this process, shown in a terminal."""

from pathlib import Path

from flows.artifacts import results_rows, synthetic_label, text_table
from flows.progress import Progress, watching
from flows.retrain import retrain
from flows.stages import StageError
from litesmith.documents.durations import duration
from litesmith.records.record import read_record
from litesmith.records.run import read_run
from litesmith.records.service.judge import Decision
from tasks import catalog
from tasks.workspace import workspace_folder


def run(project: Path, profile: str | None, data: str | None = None) -> None:
    """Run the flow, show its progress, and print its results.

    Raises:
        LitesmithError: The run failed.
    """
    root = workspace_folder(project, profile, data)
    try:
        with watching(Progress()):
            record = retrain(profile, data)
    except StageError:
        print(f"\nruns:   {(root / catalog.INDEX).resolve()}")
        raise
    print("\n".join(["", *_summary(root, Path(record))]))


def _summary(root: Path, path: Path) -> list[str]:
    """Return the lines that a terminal shows after a run."""
    record, report = read_run(path), (root / catalog.REPORT).resolve()
    label, table = synthetic_label(root), text_table(results_rows(root))
    startup = record.startup_s
    before = "" if startup is None else f"; {duration(startup)} before, to start Prefect"
    around = duration(record.overhead_s)
    return [
        *([label] if label else []),
        *([table, ""] if table else []),
        *([f"decision: {_decision(root)}"] if (root / catalog.DECISION).is_file() else []),
        *([f"report: {report}"] if report.is_file() else []),
        f"runs:   {(root / catalog.INDEX).resolve()}",
        f"run:    {path.resolve()}",
        f"took:   {duration(record.wall_s)}, {around} of it around the steps{before}",
    ]


def _decision(root: Path) -> str:
    decision = read_record(root / catalog.DECISION, Decision)
    return f"{decision.outcome}. {decision.headline}"
