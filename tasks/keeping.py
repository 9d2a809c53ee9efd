"""A process that lets DVC keep a package and push it.

It is given the package's folder; its last line is ``no remote``, ``pushed`` or ``not pushed``. One
process runs both commands, since importing DVC takes half of each one's time. Run by its path, not as a
module: no file of the project may stand in for a module that DVC imports.
"""

import os
import sys
import threading

from dvc.cli import main as run_dvc
from dvc.config import NoRemoteError
from dvc.repo import Repo

NO_REMOTE, PUSHED, NOT_PUSHED = "no remote", "pushed", "not pushed"


def main() -> int:
    """Add the folder, push it, and return DVC's exit code for the former."""
    threading.Thread(target=_end_with_starter, daemon=True).start()
    folder = sys.argv[1]
    if code := _run("add", folder):
        return code
    with Repo() as repo:
        try:
            repo.cloud.get_remote()
        except NoRemoteError:
            print(NO_REMOTE)
            return 0
    print(NOT_PUSHED if _run("push", f"{folder}.dvc") else PUSHED)
    return 0


def _run(command: str, target: str) -> int:
    code: int = run_dvc(["--wait-for-lock", command, target])
    return code


def _end_with_starter() -> None:
    """End with the starting process, which holds the other end of the input."""
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
