"""Make a folder in which the whole pipeline runs with other parameters and touches nothing of the project."""

import filecmp
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from litesmith.files import write_text, yaml_text
from litesmith.params import overlaid
from tasks import catalog
from tasks.dag.lock import holding, stepping
from tasks.profiles import Chosen, laid, profile_names, profile_overlays, profile_title

# Where the project's workspaces are made: those of profiles, and that of the profile for a run without network.
WORKSPACES = Path(".workspaces")
OFFLINE = Path(".offline")
DRAWN = "drawn"

# What a workspace needs of the project to run every step through either door.
_SOURCES = ("litesmith", "tasks", "flows", "dvc.yaml", ".dvcignore", "versions.yaml", catalog.REFERENCE)
_HEADER = "# Written by tasks/workspace.py from the project's params.yaml and an overlay. Edit those, not this.\n"


def workspace_folder(project: Path, profile: Chosen) -> Path:
    """Return the folder that a run with a profile, or several, happens in: the project itself for None.

    Raises:
        ParamsError: The profile's name is none, and could lead elsewhere.
    """
    names = profile_names(profile)
    if not names:
        return project
    return project / OFFLINE if names == (DRAWN,) else project / WORKSPACES / str(profile_title(names))


def open_workspace(project: Path, profile: Chosen) -> Path:
    """Return the folder that a run with a profile, or several, happens in, made or brought up to date.

    Raises:
        ParamsError: There is no such profile, or its values are wrong.
        BusyError: A run is going on there.
    """
    if not profile_names(profile):
        return project
    return make_workspace(workspace_folder(project, profile), project, *profile_overlays(project, profile))


def make_workspace(folder: Path, project: Path, *overlays: Mapping[str, Any]) -> Path:
    """Make a workspace, or bring one that exists up to date; its data, models and DVC cache are kept.

    It has a DVC of its own without git, copies of the sources, and the project's parameters with the overlays on top.

    Args:
        folder: The workspace's folder; made if missing.
        project: The project's folder.
        overlays: Parts of ``params.yaml``, each laid over what came before.

    Returns:
        ``folder``.

    Raises:
        ParamsError: An overlay names an unknown parameter or a value out of its bounds.
        BusyError: A run is going on in the workspace.
        MachineError: The folder cannot be written.
    """
    content = _params(folder, project, overlays)
    with holding(folder):
        for name in _SOURCES:
            _copy(project / name, folder / name)
        write_text(folder / catalog.PARAMS, _HEADER + yaml_text(content))
        _begin_dvc(folder)
    return folder


def clean(project: Path) -> None:
    """Remove the project's workspaces with all in them, and what a killed run in the project would resume from.

    Args:
        project: The project's folder. Its data, models and reports stay.

    Raises:
        BusyError: A run is going on in the project or in a workspace; nothing was removed, and the text names it.
    """
    workspaces = [*sorted((project / WORKSPACES).glob("*")), project / OFFLINE]
    with ExitStack() as held:
        for folder in [project, *(one for one in workspaces if one.is_dir())]:
            held.enter_context(holding(folder))
            held.enter_context(stepping(folder))
        for gone in (catalog.WORK, WORKSPACES, OFFLINE):
            shutil.rmtree(project / gone, ignore_errors=True)


def _params(folder: Path, project: Path, overlays: tuple[Mapping[str, Any], ...]) -> dict[str, Any]:
    content = laid(project, *overlays)
    sources = [_seen_from(folder, project, source) for source in content["fetch"]["sources"]]
    return overlaid(content, {"fetch": {"sources": sources}})


def _seen_from(folder: Path, project: Path, source: str) -> str:
    """Return a source of the data set as written in ``folder``: a relative folder still names the same one."""
    if source == "drawn" or source.startswith(("env:", "http://", "https://")) or Path(source).is_absolute():
        return source
    # From where the folder really is: a link in its place, or in that of a folder above, leads ".." elsewhere.
    return Path(os.path.relpath(project.resolve() / source, folder.resolve())).as_posix()


def _copy(source: Path, target: Path) -> None:
    """Make ``target`` hold what ``source`` holds; files that are the same already are not touched."""
    wanted, present = set(_files(source)), set(_files(target))
    for gone in present - wanted:
        (target / gone).unlink()
    for name in wanted:
        if name not in present or not filecmp.cmp(source / name, target / name, shallow=False):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source / name, target / name)


def _files(root: Path) -> Iterator[Path]:
    """Yield the files below ``root``, or an empty path for ``root`` itself if it is a file."""
    if root.is_file():
        yield Path()
    yield from (
        path.relative_to(root) for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    )


def _begin_dvc(folder: Path) -> None:
    """Begin a DVC of the folder's own, without git and without reports to its makers."""
    if (folder / ".dvc").is_dir():
        return
    from dvc.repo import Repo

    with Repo.init(str(folder), no_scm=True) as repo, repo.config.edit() as config:
        config["core"].update(analytics=False, check_update=False)
