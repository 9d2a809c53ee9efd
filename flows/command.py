"""What a person at a terminal sees of a run, from the first check to the results table."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flows.artifacts import drawn_label, results_rows, text_table
from flows.ledger import StageError
from flows.progress import Progress, watching
from flows.retrain import retrain
from litesmith.documents.durations import duration
from litesmith.files import read_json
from tasks import catalog
from tasks.workspace import workspace_folder


def run(project: Path, profile: str | None) -> None:
    """Run the flow in this process, its progress shown in the terminal, and print what came of it.

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
    """Return the results table, the report's path and what the run took, for a terminal."""
    content, report = read_json(record), (root / catalog.REPORT).resolve()
    label, table = drawn_label(root), text_table(results_rows(root))
    page = [f"report: {report}"] if report.is_file() else []
    runs = [
        f"runs:   {(root / catalog.INDEX).resolve()}",
        f"run:    {record.resolve()}",
        f"took:   {_took(content)}",
    ]
    return [*([label] if label else []), *([table, ""] if table else []), *page, *runs]


def _took(record: Mapping[str, Any]) -> str:
    """Return in words what a run took; its own time begins where Prefect has been started."""
    wall, around, before = (duration(record[key]) for key in ("wall_s", "overhead_s", "startup_s"))
    return f"{wall}, {around} of it around the steps; {before} before, to start Prefect"
