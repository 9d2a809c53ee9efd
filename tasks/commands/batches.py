"""The commands that add a batch, and accept one that was left out.

At any moment a batch is there as a whole or not at all: it is written under a name in ``.part``, which
nobody reads, and renamed under a lock.
"""

import os
import re
import subprocess
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import psutil

from litesmith.data.accepted import AcceptedBatch, read_accepted, write_accepted
from litesmith.data.batches import BASE, PART, batch_name, batch_paths, find_batches
from litesmith.errors import DataError, ParamsError, did_you_mean
from litesmith.files import explaining
from litesmith.params.loading import read_dataset, read_params
from litesmith.params.sections.dataset import Dataset
from tasks import catalog
from tasks.dag.lock import changing_batches
from tasks.incoming import record_versions, require_complete, require_project
from tasks.profiles import checked_name

_TEMPORARY = re.compile(r"\.add-(\d+)\..*")
_UNNAMED = "a batch: {wrong}. It is the name of a folder or of a file without its suffix"
_SHOWN = 5


def add_batch(project: Path, source: Path, data: str | None = None, name: str | None = None) -> str:
    """Add a batch, and return a text on it.

    Args:
        project: Its folder.
        source: As `litesmith.data.formats.registry.read_source` reads it.
        data: Name of the data set, by default the project's own.
        name: Of the batch, the last one by name; by default today's date.

    Raises:
        ParamsError: There is no such data set, or the name is none or does not sort last.
        DataError: Nothing in the source can be read, or batches that git knows of are not here.
        MachineError: A file may not be read, or not be written.
    """
    from litesmith.data.formats.registry import read_source
    from litesmith.data.packing import pack, packed_suffix

    require_project(project)
    dataset = _dataset(project, data)
    num_workers = read_params(project / catalog.PARAMS).intake.num_workers
    folder, suffix = project / catalog.INCOMING / dataset.key, packed_suffix(source)
    _require_sorts_last(folder, name)
    labelled = read_source(source, dataset, num_workers=num_workers)
    if not labelled.files:
        reasons = "; ".join(f"{item.file} {item.reason}" for item in labelled.unreadable[:_SHOWN])
        raise DataError(f"nothing in {source} can be read: {reasons}")
    part = folder / f".add-{os.getpid()}.{suffix}{PART}"
    try:
        part.unlink(missing_ok=True)
        pack(source, part)
        with changing_batches(project):
            _remove_abandoned(folder)
            require_complete(project, dataset.key)
            target = folder / f"{_require_sorts_last(folder, name)}{suffix}"
            with explaining(target):
                part.rename(target)
            recorded = record_versions(project, dataset.key)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    lines = [f"added {target.relative_to(project)}: {len(labelled.files)} images"]
    lines += [f"{len(labelled.unreadable)} files cannot be read:"] if labelled.unreadable else []
    lines += [f"  {item.file} {item.reason}" for item in labelled.unreadable[:_SHOWN]]
    unknown = sorted(set(labelled.labels) - _known(dataset)) if dataset.classes else []
    if unknown:
        lines.append(
            f"{', '.join(unknown[:_SHOWN])}: no class of {dataset.name}. Images with such labels will "
            "be left out."
        )
    return "\n".join([*lines, recorded])


def accept_batch(project: Path, name: str, why: str, data: str | None = None) -> str:
    """Accept a batch that validation left out, and return what was recorded as text.

    Raises:
        ParamsError: There is no such data set or batch, or no reason.
        DataError: What was accepted before cannot be read.
        MachineError: A file may not be read, or not be written.
    """
    if not why.strip():
        raise ParamsError("--why is empty. Say why the batch is right although it looks wrong.")
    require_project(project)
    key = _dataset(project, data).key
    with changing_batches(project):
        batches = {batch.name: batch for batch in find_batches(project / catalog.INCOMING / key)}
        if name not in batches:
            known = ", ".join([*batches][-_SHOWN:]) or "none"
            raise ParamsError(
                f"{name!r} is not a batch of {key}.{did_you_mean(name, [*batches])} The last are: "
                f"{known}."
            )
        path = project / catalog.ACCEPTED
        before = read_accepted(path) if path.is_file() else ()
        for record in before:
            if (record.digest, record.data) == (batches[name].digest, key):
                return f"{name} was accepted already, by {record.who}: {record.why}"
        now = datetime.now(UTC).replace(microsecond=0).isoformat()
        own = batches[name].digest
        record = AcceptedBatch(
            digest=own, data=key, batch=name, why=why.strip(), who=person(project), when=now
        )
        write_accepted(path, [*before, record])
    return f"accepted {name} of {key}. Commit {catalog.ACCEPTED}; the next run takes the batch in."


def next_name(last: str, today: str) -> str:
    """Return a name that sorts after ``last``, with the date if possible."""
    if today > last:
        return today
    stem = today if last.startswith(today) else last
    number = 2
    # Names sort as texts: after 9 comes 91, not 10.
    while not (name := f"{stem}-{number}") > last:
        number = number + 1 if number % 10 < 9 else number * 10 + 1
    return name


def _dataset(project: Path, data: str | None) -> Dataset:
    if data is None:
        return read_params(project / catalog.PARAMS).dataset
    return read_dataset(data, project)


def _known(dataset: Dataset) -> set[str]:
    classes = dataset.classes or ()
    return {*classes, *map(str, range(len(classes)))}


def _require_sorts_last(folder: Path, name: str | None) -> str:
    """Return the name of a new batch.

    Raises:
        ParamsError: The name that is given is none, or does not sort last.
    """
    last = max(map(batch_name, batch_paths(folder)), default="")
    free = next_name(last, f"{datetime.now().astimezone():%Y-%m-%d}")
    if name is None:
        return free
    if checked_name(name, _UNNAMED) == BASE or name.endswith(PART):
        raise ParamsError(f"a batch cannot be called {name!r}. The next free name is {free}.")
    if name <= last:
        raise ParamsError(
            f"the batch {name!r} would not be the last by name: {last!r} is here. Batches are judged in "
            f"the order of their names, each against those before it. The next free name is {free}."
        )
    return name


def _remove_abandoned(folder: Path) -> None:
    """Remove what commands left that were killed."""
    for path in folder.glob(".add-*"):
        match = _TEMPORARY.fullmatch(path.name)
        if match and not psutil.pid_exists(int(match[1])):
            with suppress(OSError):
                path.unlink()


def person(project: Path) -> str:
    """Return who works here, as git knows them or else the system."""
    parts = []
    for key in ("user.name", "user.email"):
        with suppress(OSError):
            done = subprocess.run(
                ["git", "config", key], cwd=project, capture_output=True, check=False, encoding="utf-8"
            )
            parts.append(done.stdout.strip())
    named = [part for part in parts if part]
    if not named:
        return os.environ.get("USER") or f"uid {os.getuid()}"
    return named[0] if len(named) == 1 else f"{named[0]} <{named[1]}>"
