import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from litesmith.records.run import GitState
from tasks.dag.git import git_state

Git = Callable[..., str]


def _git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "safe.directory=*"]
    process = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return process.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with one commit."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    _git(folder, "init", "-q")
    (folder / "a").write_text("a")
    _git(folder, "add", "a")
    _git(folder, "commit", "-qm", "one")
    return folder


def test_the_state_has_the_revision_and_whether_files_differ(checkout: Path) -> None:
    revision = _git(checkout, "rev-parse", "HEAD")
    assert git_state(checkout) == GitState(revision=revision, dirty=False, unknown=None)
    (checkout / "stray").write_text("not of git")
    assert git_state(checkout) == GitState(revision=revision, dirty=False, unknown=None)
    (checkout / "a").write_text("b")
    assert git_state(checkout) == GitState(revision=revision, dirty=True, unknown=None)


def test_what_a_run_writes_is_no_change_of_its_sources(checkout: Path) -> None:
    written = [checkout / name for name in ("dvc.lock", "reports/summary.json", "releases/log.jsonl")]
    for path in written:
        path.parent.mkdir(exist_ok=True)
        path.write_text("before")
    _git(checkout, "add", ".")
    _git(checkout, "commit", "-qm", "two")
    for path in written:
        path.write_text("after")
    assert git_state(checkout).dirty is False
    (checkout / "a").write_text("b")
    assert git_state(checkout).dirty is True


def test_a_worktree_and_a_folder_inside_a_checkout_have_their_revision(checkout: Path) -> None:
    revision = _git(checkout, "rev-parse", "HEAD")
    _git(checkout, "worktree", "add", "-q", "../beside")
    assert git_state(checkout.parent / "beside") == GitState(
        revision=revision, dirty=False, unknown=None
    )
    (checkout / "inner").mkdir()
    (checkout / "inner/b").write_text("b")
    _git(checkout, "add", "inner")
    _git(checkout, "commit", "-qm", "two")
    revision = _git(checkout, "rev-parse", "HEAD")
    assert git_state(checkout / "inner") == GitState(revision=revision, dirty=False, unknown=None)


def test_a_checkout_of_another_owner_has_its_revision_too(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    revision = _git(checkout, "rev-parse", "HEAD")
    # Git's own test setting for a folder of another user; no settings of the user may declare it safe.
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    refused = subprocess.run(
        ["git", "status"], cwd=checkout, capture_output=True, text=True, check=False
    )
    assert "dubious ownership" in refused.stderr
    assert git_state(checkout) == GitState(revision=revision, dirty=False, unknown=None)


def test_the_checkout_around_one_of_another_owner_is_not_trusted(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    (checkout / "inner").mkdir()
    state = git_state(checkout / "inner")
    assert (state.revision, state.dirty) == (None, None)
    assert state.unknown.startswith("detected dubious ownership in repository at ")


def test_a_program_that_the_checkouts_settings_name_is_not_run(checkout: Path, tmp_path: Path) -> None:
    program = tmp_path / "monitor"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/was-run\n")
    program.chmod(0o755)
    _git(checkout, "config", "core.fsmonitor", str(program))
    assert git_state(checkout).dirty is False
    assert not (tmp_path / "was-run").exists()


def test_a_folder_that_is_no_checkout_is_reported(tmp_path: Path) -> None:
    assert git_state(tmp_path) == GitState(revision=None, dirty=None, unknown="not a git checkout")


def test_a_folder_that_only_lies_in_a_checkout_of_other_things_does_not_get_its_revision(
    checkout: Path,
) -> None:
    (checkout / "unpacked").mkdir()
    (checkout / "unpacked/b").write_text("b")
    assert git_state(checkout / "unpacked") == GitState(
        revision=None,
        dirty=None,
        unknown=f"not a git checkout: the checkout {checkout} holds no file of {checkout / 'unpacked'}",
    )


@pytest.mark.parametrize("added", [True, False])
def test_a_checkout_without_a_commit_is_reported(tmp_path: Path, added: bool) -> None:
    _git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "a").write_text("a")
    if added:
        _git(tmp_path, "add", "a")
    state = git_state(tmp_path)
    assert (state.revision, state.dirty) == (None, None)
    assert state.unknown.startswith("a git checkout whose branch main has no commit (")


def test_a_branch_without_a_commit_beside_others_is_named(checkout: Path) -> None:
    _git(checkout, "symbolic-ref", "HEAD", "refs/heads/unborn")
    state = git_state(checkout)
    assert state.revision is None
    assert state.unknown.startswith("a git checkout whose branch unborn has no commit (")


def test_a_worktree_without_its_checkout_has_the_message_of_git(checkout: Path) -> None:
    _git(checkout, "worktree", "add", "-q", "../beside")
    (checkout / ".git").rename(checkout / "gone")
    state = git_state(checkout.parent / "beside")
    assert state.unknown.startswith(f"not a git repository: {checkout}/.git/worktrees/beside")


def test_a_revision_stays_known_where_the_state_of_the_files_is_not(checkout: Path) -> None:
    revision = _git(checkout, "rev-parse", "HEAD")
    _git(checkout, "config", "status.renames", "nonsense")
    state = git_state(checkout)
    assert (state.revision, state.dirty) == (revision, None)
    assert "nonsense" in state.unknown


def test_a_machine_without_git_is_reported(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(checkout))
    assert git_state(checkout) == GitState(revision=None, dirty=None, unknown="git is not installed")
    (checkout / "git").write_text("no program")
    assert git_state(checkout).unknown == "git cannot be run: Permission denied"


def test_a_git_hook_does_not_lead_to_the_checkout_that_it_belongs_to(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    _git(other, "init", "-q")
    revision = _git(checkout, "rev-parse", "HEAD")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git/index"))
    assert git_state(checkout) == GitState(revision=revision, dirty=False, unknown=None)
