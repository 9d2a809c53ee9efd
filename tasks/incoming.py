"""The versions of batches, which DVC keeps in the project alone."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from litesmith.data.batches import PART
from litesmith.errors import DataError, MachineError, ParamsError
from litesmith.files import read_yaml
from tasks import catalog


class _Output(BaseModel):
    model_config = ConfigDict(frozen=True)

    nfiles: int = 1


class _Versions(BaseModel):
    """The file in which DVC records the batches of a data set."""

    model_config = ConfigDict(frozen=True)

    outs: tuple[_Output]


def require_project(folder: Path, shared: Path = catalog.INCOMING, what: str = "batches") -> None:
    """Check that batches or releases are the folder's own, not a link.

    Raises:
        ParamsError: They are those of a project elsewhere.
    """
    place = folder / shared
    if place.is_symlink():
        raise ParamsError(
            f"{folder} is a workspace, which reads the {what} of its project. Run this in "
            f"{place.resolve().parents[len(shared.parts) - 1]}."
        )


def require_complete(project: Path, key: str) -> None:
    """Check that no batch is missing that DVC has recorded.

    Raises:
        DataError: There are fewer files than DVC's record says.
    """
    folder = project / catalog.INCOMING / key
    versions = _versions_file(folder)
    try:
        recorded = _Versions.model_validate(read_yaml(versions)).outs[0].nfiles
    except (ParamsError, ValidationError):
        return
    present = sum(1 for path in folder.rglob("*") if path.is_file() and not path.name.endswith(PART))
    if present < recorded:
        shown = versions.relative_to(project)
        raise DataError(
            f"{shown} records {recorded} files, and {present} are here. Get the others with `dvc pull "
            f"{shown}`, or `dvc checkout {shown}` if DVC's cache has them. If they were removed on "
            f"purpose, record that with `dvc add {folder.relative_to(project)}`."
        )


def record_versions(project: Path, key: str) -> str:
    """Let DVC record a data set's batches, and return a text on it.

    A record that a killed DVC left half-written is replaced. Where another command of DVC uses the
    batches, the record is left to the next run.

    Raises:
        MachineError: DVC fails for another reason.
    """
    folder = catalog.INCOMING / key
    versions = _versions_file(project / folder)
    if not (project / ".dvc").is_dir():
        return f"DVC is not set up here: {folder} has no versions"
    with suppress(FileNotFoundError):
        if not versions.read_text(encoding="utf-8").strip():
            versions.unlink()
    done = subprocess.run(
        [sys.executable, "-m", "dvc", "--wait-for-lock", "add", "--quiet", str(folder)],
        cwd=project,
        env={**os.environ, "DVC_NO_ANALYTICS": "1"},
        capture_output=True,
        check=False,
        encoding="utf-8",
        errors="replace",
    )
    if done.returncode == 0:
        return f"DVC has recorded it: commit {versions.relative_to(project)}"
    said = (done.stderr + done.stdout).strip()
    if "busy" in said:
        return "another command of DVC reads the batches now; the next run records the new one"
    raise MachineError(
        f"DVC cannot record {folder}, where the batches are safe: {said}\nRun `dvc add {folder}` once "
        "that is mended."
    )


def _versions_file(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.dvc")
