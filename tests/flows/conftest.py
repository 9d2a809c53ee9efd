import os
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest

if TYPE_CHECKING:
    from tests.flows.marked import Commands

# Before any import of Prefect: its home must not be the user's.
os.environ["PREFECT_HOME"] = tempfile.mkdtemp(prefix="prefect-")
os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
os.environ["DO_NOT_TRACK"] = "1"

# Prefect configures logging when it is imported, and closes the handlers that exist: TensorFlow's, whose
# stream is pytest's own where another test has imported it before.
with patch("logging.shutdown"):
    import prefect.main  # noqa: F401


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Commands]":
    """A workspace with an empty cache that ``dvc repro`` brings up to date; for the group ``kills``."""
    from tests.flows.marked import Commands
    from tests.flows.served import tiny_project

    commands = Commands(tiny_project(tmp_path_factory.mktemp("reference") / "ws"))
    commands.start("dvc", "repro")
    yield commands
    commands.stop()
