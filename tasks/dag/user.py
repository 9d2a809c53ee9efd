"""A name and a home folder for a user without one."""

import getpass
import os
import pwd
from contextlib import suppress
from pathlib import Path

_HOME = Path(".litesmith/home")


def provide_user(root: Path) -> None:
    """Set ``USER`` and ``HOME`` where neither the system nor the environment has them.

    DVC needs the user's name, and Prefect and Great Expectations the home folder as they are imported;
    all three end in a traceback where there is none. The home is created below ``root``. In a project
    that may only be read ``HOME`` names it all the same: a missing home counts as an empty one.
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
    if Path(os.environ.get("HOME", "")).is_absolute():
        return True
    try:
        pwd.getpwuid(os.getuid())
    except KeyError:
        return False
    return True
