"""Why Prefect's server did not start: causes in its database and its log."""

import sqlite3
from contextlib import closing
from pathlib import Path

DATABASE = "prefect.db"

_TAIL_LINES = 10

# Texts of the log, in small letters, and their meaning. The first match counts.
_CAUSES: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("can't locate revision",),
        "its database {database} was written by a newer version of Prefect than this one. {move}",
    ),
    (
        ("file is not a database", "is malformed", "malformed database schema", "file is encrypted"),
        "its database {database} is damaged. {move}",
    ),
    (
        ("no space left on device", "database or disk is full", "disk quota exceeded"),
        "the disk is full: free some space, {home} needs a few MB.",
    ),
    (
        (
            "unable to open database file",
            "readonly database",
            "read-only file system",
            "permission denied",
        ),
        "its database {database} cannot be opened and written by this user, or lies on a read-only file "
        "system. Change the permissions (`ls -la {home}` shows them), or use another folder for the "
        "project.",
    ),
    (
        ("disk i/o error",),
        "the disk that holds {home} reports errors: look at it, or use another folder. {move}",
    ),
    (
        ("address already in use", "is already in use"),
        "another program took its port meanwhile. Run again, or choose another port for `python -m "
        "flows serve` with --port PORT.",
    ),
    (
        ("database is locked",),
        "another process holds its database {database}. Stop what runs below this project (`make "
        "serve`, or another run) and run again.",
    ),
    (("too many open files",), "this user may not open more files: raise the limit (`ulimit -n 4096`)."),
    (("cannot allocate memory", "memoryerror"), "memory ran out: close programs."),
)
_MOVE = (
    "Move the folder {home} away: a new one is created at the next start. It holds only what Prefect "
    "shows of earlier runs; data, models, reports and reports/runs/ stay as they are."
)


def cause(log: str, home: Path) -> str | None:
    """Return why the server did not start, None if unknown.

    Args:
        log: Output of the server since its start.
        home: Prefect's folder.
    """
    text = log.lower()
    for signs, meaning in _CAUSES:
        if any(sign in text for sign in signs):
            return meaning.format(home=home, database=home / DATABASE, move=_MOVE.format(home=home))
    return None


def damage(home: Path) -> str | None:
    """Return how the database is damaged, None if it is not.

    With one that is damaged only in places the server starts, and fails later, during a run.
    """
    path = home / DATABASE
    if not path.is_file():
        return None
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            ((result,),) = database.execute("PRAGMA quick_check(1)").fetchall()
    except sqlite3.OperationalError:  # not of its content: the server's log will have the reason
        return None
    except sqlite3.DatabaseError as error:
        result = str(error)
    return None if result == "ok" else cause(f"{result} is malformed", home)


def tail(log: str) -> str:
    """Return the last lines of a log."""
    return "\n".join(log.splitlines()[-_TAIL_LINES:])
