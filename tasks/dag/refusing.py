"""What the page of a refusal says of the run that was refused."""

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.dag.lock import holding_command

if TYPE_CHECKING:
    from litesmith.documents.chapters import Occasion

# Holds the id of the run that ordered a step; no number depends on it.
_RUN = "LITESMITH_RUN"


def occasion() -> "Occasion":
    """Return the time, the run and the command of what happens now."""
    from litesmith.documents.chapters import Occasion

    when = datetime.now().astimezone().replace(microsecond=0)
    return Occasion(when, os.environ.get(_RUN), holding_command(Path.cwd()))
