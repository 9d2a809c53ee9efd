"""Workspaces: folders in which the pipeline runs apart from the project."""

import errno
import filecmp
import os
import shlex
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from litesmith.data.accepted import write_accepted
from litesmith.errors import MachineError, ParamsError
from litesmith.files import explaining, write_json, write_text, yaml_text
from litesmith.params.loading import DATASETS, parse_params
from litesmith.params.sections.dataset import Dataset, DatasetParams, FolderBase, PublishedBase
from litesmith.records.record import write_record
from litesmith.records.service.release import no_pointers
from tasks import catalog
from tasks.dag.lock import holding, serving_alone, stepping
from tasks.dag.project import HEADER, OFFLINE, WORKSPACES, is_workspace, project_from
from tasks.profiles import (
    Chosen,
    chosen_dataset,
    dataset_names,
    is_title,
    laid,
    profile_names,
    profile_overlays,
    profile_title,
    require_short,
)

SYNTHETIC = "synthetic"

# Between a data set and its profiles in the name of a workspace.
_JOINT = "-"

# Copied from the project, so that every step runs with Prefect or without.
_SOURCES = (
    "litesmith", "tasks", "flows", "devices",
    "dvc.yaml", ".dvcignore", "versions.yaml",
)  # fmt: skip


def project_here(*also: str) -> Path:
    """Return the current folder if it is a project or workspace.

    Raises:
        ParamsError: ``params.yaml`` or one of the files ``also`` is missing.
    """
    for name in (str(catalog.PARAMS), *also):
        path = Path.cwd() / name
        if not path.is_file():
            raise ParamsError(f"{path} is missing. Run from the project's folder, or restore the file.")
    return Path.cwd()


def workspace_folder(project: Path, profile: Chosen, data: str | None = None) -> Path:
    """Return the folder of a run; the project itself without any choice.

    Raises:
        ParamsError: A path is given instead of a name; or another choice has a folder of that name.
    """
    names, dataset = profile_names(profile), chosen_dataset(project, data)
    if not names and dataset is None:
        return project
    if dataset is None and names == (SYNTHETIC,):
        return project / OFFLINE
    folder = _JOINT.join(part for part in (dataset, profile_title(names)) if part)
    require_short(folder, "for a data set with its profiles")
    choices = sorted(_choices(project, folder))
    if len(choices) > 1:
        raise ParamsError(
            f"{WORKSPACES / folder} would be the workspace of {' and of '.join(choices)}. Rename the "
            "file of one of them in datasets/ or profiles/."
        )
    return project / WORKSPACES / folder


def _choices(project: Path, folder: str) -> Iterator[str]:
    """Yield the choices among existing files that have a workspace of this name."""
    if folder != SYNTHETIC and is_title(project, folder):
        yield f"profile {folder}"
    for dataset in dataset_names(project):
        title = folder.removeprefix(dataset + _JOINT)
        if chosen_dataset(project, dataset) is None:
            continue
        if folder == dataset:
            yield f"data set {dataset}"
        elif title != folder and is_title(project, title):
            yield f"data set {dataset} with profile {title}"


def repro_command(root: Path, words: str) -> str:
    """Return a ``dvc repro`` with options and stages that acts on ``root``.

    It names the folder unless ``root`` is the project and DVC was called there.
    """
    folder = f"--cd {shlex.quote(str(root.resolve()))} " if _is_elsewhere(root) else ""
    return f"dvc {folder}repro {words}"


def path_in_command(root: Path, path: str) -> str:
    """Return a path below ``root``, unquoted, for use beside `repro_command`."""
    return str(root.resolve() / path) if _is_elsewhere(root) else path


def _is_elsewhere(root: Path) -> bool:
    """Return whether commands are called in another folder than ``root``."""
    # DVC names the stage with its file where it was called from another folder.
    return is_workspace(root) or ":" in os.environ.get("DVC_STAGE", "")


def open_workspace(project: Path, profile: Chosen, data: str | None = None) -> Path:
    """Return the folder of a run, up to date, as `make_workspace` does."""
    folder = workspace_folder(project, profile, data)
    overlays = profile_overlays(project, profile, data)
    return project if folder == project else make_workspace(folder, project, *overlays)


def make_workspace(folder: Path, project: Path, *overlays: Mapping[str, object]) -> Path:
    """Create or update a workspace and return its folder.

    It has a DVC of its own without git, copies of the sources, and the project's parameters with the
    overlays on top, the last one uppermost. DVC finds the stages out of date whose sources have moved.
    Batches, what was accepted of them, regression sets and released models are the project's own, read
    through links: those are always as in the project, and DVC keeps their versions there alone.

    Raises:
        ParamsError: An overlay has an unknown parameter or a value out of its bounds.
        BusyError: A run is going on in the workspace.
        MachineError: The folder cannot be written.
    """
    content = laid(project, *overlays)
    dataset = parse_params(content, project).dataset
    with holding(folder):
        for name in _SOURCES:
            _copy(project / name, folder / name)
        if chosen_dataset(project, dataset.key) is None:
            _copy(project / catalog.BEFORE_RELEASES, folder / catalog.BEFORE_RELEASES)
        if not (folder / catalog.BEFORE_RELEASES).is_file():
            write_json(folder / catalog.BEFORE_RELEASES, None)
        write_text(folder / catalog.PROJECT, project_from(folder, project))
        write_text(folder / catalog.PARAMS, HEADER + yaml_text(content))
        _write_dataset(folder, project, dataset)
        _link_shared(folder, project)
        _begin_dvc(folder)
    return folder


def clean(project: Path) -> list[str]:
    """Remove workspaces, caches, and the state that killed runs resume from.

    The project's data, models and reports stay. Of a link only the link is removed, not its target.

    Returns:
        A line for each thing removed.

    Raises:
        BusyError: A run is going on in the project or in a workspace; nothing was removed.
        MachineError: Something could not be removed; the text also names what was removed.
    """
    state = catalog.WORK.parent
    is_link = (project / state).is_symlink()
    places = [state] if is_link else [catalog.WORK, catalog.CACHE]
    done: list[str] = []
    failed: list[str] = []
    with ExitStack() as locks:
        for folder in _folders_to_hold(project):
            locks.enter_context(holding(folder))
            locks.enter_context(stepping(folder))
        if is_link and (project / catalog.SERVE_LOCK).is_file():
            # A server's lock lies behind the link: without it a second server could begin.
            locks.enter_context(serving_alone(project))
        for place in (*places, WORKSPACES, OFFLINE):
            removed, left = _remove(project, place)
            done += removed
            failed += left
    if failed:
        raise MachineError("\n".join(["not everything could be removed:", *failed, *done]))
    return done or ["nothing to remove: there is no workspace, and no state of a killed run"]


def _folders_to_hold(project: Path) -> Iterator[Path]:
    """Yield the folders in which a run may be going on.

    Behind a link only those with a lock of an earlier run: holding a folder writes a lock into it, and a
    link may lead anywhere.
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
    """Remove a folder or link; return what was removed and what failed."""
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

    def _record(_function: object, name: str, raised: tuple[object, BaseException, object]) -> None:
        error = raised[1]
        # A folder that is not empty only follows from what could not be removed in it.
        if not (isinstance(error, OSError) and error.errno == errno.ENOTEMPTY):
            failed.append(f"{name}: {getattr(error, 'strerror', None) or error}")

    if path.is_symlink():
        path.unlink()
    else:
        shutil.rmtree(path, onerror=_record)  # its successor `onexc` came with Python 3.12
    done = [
        f"{link.relative_to(project)} was a link to {target}: the link is removed, its target stays"
        for link, target in targets.items()
        if not link.is_symlink()
    ]
    if path not in targets and not path.exists():
        done.append(f"removed {place}")
    return done, failed


def _write_dataset(folder: Path, project: Path, dataset: Dataset) -> None:
    """Write the data set's file, without the pins that are laid."""
    base = dataset.base
    if isinstance(base, PublishedBase):
        base = base.replace(sources=tuple(_seen_from(folder, project, path) for path in base.sources))
    elif isinstance(base, FolderBase):
        base = base.replace(path=_seen_from(folder, project, base.path))
    seen = dataset.replace(base=base, thresholds=None, sweep=None)
    path = folder / DATASETS / f"{dataset.key}.yaml"
    for other in path.parent.glob("*.yaml"):
        if other != path:
            other.unlink()
    write_text(path, HEADER + yaml_text(seen.part(DatasetParams).model_dump(mode="json")))


def _seen_from(folder: Path, project: Path, source: str) -> str:
    """Return a source of the data set as seen from ``folder``."""
    is_url = source.startswith(("env:", "http://", "https://"))
    if is_url or Path(source).is_absolute() or source.startswith("~"):
        return source
    # Resolved: through a link in the path, ".." leads elsewhere.
    return Path(os.path.relpath(project.resolve() / source, folder.resolve())).as_posix()


def _link_shared(folder: Path, project: Path) -> None:
    """Let links lead to what workspaces share with the project."""
    with explaining():
        for folder_of_all in (catalog.INCOMING, catalog.REGRESSIONS):
            (project / folder_of_all).mkdir(parents=True, exist_ok=True)
    if not (project / catalog.ACCEPTED).exists():
        write_accepted(project / catalog.ACCEPTED, ())
    if not (project / catalog.IN_SERVICE).exists():
        write_record(project / catalog.IN_SERVICE, no_pointers())
    for shared in (catalog.INCOMING, catalog.ACCEPTED, catalog.REGRESSIONS, catalog.RELEASES):
        link = folder / shared
        leads = Path(os.path.relpath((project / shared).resolve(), link.parent.resolve()))
        if link.is_symlink() and link.readlink() == leads:
            continue
        with explaining(link):
            link.parent.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(leads)


def _copy(source: Path, target: Path) -> None:
    """Mirror a file or folder, with removal of what ``source`` lacks."""
    wanted, present = set(_files(source)), set(_files(target))
    for name in present - wanted:
        (target / name).unlink()
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
    for path in (root, *root.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(root)


def _begin_dvc(folder: Path) -> None:
    """Create a DVC repository in the folder, without git or analytics."""
    if (folder / ".dvc").is_dir():
        return
    from dvc.repo import Repo

    with Repo.init(str(folder), no_scm=True) as repo, repo.config.edit() as config:
        config["core"].update(analytics=False, check_update=False)
