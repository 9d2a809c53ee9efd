"""The state of the project's sources in git."""

import os
import subprocess
from pathlib import Path

from litesmith.records.run import GitState

_PATIENCE_S = 60.0
_CODE = ("litesmith", "tasks", "flows")
# What a run itself writes into git: changed there, its sources are still those of the revision.
_WRITTEN = ("dvc.lock", "reports", "releases", "data/incoming")

# Git sets these for its hooks: a run that one starts would read the checkout that they name.
_ELSEWHERE = {
    "GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE", "GIT_PREFIX",
}  # fmt: skip


class _UnknownError(Exception):
    """A state that git does not give; the text is its reason."""


def git_state(project: Path) -> GitState:
    """Return the revision of ``project`` and whether its sources differ from it."""
    revision = None
    sources = [".", *(f":(exclude){name}" for name in _WRITTEN)]
    try:
        revision = _revision(project)
        dirty = bool(_git(project, "status", "--porcelain", "--untracked-files=no", "--", *sources))
    except _UnknownError as error:
        return GitState(revision=revision, dirty=None, unknown=str(error))
    return GitState(revision=revision, dirty=dirty, unknown=None)


def changed_code(project: Path, before: str, after: str) -> tuple[tuple[str, ...], int, str]:
    """Return which files of the code differ between two revisions.

    Returns:
        The files, the number of commits that one of the two has alone, and why nothing is known; that is
        empty if it is.
    """
    try:
        names = _git(project, "diff", "--name-only", "--relative", before, after, "--", *_CODE)
        commits = _git(project, "rev-list", "--count", f"{before}...{after}")
    except _UnknownError as error:
        return (), 0, f"git does not know both revisions here ({error})"
    return tuple(names.splitlines()), int(commits), ""


def _revision(project: Path) -> str:
    """Return the revision that is checked out, if it is of this folder."""
    around = _git(project, "rev-parse", "--show-toplevel").rstrip("\n")
    own = Path(around).resolve() == project.resolve()
    if not own and not _git(project, "ls-files", "--cached", "--", "."):
        raise _UnknownError(f"not a git checkout: the checkout {around} holds no file of {project}")
    try:
        return _git(project, "rev-parse", "--verify", "HEAD").strip()
    except _UnknownError as error:
        branch = _git(project, "symbolic-ref", "--short", "HEAD").strip()
        raise _UnknownError(f"a git checkout whose branch {branch} has no commit ({error})") from error


def _git(project: Path, *arguments: str) -> str:
    """Return what a git command that only reads prints.

    Git refuses a folder of another owner ("dubious ownership", as in a container), so that nobody runs
    what its settings name. That protects nothing here, as the code of this very folder is running: the
    folder alone is declared safe for the command, and the monitor that its settings may name is not run.
    Filters of files are (Git LFS is one): without them `status` cannot compare files.

    Raises:
        _UnknownError: Git is not there or does not answer.
    """
    settings = ["-c", f"safe.directory={project.resolve()}", "-c", "core.fsmonitor=false"]
    environment = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
    try:
        process = subprocess.run(
            ["git", "--no-optional-locks", *settings, *arguments],
            cwd=project,
            env={**environment, "LC_ALL": "C"},
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_PATIENCE_S,
        )
    except FileNotFoundError as error:
        raise _UnknownError("git is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise _UnknownError(f"git did not answer within {_PATIENCE_S:g} s") from error
    except OSError as error:
        raise _UnknownError(f"git cannot be run: {error.strerror}") from error
    if process.returncode:
        first, *_ = process.stderr.strip().splitlines() or [f"git ended with {process.returncode}"]
        reason = first.removeprefix("fatal: ")
        is_outside = reason.startswith("not a git repository (or any")
        raise _UnknownError("not a git checkout" if is_outside else reason)
    return process.stdout
