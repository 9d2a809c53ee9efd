"""Checks of the machine and its network before a run begins. Imports no Prefect."""

import sys
from pathlib import Path

from flows.machine import check_machine
from litesmith.data.download import explain, named_sources, reachable, require_named, resolve_named
from litesmith.device.registry import require
from litesmith.params.everything import Params
from litesmith.params.loading import DEVICES, parse_params
from tasks.profiles import Chosen, laid, profile_names, profile_overlays, profile_title
from tasks.workspace import SYNTHETIC, workspace_folder


def check(params: Params, root: Path) -> None:
    """Check that this machine has room, tools and named sources.

    Args:
        params: Of the run.
        root: A folder on the disk where it happens.

    Raises:
        MachineError: Disk or memory is short, or a tool that measures is asked for and not installed.
        SourcesError: A source of the data set that somebody names does not have it.
    """
    check_machine(params.retrain, root)
    require(params.evaluate.measure)
    resolve_named(params.fetch.sources)
    require_named(params.fetch, params.dataset)


def check_dvc(project: Path) -> None:
    """Open what DVC keeps of the project and of this machine.

    Raises:
        MachineError: DVC cannot work here.
    """
    if (project / ".dvc").is_dir():
        from flows.stages import Stages  # DVC, which takes a second to import

        with Stages(project) as stages:
            stages.names()


def checked_profile(project: Path, profile: Chosen, *, offline_fallback: bool) -> str | None:
    """Check what a run needs, and return the profiles to run with, joined.

    Args:
        project: The project's folder.
        profile: The profiles that were asked for.
        offline_fallback: Whether to lay synthetic images over them if the data set is out of reach.

    Raises:
        MachineError: As `check`, or DVC cannot tell whether the data set is here already.
        ParamsError: There is no profile of such a name, or its values are wrong.
        SourcesError: As `check`: nothing may stand in for a source that somebody names.
    """
    params = parse_params(laid(project, *profile_overlays(project, profile)), project / DEVICES)
    check(params, project)
    names = profile_names(profile)
    if offline_fallback and not _is_reachable(params, workspace_folder(project, names), names):
        names = (*names, SYNTHETIC)
        folder = workspace_folder(project, names).relative_to(project)
        print(
            f"This run uses synthetic images instead, in the workspace {folder}/. Every page of it says so, "
            "and nothing of it enters the project's data, models, dvc.lock or reports.\n"
        )
    return profile_title(names)


def _is_reachable(params: Params, root: Path, names: tuple[str, ...]) -> bool:
    """Tell whether a run in ``root`` can have its images."""
    if SYNTHETIC in names or named_sources(params.fetch) or _is_fetched(root):
        return True
    print(f"looking for a source of {params.dataset.name} that answers ...", file=sys.stderr, flush=True)
    reach = reachable(params.fetch, params.dataset, params.retrain.reach_s)
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
