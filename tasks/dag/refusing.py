"""What the page of a refusal says of the run that was refused."""

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.dag.lock import RUN_VARIABLE, holding_command
from tasks.workspace import repro_command

if TYPE_CHECKING:
    from litesmith.documents.chapters import Occasion

# DVC sets it for the commands of its stages.
_STAGE = "DVC_STAGE"


def occasion() -> "Occasion":
    """Return the time, the run and the command of what happens now."""
    from litesmith.documents.chapters import Occasion

    when = datetime.now().astimezone().replace(microsecond=0)
    return Occasion(when, os.environ.get(RUN_VARIABLE), _again(Path.cwd()))


def _again(root: Path) -> str:
    """Return the command that was run, or DVC's.

    DVC's where it called the stage without a flow, and where the flow runs under a server.
    """
    command = holding_command(root)
    is_typed = command.startswith("python -m flows retrain") or (
        command.startswith("python -m tasks run") and _STAGE not in os.environ
    )
    return command if is_typed else repro_command(root, "").strip()
