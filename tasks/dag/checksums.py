"""Checks that inputs are what was recorded when they were written.

DVC trusts its cache: it restores files from there without reading them.
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
    """A recorded output; the MD5 of a folder ends in ``.dir``."""

    path: Path
    step: str
    md5: str


def check_inputs(step: Step, root: Path) -> None:
    """Compare the inputs of a step with what was recorded when they were written.

    Both what ``dvc.lock`` records and what a step left that ran without DVC is right. A file that no
    step has written is not checked.

    Raises:
        DataError: An input is not what its step wrote; the text tells how to get that back.
        ContractError: ``dvc.lock`` cannot be read.
    """
    recorded, differences = _recorded(root), []
    for port in step.ins:
        expected = [record for record in recorded if record.path == port.path]
        if expected and (md5 := md5_of(root / port.path)) not in {record.md5 for record in expected}:
            differences.append(_difference_and_remedy(root, expected[0], md5))
    if texts := [text for text in differences if text]:
        raise DataError(f"step {step.name} cannot run: " + "\n".join(texts))


def record_outputs(step: Step, root: Path) -> None:
    """Record the MD5s of outputs, for runs that DVC does not record."""
    sums = {port.path.as_posix(): md5_of(root / port.path) for port in step.outs}
    write_json(root / catalog.CHECKSUMS / f"{step.name}.json", sums)


def md5_of(path: Path) -> str:
    """Return the MD5 that DVC records of a file or folder."""
    if not path.is_dir():
        return _md5_of_file(path)
    return _md5_of_list({file: _md5_of_file(path / file) for file in _files(path)})


def _md5_of_list(files: Mapping[str, str]) -> str:
    """Return the MD5 of a folder's files, as `dvc_data.hashfile.tree` computes it."""
    entries = json.dumps([{"md5": md5, "relpath": name} for name, md5 in sorted(files.items())])
    return hashlib.md5(entries.encode(), usedforsecurity=False).hexdigest() + ".dir"


def _md5_of_file(path: Path) -> str:
    with path.open("rb") as stream:
        # Not for security: it is the sum by which DVC names contents.
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _files(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]


def _recorded(root: Path) -> list[_Recorded]:
    """Return what DVC and then what `record_outputs` recorded in this folder."""
    recorded = [
        _Recorded(output.path, name, output.md5)
        for name, outputs in locked_outputs(root).items()
        for output in outputs
        if output.hash == "md5" and output.md5
    ]
    for file in sorted((root / catalog.CHECKSUMS).glob("*.json")):
        try:
            sums = TypeAdapter(dict[str, str]).validate_python(read_json(file))
        except (DataError, ValidationError) as error:
            raise DataError(
                f"{file} does not hold the MD5s that step {file.stem} recorded of its outputs. Remove "
                f"it, and run that step again if in doubt: `{shlex.join(['rm', '-rf', str(file)])}`."
            ) from error
        recorded += [_Recorded(Path(path), file.stem, md5) for path, md5 in sums.items()]
    return recorded


def _difference_and_remedy(root: Path, recorded: _Recorded, md5: str) -> str | None:
    """Return what differs and the remedy; None if only ignored files differ."""
    cache, path = _Cache(root), recorded.path
    present = cache.files(root / path) if _is_folder(md5) else {"": md5}
    if _is_folder(md5) and _md5_of_list(present) == recorded.md5:
        return None
    expected = cache.members(recorded.md5) if _is_folder(recorded.md5) else {"": recorded.md5}
    names = [name for name in sorted({*present, *expected}) if present.get(name) != expected.get(name)]
    if expected and _is_folder(recorded.md5) == _is_folder(md5):
        lines = [_difference(path / name, expected.get(name), present.get(name)) for name in names]
    else:
        lines = [_difference(path, recorded.md5, md5)]
    sums = dict.fromkeys((recorded.md5, *(expected.get(name) for name in names)))
    damaged = [place for md5_sum in sums if (place := cache.damaged(md5_sum))]
    return (
        f"{'; '.join(lines)}. That is not what step {recorded.step} wrote, and nothing was computed "
        f"with it. {_remedy(root, recorded, damaged, cache)}"
    )


def _is_folder(md5: str) -> bool:
    return md5.endswith(".dir")


def _difference(path: Path, expected: str | None, present: str | None) -> str:
    if present is None:
        return f"{path} is missing"
    if expected is None:
        return f"{path} is there, where no such file was written"
    if _is_folder(expected) != _is_folder(present):
        is_now, was = ("folder", "file") if _is_folder(present) else ("file", "folder")
        return f"{path} is a {is_now}, where a {was} was written"
    return f"{path} has another content: expected MD5 {expected}, got {present}"


def _remedy(root: Path, recorded: _Recorded, damaged: list[str], cache: "_Cache") -> str:
    if not cache.exists:
        return f"Write it again: `python -m tasks run {recorded.step}`."
    removed = [path_in_command(root, path) for path in (recorded.path.as_posix(), *damaged)]
    again = f"`{shlex.join(['rm', '-rf', *removed])} && {repro_command(root, recorded.step)}`"
    if not damaged:
        return f"Remove it and let DVC restore it: {again}."
    return (
        f"DVC's own copy is damaged too and would be restored in every run: {', '.join(damaged)}. "
        f"Remove both and write them again: {again}."
    )


class _CachedFile(BaseModel):
    relpath: str
    md5: str


class _Cache:
    """DVC's cache of a workspace, opened only where an input differs."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.exists = (root / ".dvc").is_dir()
        if self.exists:
            from dvc.repo import Repo

            self._repo = Repo(str(root))

    def files(self, folder: Path) -> dict[str, str]:
        """Return the MD5s of a folder's files, without those that .dvcignore names."""
        names = _files(folder)
        if self.exists:
            ignored = self._repo.dvcignore.is_ignored_file
            names = [name for name in names if not ignored(str((folder / name).resolve()))]
        return {name: _md5_of_file(folder / name) for name in names}

    def members(self, md5: str) -> dict[str, str]:
        """Return the MD5s of a cached folder's files, if known."""
        try:
            listed = TypeAdapter(list[_CachedFile]).validate_python(read_json(self._place(md5)))
        except (DataError, OSError, ValidationError):
            return {}
        return {} if self.damaged(md5) else {file.relpath: file.md5 for file in listed}

    def damaged(self, md5: str | None) -> str | None:
        """Return the path of a cached file whose content has changed."""
        place = self._place(md5) if md5 else None
        if (
            not md5
            or not place
            or not place.is_file()
            or _md5_of_file(place) == md5.removesuffix(".dir")
        ):
            return None
        return Path(os.path.relpath(place, self._root.resolve())).as_posix()

    def _place(self, md5: str) -> Path:
        return Path(self._repo.cache.local.oid_to_path(md5)) if self.exists else self._root / "no cache"
