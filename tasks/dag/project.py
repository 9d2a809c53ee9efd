"""Workspaces and the project that they belong to."""

import os
from pathlib import Path

from tasks import catalog

# Folders of the workspaces: those of profiles, and that of the profile for a run without network.
WORKSPACES = Path(".workspaces")
OFFLINE = Path(".offline")

HEADER = """\
# Written by tasks/workspace.py from the project's files and an overlay. Edit those, not this.
"""
"""Begins the parameters of a workspace."""


def is_workspace(folder: Path) -> bool:
    """Return whether `tasks.workspace.make_workspace` created a folder."""
    path = folder / catalog.PARAMS
    return path.is_file() and path.read_bytes().startswith(HEADER.encode())


def project_from(folder: Path, project: Path) -> str:
    """Return the project as seen from a workspace, which records it.

    With ``.workspaces`` behind a link, on another disk, no folder above the workspace is the project.
    """
    return Path(os.path.relpath(project.resolve(), folder.resolve())).as_posix()


def project_of(root: Path) -> Path:
    """Return the project whose workspace a folder is, or the folder itself."""
    if not is_workspace(root):
        return root
    own, recorded = root.resolve(), root / catalog.PROJECT
    known = [(own / recorded.read_text(encoding="utf-8")).resolve()] if recorded.is_file() else []
    folders = [*known, *own.parents]
    return next((folder for folder in folders if (folder / catalog.PARAMS).is_file()), root)


def place_in_project(root: Path) -> str:
    """Return a workspace from its project, ending in a slash; empty for that."""
    project, own = project_of(root), root.resolve()
    if project.resolve() == own:
        return ""
    named = [*sorted((project / WORKSPACES).glob("*")), project / OFFLINE]
    place = next((folder for folder in named if folder.resolve() == own), None)
    seen = place.relative_to(project) if place else Path(os.path.relpath(own, project.resolve()))
    return f"{seen.as_posix()}/"
