"""The process is killed at every write of a promotion and of a rollback."""

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from litesmith.release.check import check_files
from litesmith.release.pointers import Key
from litesmith.release.registry import Order, Registry
from tests.litesmith.release.made import DATASET, DEVICE, digest_of, make_candidate

KEY = Key(DATASET, DEVICE)
# All calls by which the registry changes the file system, and those that Python's own modules use for it.
CALLS = (
    "write", "fsync", "rename", "replace", "mkdir", "unlink", "remove", "rmdir", "link", "symlink", "truncate",
    "ftruncate", "pwrite", "writev", "chmod", "utime", "mkfifo", "sendfile", "copy_file_range",
)  # fmt: skip
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@pytest.fixture(autouse=True)
def fixture_without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for the disk: what a killed process has written is there for others."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


class Killer:
    """Counts the calls that change files, and ends the process before the ``last`` one.

    The content of a last write is written by half. Each call is thus seen undone, and, as the one before
    the next, done.
    """

    def __init__(self, last: int) -> None:
        self.last, self.num_calls, self.num_audited, self.num_opened = last, 0, 0, 0
        self.is_on = False

    def begin(self) -> None:
        for name in CALLS:
            if hasattr(os, name):
                setattr(os, name, self._counted(name, getattr(os, name)))
        opened = os.open

        def counted_open(path: Any, flags: int, *rest: Any, **named: Any) -> int:
            if flags & WRITING:
                self._count()
                self.num_opened += 1
            return opened(path, flags, *rest, **named)

        os.open = counted_open
        sys.addaudithook(self._audit)
        self.is_on = True

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.is_on and event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING:
            self.num_audited += 1

    def _counted(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **named: Any) -> Any:
            half: Callable[[], Any] | None = None
            if name == "write":
                half = lambda: call(arguments[0], arguments[1][: len(arguments[1]) // 2])  # noqa: E731
            self._count(half)
            return call(*arguments, **named)

        return counted

    def _count(self, half: Callable[[], Any] | None = None) -> None:
        self.num_calls += 1
        if self.num_calls == self.last:
            if half:
                half()
            os.kill(os.getpid(), signal.SIGKILL)


def run_killed(last: int, work: Callable[[], None]) -> bool:
    """Run something in a child process that is killed before its ``last`` change of a file.

    Returns:
        Whether it was killed.
    """
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            killer = Killer(last)
            killer.begin()
            work()
            # No file was opened for writing but by a counted call.
            code = 0 if killer.num_audited == killer.num_opened else 2
        finally:
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        return True
    assert os.WEXITSTATUS(status) == 0
    return False


def check(package: Path) -> None:
    check_files(package)


def keep(staged: Path) -> str:
    """Leave what DVC leaves beside a package."""
    file = os.open(staged.with_name(f"{staged.name}.dvc"), os.O_WRONLY | os.O_CREAT)
    os.write(file, b"outs:\n")
    os.close(file)
    return "kept"


def require_whole(registry: Registry, models: set[bytes]) -> bytes:
    """Return the model in service, whose package is complete and verifies."""
    pointer = registry.in_service(KEY)
    assert pointer is not None
    package = registry.packages / pointer.version
    assert check_files(package).model_sha256 == pointer.model_sha256
    assert digest_of((package / "manifest.json").read_bytes()) == pointer.manifest_sha256
    model = (package / "model.tflite").read_bytes()
    assert model in models
    # Every other version that has its name is complete too.
    for other in registry.packages.iterdir():
        if other.is_dir() and not other.name.startswith("."):
            check_files(other)
    return model


def require_tidy(registry: Registry) -> None:
    """Check that nothing is half made, that no version lacks a part, and that the log tells what is so."""
    versions = set(registry.versions(KEY))
    assert {path.name for path in registry.packages.iterdir()} == {
        name for version in versions for name in (version, f"{version}.dvc")
    }
    assert {path.stem for path in (registry.folder / "manifests").iterdir()} == versions
    assert list((registry.folder / "staging").iterdir()) == []
    last = registry.log().last_states()[DATASET, DEVICE]
    pointer = registry.in_service(KEY)
    assert pointer is not None and last.version == pointer.version


def promote(registry: Registry, folder: Path, model: bytes) -> None:
    candidate = make_candidate(folder, model, released=registry.in_service(KEY))
    registry.repair()
    registry.promote(candidate, Order(), check, keep)


def copied(registry: Registry, place: Path) -> Registry:
    """Return a copy of a registry, so that each kill begins from the same state."""
    shutil.copytree(registry.folder, place)
    return Registry(place)


@pytest.mark.slow
def test_a_promotion_that_is_killed_at_any_write_leaves_a_whole_model(tmp_path: Path) -> None:
    begun, last, seen = Registry(tmp_path / "releases"), 0, set[bytes]()
    promote(begun, tmp_path / "a", b"first")
    second = make_candidate(tmp_path / "b", b"second", released=begun.in_service(KEY))
    killed = True
    while killed:
        last += 1
        registry = copied(begun, tmp_path / str(last))
        killed = run_killed(last, lambda r=registry: r.promote(second, Order(), check, keep))  # type: ignore[misc]
        seen.add(require_whole(registry, {b"first", b"second"}))
        registry.repair()
        require_whole(registry, {b"first", b"second"})
        require_tidy(registry)
        promote(registry, tmp_path / "c", b"third")
        assert require_whole(registry, {b"third"})
        require_tidy(registry)
    assert last > 30 and seen == {b"first", b"second"}


@pytest.mark.slow
def test_a_repair_that_is_killed_at_any_write_is_done_by_the_next(tmp_path: Path) -> None:
    """The promotion was killed where most is left to do: before its pointer moves."""
    begun, last = Registry(tmp_path / "releases"), 0
    promote(begun, tmp_path / "a", b"first")
    second = make_candidate(tmp_path / "b", b"second", released=begun.in_service(KEY))

    def stopped() -> None:
        Registry._point = lambda *_: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[method-assign, assignment]
        begun.promote(second, Order(), check, keep)

    assert run_killed(1_000_000, stopped)
    assert len(begun.versions(KEY)) == 2
    killed = True
    while killed:
        last += 1
        registry = copied(begun, tmp_path / str(last))
        killed = run_killed(last, lambda r=registry: r.repair())  # type: ignore[misc]
        assert require_whole(registry, {b"first"})
        registry.repair()
        require_tidy(registry)
        assert registry.versions(KEY) == [f"{KEY.stem}-0001"]
    assert last > 5


@pytest.mark.slow
def test_a_rollback_that_is_killed_at_any_write_leaves_a_whole_model(tmp_path: Path) -> None:
    begun, last, seen = Registry(tmp_path / "releases"), 0, set[bytes]()
    promote(begun, tmp_path / "a", b"first")
    promote(begun, tmp_path / "b", b"second")
    order, killed = Order("somebody", "it misreads sixes"), True
    while killed:
        last += 1
        registry = copied(begun, tmp_path / str(last))
        killed = run_killed(last, lambda r=registry: r.rollback(KEY, None, order, check))  # type: ignore[misc]
        model = require_whole(registry, {b"first", b"second"})
        seen.add(model)
        registry.repair()
        require_tidy(registry)
        if model == b"second":
            registry.rollback(KEY, None, order, check)
        assert require_whole(registry, {b"first"})
        promote(registry, tmp_path / "c", b"third")
        assert require_whole(registry, {b"third"})
    assert last > 5 and seen == {b"first", b"second"}


def test_a_line_that_was_torn_is_ended_by_the_next(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "releases")
    promote(registry, tmp_path / "a", b"first")
    path = registry.folder / "log.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + whole[: len(whole) // 2])
    assert (len(registry.log().lines), registry.log().num_unreadable) == (1, 1)
    promote(registry, tmp_path / "b", b"second")
    assert (len(registry.log().lines), registry.log().num_unreadable) == (2, 1)
    assert path.read_bytes().startswith(whole + whole[: len(whole) // 2] + b"\n")


@pytest.mark.parametrize("tail", [b"\xff\xfe", b"{}", b"<<<<<<< HEAD"])
def test_lines_that_are_none_are_counted(tmp_path: Path, tail: bytes) -> None:
    registry = Registry(tmp_path / "releases")
    promote(registry, tmp_path / "a", b"first")
    path = registry.folder / "log.jsonl"
    path.write_bytes(path.read_bytes() + tail)
    assert registry.log().num_unreadable == 1
