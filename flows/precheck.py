"""Look, before a run begins, whether this machine and its network have what the run needs. Imports no Prefect."""

import sys
from pathlib import Path

from flows.machine import check_machine
from litesmith.data.download import explain, named_sources, reachable, require_named, resolve_named
from litesmith.device.registry import require
from litesmith.params.everything import Params
from litesmith.params.loading import parse_params
from tasks.profiles import Chosen, laid, profile_names, profile_overlays, profile_title
from tasks.workspace import DRAWN, workspace_folder


def check(project: Path, profile: Chosen) -> None:
    """Look whether this machine has room and tools for a run, and whether there are such profiles.

    Raises:
        MachineError: Disk or memory is short, or a tool that measures is asked for and not installed.
        ParamsError: There is no profile of this name, or its values are wrong.
        SourcesError: A source of the data set that somebody names does not have it.
    """
    params = _params(project, profile)
    check_machine(params.retrain, project)
    require(params.evaluate.measure)
    resolve_named(params.fetch.sources)
    require_named(params.fetch, params.dataset)


def check_dvc(project: Path) -> None:
    """Open what DVC keeps of the project and of this machine, where there is a project already.

    Raises:
        MachineError: DVC cannot work here.
    """
    if (project / ".dvc").is_dir():
        from flows.ledger import Ledger  # DVC, which takes a second to import

        with Ledger(project) as ledger:
            ledger.stages()


def drawn_if_unreachable(project: Path, profile: Chosen) -> str | None:
    """Return the profiles to run with: the given ones, and drawn images over them if the data set is out of reach.

    Raises:
        MachineError: DVC cannot tell whether the data set is here already.
        ParamsError: There is no profile of such a name, or its values are wrong.
        SourcesError: A source of the data set that somebody names does not have it: nothing else may stand in.
    """
    params, names = _params(project, profile), profile_names(profile)
    require_named(params.fetch, params.dataset)
    if DRAWN in names or named_sources(params.fetch) or _is_fetched(workspace_folder(project, names)):
        return profile_title(names)
    print(f"looking for a source of {params.dataset.name} that answers ...", file=sys.stderr, flush=True)
    reach = reachable(params.fetch, params.dataset, params.retrain.reach_s)
    if reach.source is not None:
        return profile_title(names)
    folder = workspace_folder(project, (*names, DRAWN)).relative_to(project)
    print(
        f"{params.dataset.name} cannot be reached:\n{explain(reach.failures)}\n"
        f"This run uses drawn images instead, in the workspace {folder}/. Every page of it says so, and nothing of it "
        "enters the project's data, models, dvc.lock or reports.\n"
    )
    return profile_title((*names, DRAWN))


def _params(project: Path, profile: Chosen) -> Params:
    return parse_params(laid(project, *profile_overlays(project, profile)))


def _is_fetched(root: Path) -> bool:
    """Tell whether a workspace has the files of the data set; one that is not made yet has none."""
    if not (root / ".dvc").is_dir():
        return False
    from flows.ledger import Ledger  # DVC, which nobody else needs before the server has begun to start

    with Ledger(root) as ledger:
        return ledger.is_at_hand("fetch")
