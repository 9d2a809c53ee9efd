"""The command that compares two runs of a workspace."""

from pathlib import Path

from litesmith.files import write_text
from litesmith.history.changes import CodeChange
from litesmith.history.compare import render_comparison
from litesmith.history.runs import read_runs
from litesmith.history.sides import Kept, Side, choose
from litesmith.params.loading import read_params
from litesmith.release.pointers import Key
from tasks import catalog
from tasks.dag.git import changed_code
from tasks.workspace import workspace_folder


def compare(project: Path, profile: list[str] | None, data: str | None, first: str, second: str) -> Path:
    """Write a page that compares two runs, and return its path.

    Args:
        project: The folder that has the registry.
        profile: Profiles of the runs.
        data: Their data set.
        first: Names the run that is looked at, see `litesmith.history.sides.choose`.
        second: Names the run that it is compared with.

    Raises:
        ParamsError: A word names no run, or several.
        DataError: The package in service cannot be read.
        MachineError: The page cannot be written.
    """
    root = workspace_folder(project, profile, data)
    params = read_params((root if (root / catalog.PARAMS).is_file() else project) / catalog.PARAMS)
    runs, _ = read_runs(root / catalog.RUNS, root / catalog.ARCHIVE)
    kept = Kept(
        runs=runs,
        reports=root / catalog.INDEX.parent,
        pointers=project / catalog.IN_SERVICE,
        packages=project / catalog.RELEASED_PACKAGES,
        key=Key(params.dataset.key, params.device.name),
    )
    sides = choose(kept, first, second)
    path = root / catalog.comparison(*(side.name for side in sides))
    code = _code(project, *sides)
    write_text(path, render_comparison(*sides, code, catalog.FINAL_LITE.as_posix()))
    return path


def _code(project: Path, first: Side, second: Side) -> CodeChange:
    """Ask git for the code that differs."""
    unknown = [side.name for side in (first, second) if side.revision is None]
    if first.revision is None or second.revision is None:
        return CodeChange(unknown=f"no revision is recorded of {' and '.join(unknown)}")
    return CodeChange(*changed_code(project, second.revision, first.revision))
