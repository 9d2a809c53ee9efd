import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest

from litesmith.imports import without_grammars

if TYPE_CHECKING:
    from tests.flows.marked import Commands

# Before any import of Prefect: its home must not be the user's.
os.environ["PREFECT_HOME"] = tempfile.mkdtemp(prefix="prefect-")
os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
os.environ["DO_NOT_TRACK"] = "1"

# Prefect configures logging when it is imported, and closes the handlers that exist: TensorFlow's, whose
# stream is pytest's own where another test has imported it before.
with patch("logging.shutdown"), without_grammars():
    import prefect.main  # noqa: F401


# Makes the database of Prefect's server, as the server does at its first start.
_MAKE_DATABASE = """
import asyncio
from prefect.server.database import provide_database_interface
asyncio.run(provide_database_interface().create_db())
"""


@pytest.fixture(scope="session")
def with_database(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Path]:
    """Return what puts an empty database into a project and returns the project.

    A server that makes its own first takes twice as long to start. One is made for all processes of the tests.
    """
    from flows.serving.environment import HOME, own_environment

    base = tmp_path_factory.getbasetemp()
    project = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "migrated"
    database = project / HOME / "prefect.db"

    def copied(folder: Path) -> Path:
        database.parent.mkdir(parents=True, exist_ok=True)
        with (project / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not database.exists():
                subprocess.run(
                    [sys.executable, "-c", _MAKE_DATABASE],
                    cwd=database.parent,
                    env=own_environment(project),
                    check=True,
                )
        (folder / HOME).mkdir(parents=True, exist_ok=True)
        shutil.copy(database, folder / HOME)
        return folder

    return copied


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Commands]":
    """A workspace with an empty cache that ``dvc repro`` brings up to date; for the group ``kills``."""
    from tests.flows.marked import Commands
    from tests.flows.served import tiny_project

    commands = Commands(tiny_project(tmp_path_factory.mktemp("reference") / "ws"))
    commands.start("dvc", "repro")
    yield commands
    commands.stop()
