"""Workspaces: folders in which the whole pipeline runs without touching the project."""

import errno
import filecmp
import os
import shlex
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from litesmith.errors import MachineError, ParamsError
from litesmith.files import write_text, yaml_text
from litesmith.params.loading import DEVICES, overlaid, parse_params
from tasks import catalog
from tasks.dag.lock import holding, serving_alone, stepping
from tasks.profiles import Chosen, laid, profile_names, profile_overlays, profile_title

# Where the project's workspaces are made: those of profiles, and that of the profile for a run without
# network.
WORKSPACES = Path(".workspaces")
OFFLINE = Path(".offline")
SYNTHETIC = "synthetic"

# What a workspace needs of the project to run every step, under Prefect or without.
_SOURCES = (
    "litesmith", "tasks", "flows", "devices", "dvc.yaml", ".dvcignore", "versions.yaml", catalog.REFERENCE,
)  # fmt: skip
_HEADER = (
    "# Written by tasks/workspace.py from the project's params.yaml and an overlay. "
    "Edit those, not this.\n"
)


def project_here(*also: str) -> Path:
    """Return the current folder if it is a project or workspace.

    Args:
        also: Files that the command needs there, besides ``params.yaml``.

    Raises:
        ParamsError: It is another one; nothing was written into it.
    """
    for name in (str(catalog.PARAMS), *also):
        path = Path.cwd() / name
        if not path.is_file():
            raise ParamsError(f"{path} is missing. Run from the project's folder, or restore the file.")
    return Path.cwd()


def workspace_folder(project: Path, profile: Chosen) -> Path:
    """Return the folder of a run, for None the project itself.

    Raises:
        ParamsError: The profile's name is none, and could lead elsewhere.
    """
    names = profile_names(profile)
    if not names:
        return project
    return (
        project / OFFLINE if names == (SYNTHETIC,) else project / WORKSPACES / str(profile_title(names))
    )


def is_workspace(folder: Path) -> bool:
    """Tell whether `make_workspace` made a folder, whose ``params.yaml`` each run writes anew."""
    path = folder / catalog.PARAMS
    return path.is_file() and path.read_bytes().startswith(_HEADER.encode())


def repro_command(root: Path, words: str) -> str:
    """Return a ``dvc repro`` that acts on ``root`` from anywhere.

    Commands are called in the project's folder: of the project itself it is the short one, unless DVC
    says that it was called elsewhere.

    Args:
        root: The project's folder or a workspace's.
        words: What follows ``repro``: options and stages.
    """
    elsewhere = _is_elsewhere(root)
    return (
        f"dvc --cd {shlex.quote(str(root.resolve()))} repro {words}"
        if elsewhere
        else f"dvc repro {words}"
    )


def path_in_command(root: Path, path: str) -> str:
    """Return a path below ``root``, unquoted, for a command that stands beside `repro_command`."""
    return str(root.resolve() / path) if _is_elsewhere(root) else path


def _is_elsewhere(root: Path) -> bool:
    """Tell whether commands are called in another folder."""
    # DVC names the stage with its file where it was called from another folder.
    return is_workspace(root) or ":" in os.environ.get("DVC_STAGE", "")


def open_workspace(project: Path, profile: Chosen) -> Path:
    """Return the folder of a run, made or brought up to date.

    Raises:
        ParamsError: There is no such profile, or its values are wrong.
        BusyError: A run is going on there.
    """
    if not profile_names(profile):
        return project
    return make_workspace(
        workspace_folder(project, profile), project, *profile_overlays(project, profile)
    )


def make_workspace(folder: Path, project: Path, *overlays: Mapping[str, object]) -> Path:
    """Make a workspace, or bring its sources and parameters up to date.

    It has a DVC of its own without git, copies of the sources, and the project's parameters with the
    overlays on top. In one of older code, DVC finds the stages out of date whose sources have moved.

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


def clean(project: Path) -> list[str]:
    """Remove the workspaces, and what a killed run in the project would resume from.

    Nothing is removed through a link: the link goes, and what lies where it leads stays.

    Args:
        project: The project's folder. Its data, models and reports stay.

    Returns:
        What was done, one thing a line.

    Raises:
        BusyError: A run is going on in the project or in a workspace; nothing was removed, and the text
            names it.
        MachineError: Something could not be removed; the text names it, and tells what was removed.
    """
    state = catalog.WORK.parent
    resumable = state if (project / state).is_symlink() else catalog.WORK
    done: list[str] = []
    failed: list[str] = []
    with ExitStack() as held:
        for folder in _folders_to_hold(project):
            held.enter_context(holding(folder))
            held.enter_context(stepping(folder))
        if resumable == state and (project / catalog.SERVE_LOCK).is_file():
            # Its lock lies behind the link: without it a second one could begin.
            held.enter_context(serving_alone(project))
        for place in (resumable, WORKSPACES, OFFLINE):
            removed, left = _remove(project, place)
            done += removed
            failed += left
    if failed:
        raise MachineError("\n".join(["not everything could be removed:", *failed, *done]))
    return done or [
        "nothing to remove: there is no workspace, and nothing that a killed run would resume from"
    ]


def _folders_to_hold(project: Path) -> Iterator[Path]:
    """Yield the folders in which a run may be going on.

    Behind a link only those in which there was a run before: to hold a folder is to write a lock into
    it, and a link may lead anywhere.
    """
    state = project / catalog.WORK.parent
    if not state.is_symlink() or state.is_dir():
        yield project
    workspaces = project / WORKSPACES
    for folder in [*(sorted(workspaces.iterdir()) if workspaces.is_dir() else []), project / OFFLINE]:
        linked = folder.is_symlink() or (workspaces.is_symlink() and folder.parent == workspaces)
        if folder.is_dir() and (not linked or (folder / catalog.LOCK).is_file()):
            yield folder


def _remove(project: Path, place: Path) -> tuple[list[str], list[str]]:
    """Remove a folder of the project, or the link in its place.

    Returns:
        What was done, and what could not be.
    """
    path, failed = project / place, list[str]()
    if path.is_symlink():
        links = [path]
    elif path.is_dir():
        links = [inner for inner in sorted(path.iterdir()) if inner.is_symlink()]
    elif path.exists():
        return [], [f"{place}: it is no folder, which was expected there; move it away"]
    else:
        return [], []
    targets = {link: link.readlink() for link in links}

    def _note(_function: object, name: str, raised: tuple[object, BaseException, object]) -> None:
        error = raised[1]
        # A folder that is not empty only follows from what could not be removed in it.
        if not (isinstance(error, OSError) and error.errno == errno.ENOTEMPTY):
            failed.append(f"{name}: {getattr(error, 'strerror', None) or error}")

    if path.is_symlink():
        path.unlink()
    else:
        shutil.rmtree(path, onerror=_note)  # `onexc`, which takes its place, came with Python 3.12
    done = [
        f"{link.relative_to(project)} was a link to {target}: the link is removed, what lies there stays"
        for link, target in targets.items()
        if not link.is_symlink()
    ]
    return [*done, *([] if path in targets or path.exists() else [f"removed {place}"])], failed


def _params(
    folder: Path, project: Path, overlays: tuple[Mapping[str, object], ...]
) -> dict[str, object]:
    content = laid(project, *overlays)
    given = parse_params(content, project / DEVICES).fetch.sources
    return overlaid(
        content, {"fetch": {"sources": [_seen_from(folder, project, each) for each in given]}}
    )


def _seen_from(folder: Path, project: Path, source: str) -> str:
    """Return a source of the data set so that ``folder`` finds the same one."""
    if (
        source == "synthetic"
        or source.startswith(("env:", "http://", "https://"))
        or Path(source).is_absolute()
    ):
        return source
    # From where the folder really is: a link in its place, or in that of a folder above, leads ".."
    # elsewhere.
    return Path(os.path.relpath(project.resolve() / source, folder.resolve())).as_posix()


def _copy(source: Path, target: Path) -> None:
    """Make ``target`` hold what ``source`` holds."""
    wanted, present = set(_files(source)), set(_files(target))
    for gone in present - wanted:
        (target / gone).unlink()
    # A package that has moved leaves its compiled modules, and could be imported as an empty one.
    folders = {folder for name in wanted for folder in name.parents}
    for folder in [path for path in target.rglob("*") if path.is_dir() and path.name != "__pycache__"]:
        if folder.relative_to(target) not in folders:
            shutil.rmtree(folder, ignore_errors=True)
    for name in wanted:
        if name not in present or not filecmp.cmp(source / name, target / name, shallow=False):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source / name, target / name)


def _files(root: Path) -> Iterator[Path]:
    """Yield the files below ``root``, an empty path for a file."""
    if root.is_file():
        yield Path()
    yield from (
        path.relative_to(root)
        for path in root.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    )


def _begin_dvc(folder: Path) -> None:
    """Begin a DVC of the folder's own, without git or analytics."""
    if (folder / ".dvc").is_dir():
        return
    from dvc.repo import Repo

    with Repo.init(str(folder), no_scm=True) as repo, repo.config.edit() as config:
        config["core"].update(analytics=False, check_update=False)
