"""The content of inputs, held to what was recorded as they were made.

DVC trusts its cache: what it restores from there it takes for what it once put there, without reading
it.
"""

import hashlib
import json
import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, TypeAdapter, ValidationError

from litesmith.errors import DataError
from litesmith.files import read_json, write_json
from tasks import catalog
from tasks.dag.dvclock import locked_outputs
from tasks.dag.step import Step
from tasks.workspace import path_in_command, repro_command


@dataclass(frozen=True)
class _Recorded:
    """A file or folder as a step left it.

    Attributes:
        path: Relative to the workspace's root.
        step: The step.
        md5: As DVC writes it: that of a folder ends in ``.dir``.
    """

    path: Path
    step: str
    md5: str


def check_inputs(step: Step, root: Path) -> None:
    """Compare the inputs of a step with what was recorded when they were made.

    An input that was made by hand, without DVC, is held to what that left. What no step has made is not
    checked.

    Raises:
        DataError: An input is not what its step made; says how to get that back.
        ContractError: ``dvc.lock`` cannot be read.
    """
    recorded = [*_of_dvc(root), *_of_steps(root)]
    refusals = []
    for path in (port.path for port in step.ins):
        wanted = [record for record in recorded if record.path == path]
        if wanted and (md5 := md5_of(root / path)) not in {record.md5 for record in wanted}:
            refusals.append(_refusal(root, wanted[0], md5))
    if any(refusals):
        raise DataError(f"step {step.name} cannot run: " + "\n".join(text for text in refusals if text))


def record_outputs(step: Step, root: Path) -> None:
    """Write down the MD5s of the outputs of a step.

    They are for steps that run before DVC has recorded them, or without DVC.
    """
    sums = {port.path.as_posix(): md5_of(root / port.path) for port in step.outs}
    write_json(root / catalog.CHECKSUMS / f"{step.name}.json", sums)


def md5_of(path: Path) -> str:
    """Return the MD5 that DVC records of a file or folder.

    That of a folder is the MD5 of a JSON list of its files, as `dvc_data.hashfile.tree` writes it.
    """
    if not path.is_dir():
        return _md5_of_file(path)
    return _md5_of_list({file: _md5_of_file(path / file) for file in _files(path)})


def _md5_of_list(files: Mapping[str, str]) -> str:
    entries = [{"md5": files[name], "relpath": name} for name in sorted(files)]
    return (
        hashlib.md5(json.dumps(entries, sort_keys=True).encode(), usedforsecurity=False).hexdigest()
        + ".dir"
    )


def _md5_of_file(path: Path) -> str:
    with path.open("rb") as stream:
        # Not for security: it is the sum by which DVC names contents.
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _files(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]


def _of_dvc(root: Path) -> list[_Recorded]:
    """Return what ``dvc.lock`` records of outputs."""
    return [
        _Recorded(output.path, name, output.md5)
        for name, outputs in locked_outputs(root).items()
        for output in outputs
        if output.hash == "md5" and output.md5
    ]


def _of_steps(root: Path) -> list[_Recorded]:
    """Return what the last run of each step in this folder left."""
    files = sorted((root / catalog.CHECKSUMS).glob("*.json"))
    return [_Recorded(Path(path), file.stem, md5) for file in files for path, md5 in _left(file).items()]


def _left(file: Path) -> dict[str, str]:
    """Return what `record_outputs` wrote, or raise `DataError` if it is not that any more."""
    try:
        return TypeAdapter(dict[str, str]).validate_python(read_json(file))
    except (DataError, ValidationError) as error:
        raise DataError(
            f"{file} does not hold what step {file.stem} left there, the MD5s of what it made. Remove "
            f"it, and run that step again if in doubt: `{shlex.join(['rm', '-rf', str(file)])}`."
        ) from error


def _refusal(root: Path, wanted: _Recorded, md5: str) -> str | None:
    """Return what differs and how to mend it, None for nothing."""
    cache = _Cache(root)
    present = cache.files(root / wanted.path) if _is_folder(md5) else {"": md5}
    if _is_folder(md5) and _md5_of_list(present) == wanted.md5:
        return None
    expected = cache.members(wanted.md5) if _is_folder(wanted.md5) else {"": wanted.md5}
    names = [name for name in sorted({*present, *expected}) if present.get(name) != expected.get(name)]
    if expected and _is_folder(wanted.md5) == _is_folder(md5):
        lines = [
            _difference(wanted.path / name, expected.get(name), present.get(name)) for name in names
        ]
    else:
        lines = [_difference(wanted.path, wanted.md5, md5)]
    sums = dict.fromkeys((wanted.md5, *(expected.get(name) for name in names)))
    damaged = [place for each in sums if (place := cache.damaged(each))]
    return (
        f"{'; '.join(lines)}. That is not what step {wanted.step} made, and nothing was computed with "
        f"it. {_way_out(root, wanted, damaged, cache)}"
    )


def _is_folder(md5: str) -> bool:
    """Tell whether an MD5 is that of a folder."""
    return md5.endswith(".dir")


def _difference(path: Path, expected: str | None, present: str | None) -> str:
    if present is None:
        return f"{path} is missing"
    if expected is None:
        return f"{path} is there, where no such file was made"
    if _is_folder(expected) != _is_folder(present):
        is_now, was = ("folder", "file") if _is_folder(present) else ("file", "folder")
        return f"{path} is a {is_now}, where a {was} was made"
    return f"{path} has another content: expected MD5 {expected}, got {present}"


def _way_out(root: Path, wanted: _Recorded, damaged: list[str], cache: "_Cache") -> str:
    if not cache.is_there:
        return f"Make it again: `python -m tasks run {wanted.step}`."
    removed = [path_in_command(root, place) for place in (wanted.path.as_posix(), *damaged)]
    again = f"`{shlex.join(['rm', '-rf', *removed])} && {repro_command(root, wanted.step)}`"
    if not damaged:
        return f"Remove it and let DVC bring it back: {again}."
    return (
        f"DVC's own copy is damaged too and would be restored in every run: {', '.join(damaged)}. "
        f"Remove both and let them be made again: {again}."
    )


class _CachedFile(BaseModel):
    """A file of a folder, as DVC's cache lists it."""

    relpath: str
    md5: str


class _Cache:
    """DVC's cache of a workspace, opened only where an input differs."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.is_there = (root / ".dvc").is_dir()
        if self.is_there:
            from dvc.repo import Repo

            self._repo = Repo(str(root))

    def files(self, folder: Path) -> dict[str, str]:
        """Return the MD5s of a folder's files by name, without those that .dvcignore names."""
        names = _files(folder)
        if self.is_there:
            ignored = self._repo.dvcignore.is_ignored_file
            names = [name for name in names if not ignored(str((folder / name).resolve()))]
        return {name: _md5_of_file(folder / name) for name in names}

    def members(self, md5: str) -> dict[str, str]:
        """Return the MD5s of a cached folder's files by name, if known."""
        if self.damaged(md5):
            return {}
        try:
            listed = TypeAdapter(list[_CachedFile]).validate_python(read_json(self._place(md5)))
        except (DataError, OSError, ValidationError):
            return {}
        return {file.relpath: file.md5 for file in listed}

    def damaged(self, md5: str | None) -> str | None:
        """Return the path of a cached file whose content has changed."""
        if md5 is None:
            return None
        place = self._place(md5)
        if not place.is_file() or _md5_of_file(place) == md5.removesuffix(".dir"):
            return None
        return Path(os.path.relpath(place, self._root.resolve())).as_posix()

    def _place(self, md5: str) -> Path:
        return (
            Path(self._repo.cache.local.oid_to_path(md5)) if self.is_there else self._root / "no cache"
        )
