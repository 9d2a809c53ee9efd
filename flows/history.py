"""The archive of the last runs' pages, and its index."""

from collections.abc import Sequence
from pathlib import Path

from litesmith.errors import DataError, ParamsError
from litesmith.files import write_bytes, write_text
from litesmith.history.index import render_index
from litesmith.history.runs import read_runs
from litesmith.history.served import Served, read_served
from litesmith.params.everything import Params
from litesmith.params.loading import read_params
from litesmith.records.run import Outcome, read_run
from litesmith.release.pointers import Key
from litesmith.wording import run_options
from tasks import catalog


def archive(root: Path, record: Path, page: Path | None) -> Path:
    """Archive the page of a run, remove old runs, and return the index.

    Runs with nothing to do are removed first, this run never.

    Args:
        root: The workspace.
        record: The record of the run.
        page: The report of the run, the page of a refusal, or None.
    """
    pages, index = root / catalog.ARCHIVE, root / catalog.INDEX
    former = pages.with_name("kept")  # its name in workspaces of earlier versions
    if former.is_dir() and not pages.exists():
        former.rename(pages)
    if page is not None and page.is_file():
        write_bytes(pages / f"{record.stem}.html", page.read_bytes())
    try:
        params = read_params(root / catalog.PARAMS)
    except ParamsError:
        params = None
    max_archived = params.retrain.max_archived if params else None
    _prune(sorted((root / catalog.RUNS).glob("*.json")), pages, max_archived)
    served = _served(root, params) if params else None
    write_text(index, render_index(*read_runs(root / catalog.RUNS, pages), served))
    return index


def _served(root: Path, params: Params) -> Served | None:
    """Return the models in service, None if the registry cannot be read."""
    key = Key(params.dataset.key, params.device.name)
    options = run_options(params.report.data, params.report.profile)
    try:
        return read_served(root / catalog.RELEASES, key, options)
    except DataError:
        return None


def _prune(records: Sequence[Path], pages: Path, max_archived: int | None) -> None:
    """Remove all but the last records, and every page without a record.

    The names of records begin with their time.
    """
    by_worth = sorted(records, key=lambda path: (path == records[-1], _did_something(path), path))
    for path in by_worth[:-max_archived] if max_archived else []:
        path.unlink()
    left = {path.stem for path in records if path.exists()}
    for page in pages.glob("*.html"):
        if page.stem not in left:
            page.unlink()


def _did_something(record: Path) -> bool:
    """Tell whether a run did anything, also if unreadable."""
    try:
        return {stage.outcome for stage in read_run(record).stages.values()} != {Outcome.UP_TO_DATE}
    except (DataError, OSError):
        return True
