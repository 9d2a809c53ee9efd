"""A run in this process, shown in a terminal."""

from pathlib import Path

from flows.artifacts import results_rows, synthetic_label, text_table
from flows.progress import Progress, watching
from flows.retrain import retrain
from flows.stages import StageError
from litesmith.documents.durations import duration
from litesmith.records.run import RunRecord, read_run
from tasks import catalog
from tasks.workspace import workspace_folder


def run(project: Path, profile: str | None) -> None:
    """Run the flow, show its progress, and print its results.

    Raises:
        LitesmithError: The run failed; the text says why.
    """
    root = workspace_folder(project, profile)
    try:
        with watching(Progress()):
            record = retrain(profile)
    except StageError:
        print(f"\nruns:   {(root / catalog.INDEX).resolve()}")
        raise
    print("\n".join(["", *_summary(root, Path(record))]))


def _summary(root: Path, record: Path) -> list[str]:
    """Return the lines that a terminal shows after a run."""
    report = (root / catalog.REPORT).resolve()
    label, table = synthetic_label(root), text_table(results_rows(root))
    page = [f"report: {report}"] if report.is_file() else []
    runs = [
        f"runs:   {(root / catalog.INDEX).resolve()}",
        f"run:    {record.resolve()}",
        f"took:   {_took(read_run(record))}",
    ]
    return [*([label] if label else []), *([table, ""] if table else []), *page, *runs]


def _took(record: RunRecord) -> str:
    """Return in words what a run took."""
    before = (
        "" if record.startup_s is None else f"; {duration(record.startup_s)} before, to start Prefect"
    )
    return f"{duration(record.wall_s)}, {duration(record.overhead_s)} of it around the steps{before}"
