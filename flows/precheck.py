"""Checks of machine and network before a run. Imports no Prefect."""

import shutil
import sys
import tempfile
from pathlib import Path

import psutil

from litesmith.data.download import explain, named_sources, reachable, require_named, resolve_named
from litesmith.device.registry import require
from litesmith.errors import MachineError
from litesmith.params.everything import Params
from litesmith.params.loading import parse_params
from litesmith.params.sections.dataset import PublishedBase
from litesmith.params.sections.retrain import RetrainParams
from tasks.profiles import Chosen, laid, profile_names, profile_overlays, profile_title
from tasks.workspace import SYNTHETIC, workspace_folder

_GB = 10**9


def check(params: Params, root: Path) -> None:
    """Check disk, memory, measurement tools and named sources of a run.

    Args:
        params: Of the run.
        root: A folder on the disk where it happens.

    Raises:
        MachineError: As `check_machine`, or a requested measurement tool is not installed.
        SourcesError: A source of the data set that the user names does not have it.
    """
    check_machine(params.retrain, root)
    require(params.evaluate.measure)
    if isinstance(params.dataset.base, PublishedBase):
        resolve_named(params.dataset.base.sources)
    require_named(params.fetch, params.dataset)


def check_machine(params: RetrainParams, root: Path) -> None:
    """Compare free disk and memory with what a run takes.

    Raises:
        MachineError: One is short, or no folder for temporary files can be written.
    """
    try:
        tempfile.gettempdir()  # without one DVC ends in a traceback
    except FileNotFoundError as error:
        raise MachineError(
            f"no folder for temporary files can be written: {error.strerror}. Set TMPDIR to one that "
            "may, on a disk that is not full."
        ) from error
    disk, memory = shutil.disk_usage(root).free, psutil.virtual_memory().available
    use = "data, models and DVC's cache: free some space"
    _require("disk", disk, params.min_disk_gb, use)
    _require("memory", memory, params.min_memory_gb, "training and its workers: close programs")


def _require(name: str, free_bytes: int, needed_gb: float, use: str) -> None:
    if free_bytes < needed_gb * _GB:
        raise MachineError(
            f"{free_bytes / _GB:.1f} GB of {name} are free and {needed_gb:g} GB are needed for {use}, "
            f"or lower retrain.min_{name}_gb in params.yaml or in the run's profile."
        )


def check_dvc(project: Path) -> None:
    """Check that DVC can work here, where it is set up.

    Raises:
        MachineError: DVC cannot work here.
    """
    if (project / ".dvc").is_dir():
        from flows.stages import Stages  # DVC, which takes a second to import

        with Stages(project) as stages:
            stages.names()


def checked_choice(
    project: Path, profile: Chosen, data: str | None, *, offline_fallback: bool
) -> tuple[str | None, str | None]:
    """Check what a run needs, and return its profiles, joined, and its data set.

    Args:
        project: The project's folder.
        profile: The requested profiles.
        data: The requested data set.
        offline_fallback: Whether synthetic images stand in for a published data set out of reach.

    Raises:
        MachineError: As `check`, or DVC cannot check whether the data set is here already.
        ParamsError: There is no profile or data set of such a name, or its values are wrong.
        SourcesError: As `check`: nothing may stand in for a source that the user names.
    """
    names, folder = profile_names(profile), workspace_folder(project, profile, data)
    params = parse_params(laid(project, *profile_overlays(project, profile, data)), project)
    check(params, project)
    if offline_fallback and not _is_reachable(params, folder):
        names, data = (*names, SYNTHETIC), None
        folder = workspace_folder(project, names).relative_to(project)
        print(
            f"This run uses synthetic images instead, in the workspace {folder}/. Each of its pages is "
            "marked, and nothing of it enters the project's data, models, dvc.lock or reports.\n"
        )
    return profile_title(names), data


def _is_reachable(params: Params, root: Path) -> bool:
    """Tell whether a run in ``root`` can have its images."""
    base = params.dataset.base
    if not isinstance(base, PublishedBase) or named_sources(base) or _is_fetched(root):
        return True
    print(f"looking for a source of {params.dataset.name} that answers ...", file=sys.stderr, flush=True)
    reach = reachable(params.fetch, base, params.retrain.reach_s)
    if reach.source is None:
        print(f"{params.dataset.name} cannot be reached:\n{explain(reach.failures)}")
    return reach.source is not None


def _is_fetched(root: Path) -> bool:
    """Tell whether a workspace has the files of the data set."""
    if not (root / ".dvc").is_dir():
        return False
    from flows.stages import Stages  # DVC, which nobody else needs before the server has begun to start

    with Stages(root) as stages:
        return stages.is_available("fetch")
