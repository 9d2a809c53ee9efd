"""Look, before a run begins, whether this machine and its network have what the run needs. Imports no Prefect."""

import sys
from pathlib import Path

from flows.machine import check_machine
from litesmith.device import require
from litesmith.params import overlaid, parse_params, read_params, read_yaml
from litesmith.sources import explain, reachable
from tasks import catalog
from tasks.workspace import DRAWN, read_profile, workspace_folder


def check(project: Path, profile: str | None) -> None:
    """Look whether this machine has room and tools for a run, and whether there is such a profile.

    Raises:
        MachineError: Disk or memory is short, or a tool that measures is asked for and not installed.
        ParamsError: There is no profile of this name, or its values are wrong.
    """
    path = project / catalog.PARAMS
    params = read_params(path)
    if profile is not None:
        params = parse_params(overlaid(read_yaml(path), read_profile(project, profile)))
    check_machine(params.retrain, project)
    require(params.evaluate.measure)


def drawn_if_unreachable(project: Path, profile: str | None) -> str | None:
    """Return the profile to run with: the given one, or drawn images if the data set is out of reach.

    Raises:
        MachineError: DVC cannot tell whether the data set is here already.
    """
    params = read_params(project / catalog.PARAMS)
    if profile == DRAWN or _is_fetched(workspace_folder(project, profile)):
        return profile
    print(f"looking for a source of {params.dataset.name} that answers ...", file=sys.stderr, flush=True)
    reach = reachable(params.fetch, params.dataset, params.retrain.reach_s)
    if reach.source is not None:
        return profile
    folder = workspace_folder(project, DRAWN).name
    print(
        f"{params.dataset.name} cannot be reached:\n{explain(reach.failures)}\n"
        f"This run uses drawn images instead, in the workspace {folder}/. Every page of it says so, and nothing of it "
        "enters the project's data, models, dvc.lock or reports.\n"
    )
    return DRAWN


def _is_fetched(root: Path) -> bool:
    """Tell whether a workspace has the files of the data set; one that is not made yet has none."""
    if not (root / ".dvc").is_dir():
        return False
    from flows.ledger import Ledger  # DVC, which nobody else needs before the server has begun to start

    with Ledger(root) as ledger:
        return ledger.is_at_hand("fetch")
