"""The command that describes labelled images in a data set's file."""

import os
import re
from pathlib import Path

from litesmith.errors import ParamsError
from litesmith.files import explaining, write_text
from litesmith.params.loading import DATASETS, read_dataset
from litesmith.wording import run_options
from tasks.profiles import checked_name
from tasks.workspace import workspace_folder

_NAMED = f"a data set: {{wrong}}. A data set is a file {DATASETS}/NAME.yaml, and NAME alone is given"
_NUM_WORKERS = 2


def describe_dataset(project: Path, source: Path, name: str | None = None) -> str:
    """Write ``datasets/NAME.yaml`` for labelled images, and return a text on it.

    A file that is there is never replaced.

    Args:
        project: Its folder.
        source: As `litesmith.data.formats.registry.read_source` reads it.
        name: Of the file, without its suffix; by default that of the source.

    Raises:
        ParamsError: The name is none, or there is a data set or a workspace of that name.
        DataError: Nothing in the source can be read, or it has fewer than 2 classes.
        MachineError: A file may not be read, or not be written.
    """
    from litesmith.data.describe import dataset_yaml, describe_source

    key = checked_name(_name_of(source) if name is None else name, _NAMED)
    path = project / DATASETS / f"{key}.yaml"
    _require_absent(path)
    description = describe_source(source, num_workers=_NUM_WORKERS)
    text = dataset_yaml(description, _title(key), _seen_from(project, source))
    part = path.with_name(f".{path.name}.part{os.getpid()}")
    try:
        write_text(part, text)
        _require_absent(path)
        with explaining(path):
            os.link(part, path)
    finally:
        part.unlink(missing_ok=True)
    read_dataset(key, project)
    workspace_folder(project, None, key)
    shown = path.relative_to(project)
    return (
        f"wrote {shown}: {description.num_images} images of {len(description.classes)} classes. Look at "
        f"it, then run `python -m flows retrain{run_options(key)}`."
    )


def _require_absent(path: Path) -> None:
    if os.path.lexists(path):
        raise ParamsError(
            f"{path} is there already, and is not replaced. Give another name with --name, or move it "
            "away."
        )


def _name_of(source: Path) -> str:
    """Return a name for a data set like that of its source."""
    resolved = source.resolve()
    stem = resolved.stem if resolved.is_file() else resolved.name
    return re.sub(r"[^a-z0-9._]+", "-", stem.lower()).strip("-._")


def _title(key: str) -> str:
    words = key.replace("-", " ").replace("_", " ")
    return words[:1].upper() + words[1:]


def _seen_from(project: Path, source: Path) -> str:
    """Return the path of a source, relative if it lies in the project."""
    resolved = source.resolve()
    if resolved.is_relative_to(project.resolve()):
        return resolved.relative_to(project.resolve()).as_posix()
    return resolved.as_posix()
