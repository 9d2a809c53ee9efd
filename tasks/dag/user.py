"""A name and a home folder for a user without one."""

import getpass
import os
import pwd
from contextlib import suppress
from pathlib import Path

_HOME = Path(".litesmith/home")


def provide_user(root: Path) -> None:
    """Set ``USER`` and ``HOME`` where nothing tells them.

    DVC asks for the user's name, and Prefect and Great Expectations for the home folder as they are
    imported; all three end in a traceback where there is none. What the system or the environment tells
    stays.

    Args:
        root: The folder below which a home is made where none is known. If it cannot be, in a project
            that may only be read, ``HOME`` names it all the same: a home that is missing counts as an
            empty one.
    """
    try:
        getpass.getuser()
    except (KeyError, OSError):  # the latter from Python 3.13 on
        os.environ["USER"] = f"uid{os.getuid()}"
    if not _has_home():
        home = root.resolve() / _HOME
        with suppress(OSError):
            home.mkdir(parents=True, exist_ok=True)
        os.environ["HOME"] = str(home)


def _has_home() -> bool:
    """Tell whether the environment or the system names a home."""
    if Path(os.environ.get("HOME", "")).is_absolute():
        return True
    try:
        pwd.getpwuid(os.getuid())
    except KeyError:
        return False
    return True
