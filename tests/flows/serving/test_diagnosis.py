import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from flows.serving.diagnosis import DATABASE, cause, damage, tail


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "alembic.util.exc.CommandError: Can't locate revision identified by 'deadbeef'",
            "a newer version of Prefect",
        ),
        ("(sqlite3.DatabaseError) file is not a database", "is damaged"),
        ("(sqlite3.DatabaseError) database disk image is malformed", "is damaged"),
        ("(sqlite3.OperationalError) malformed database schema (flow_run)", "is damaged"),
        ("(sqlite3.OperationalError) database or disk is full", "the disk is full"),
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        (
            "(sqlite3.OperationalError) unable to open database file",
            "cannot be opened and written by this user",
        ),
        (
            "(sqlite3.OperationalError) attempt to write a readonly database",
            "cannot be opened and written",
        ),
        ("OSError: [Errno 30] Read-only file system: '/x'", "read-only file system"),
        (
            "PermissionError: [Errno 13] Permission denied: '/x'",
            "cannot be opened and written by this user",
        ),
        (
            "Port 4200 is already in use. Please specify a different port",
            "another program took its port",
        ),
        (
            "[Errno 98] error while attempting to bind: address already in use",
            "another program took its port",
        ),
        ("(sqlite3.OperationalError) database is locked", "another process holds its database"),
        ("OSError: [Errno 24] Too many open files", "may not open more files"),
    ],
)
def test_a_known_cause_in_the_log_is_explained(tmp_path: Path, line: str, expected: str) -> None:
    reason = cause(f"Traceback (most recent call last):\n{line}\n\nServer stopped!\n", tmp_path)
    assert reason is not None
    assert expected in reason


@pytest.mark.parametrize("line", ["Can't locate revision identified by 'x'", "file is not a database"])
def test_the_folder_that_may_be_moved_away_is_named(tmp_path: Path, line: str) -> None:
    reason = cause(line, tmp_path)
    assert reason is not None
    assert f"Move the folder {tmp_path} away: a new one is created at the next start." in reason
    assert str(tmp_path / DATABASE) in reason


def test_an_unknown_cause_is_not_guessed(tmp_path: Path) -> None:
    assert cause("RuntimeError: what nobody has seen\n", tmp_path) is None


def _database(home: Path) -> Path:
    """Write a database of several pages."""
    path = home / DATABASE
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("create table flow_run (name text)")
        database.executemany(
            "insert into flow_run values (?)", [(f"{number:0300d}",) for number in range(200)]
        )
    return path


def test_a_sound_database_and_a_missing_one_are_not_damaged(tmp_path: Path) -> None:
    assert damage(tmp_path) is None
    _database(tmp_path)
    assert damage(tmp_path) is None


@pytest.mark.parametrize(
    "damage_kind", ["other content", "cut", "a page overwritten", "a late page overwritten"]
)
def test_a_damaged_database_is_seen_before_a_server_is_started(tmp_path: Path, damage_kind: str) -> None:
    path = _database(tmp_path)
    sound = path.read_bytes()
    damaged = {
        "other content": b"hello world" * 1000,
        "cut": sound[: len(sound) // 2],
        "a page overwritten": sound[:4096] + b"Z" * 4096 + sound[8192:],
        "a late page overwritten": sound[:-4096] + b"Z" * 4096,
    }
    path.write_bytes(damaged[damage_kind])
    reason = damage(tmp_path)
    assert reason is not None
    assert f"{path} is damaged. Move the folder {tmp_path} away" in reason
    assert path.read_bytes() == damaged[damage_kind]


def test_the_end_of_a_log_is_ten_lines() -> None:
    assert tail("\n".join(map(str, range(30)))) == "\n".join(map(str, range(20, 30)))
