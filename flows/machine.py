"""The disk and memory that a run takes."""

import shutil
import tempfile
from pathlib import Path

import psutil

from litesmith.errors import MachineError
from litesmith.params.sections.retrain import RetrainParams

_GB = 10**9


def check_machine(params: RetrainParams, root: Path) -> None:
    """Compare free disk and memory with what a run takes.

    Raises:
        MachineError: One is short, or temporary files have no place; the text says how much there is,
            how much is needed and for what.
    """
    _require_temporary_folder()
    disk_gb = shutil.disk_usage(root).free / _GB
    memory_gb = psutil.virtual_memory().available / _GB
    _require(
        "disk",
        disk_gb,
        params.min_disk_gb,
        "data, models and DVC's cache: free some space",
        "min_disk_gb",
    )
    _require(
        "memory",
        memory_gb,
        params.min_memory_gb,
        "training and its workers: close programs",
        "min_memory_gb",
    )


def _require_temporary_folder() -> None:
    """Require a folder for temporary files: DVC ends in a traceback without."""
    try:
        tempfile.gettempdir()
    except FileNotFoundError as error:
        raise MachineError(
            f"no folder for temporary files can be written: {error.strerror}. Set TMPDIR to one that "
            "may, on a disk that is not full."
        ) from error


def _require(what: str, free_gb: float, needed_gb: float, use: str, key: str) -> None:
    if free_gb < needed_gb:
        raise MachineError(
            f"{free_gb:.1f} GB of {what} are free and {needed_gb:g} GB are needed for {use}, "
            f"or lower retrain.{key} in params.yaml or in the run's profile."
        )
