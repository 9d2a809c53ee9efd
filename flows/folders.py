"""Where a run with a profile happens."""

from pathlib import Path

from tasks.workspace import OFFLINE, WORKSPACES, make_workspace, read_profile

# The profile of a run without network.
DRAWN = "drawn"


def open_workspace(project: Path, profile: str | None) -> Path:
    """Return the folder that a run with a profile happens in, made or brought up to date.

    Raises:
        ParamsError: There is no such profile, or its values are wrong.
        BusyError: A run is going on there.
    """
    if profile is None:
        return project
    return make_workspace(workspace_folder(project, profile), project, read_profile(project, profile))


def workspace_folder(project: Path, profile: str | None) -> Path:
    """Return the folder that a run with a profile happens in: the project itself for None."""
    if profile is None:
        return project
    return project / OFFLINE if profile == DRAWN else project / WORKSPACES / profile
