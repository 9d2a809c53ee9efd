"""Run DVC on one stage, in a process that imports DVC first and then waits to be told which stage.

Started ahead of need, it spares each stage the second that importing DVC takes. Run by its path, not as a module: no
file of the workspace may stand in for a module that DVC imports.
"""

import json
import logging
import os
import sys

from dvc.cli import main as run_dvc
from dvc.cli.parser import get_main_parser
from dvc.repo import Repo


def main() -> int:
    """Wait for the order and return DVC's exit code.

    It is one line of JSON: ``stage``, ``environment``, and the name of whoever gives it, ``named``.
    """
    _import_all()
    line = sys.stdin.readline()
    if not line:  # whoever was to give it is gone
        return 0
    order = json.loads(line)
    os.environ.clear()
    os.environ.update(order["environment"])
    # Whom DVC names to a command that it refuses meanwhile.
    sys.argv = [order["named"]]
    # That a run before was killed, whose places are taken: nobody can do anything about it.
    logging.getLogger("dvc.rwlock").setLevel(logging.ERROR)
    code: int = run_dvc(["--wait-for-lock", "repro", "--single-item", order["stage"]])
    return code


def _import_all() -> None:
    """Look at the workspace as DVC will: it imports most of itself only when it does."""
    get_main_parser()
    repo = Repo()
    _ = repo.index.graph, repo.scm, repo.datasets
    repo.close()


if __name__ == "__main__":
    sys.exit(main())
