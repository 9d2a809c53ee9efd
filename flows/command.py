"""What a person at a terminal sees of a run, from the first check to the results table."""

from pathlib import Path

from flows.artifacts import drawn_label, results_rows, text_table
from flows.folders import workspace_folder
from flows.ledger import StageError
from flows.progress import Progress, watching
from flows.retrain import retrain
from litesmith.durations import duration
from litesmith.files import read_json
from tasks import catalog


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
    took = f"{duration(content['wall_s'])}, of which {duration(content['overhead_s'])} around the steps"
    label, table = drawn_label(root), text_table(results_rows(root))
    page = [f"report: {report}"] if report.is_file() else []
    runs = [f"runs:   {(root / catalog.INDEX).resolve()}", f"run:    {record.resolve()} ({took})"]
    return [*([label] if label else []), *([table, ""] if table else []), *page, *runs]
