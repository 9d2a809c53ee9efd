"""What differs between two runs, the weightiest first."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from litesmith.history.sides import Side
from litesmith.records.run import Conditions
from litesmith.records.summary import Changed
from litesmith.report.provenance import (
    PACKAGES,
    SECTIONS,
    deciding_parameters,
    hosts_together,
    rank,
    versions,
)
from litesmith.report.reference import changes

# Folders of code, by how much of the result they decide.
_FOLDERS = (
    "litesmith/data", "litesmith/training", "litesmith/search", "litesmith/compression",
    "litesmith/tflite", "litesmith/analysis", "litesmith/judging", "litesmith", "tasks", "flows",
)  # fmt: skip
_SPLIT = " split: SHA-256"


@dataclass(frozen=True)
class CodeChange:
    """What git tells of the code of two runs.

    Attributes:
        files: Paths that differ.
        num_commits: That the one has and the other does not.
        unknown: Why nothing is known; empty if it is.
    """

    files: tuple[str, ...] = ()
    num_commits: int = 0
    unknown: str = ""


@dataclass(frozen=True)
class Topic:
    """One kind of difference.

    Attributes:
        name: Of the kind.
        summary: In a sentence.
        rows: Each difference.
        differs: Whether there is any; None if that is not known.
        places: Where they are, in words.
    """

    name: str
    summary: str
    rows: tuple[Changed, ...] = ()
    differs: bool | None = True
    places: tuple[str, ...] = ()


def differences(first: Side, second: Side, code: CodeChange) -> list[Topic]:
    """Return data, code, parameters, packages and host of two runs, compared in this order.

    Data decide what can be learned, code what is made of it; parameters follow by the weight of their
    section; packages and hosts move the last digits and the times.
    """
    told = [_data(first, second), _code(first, second, code), _parameters(first, second)]
    now, before = first.made, second.made
    if now is None or before is None:
        why = _why(first, second)
        return [*told, Topic("Packages", why, differs=None), Topic("Host", why, differs=None)]
    packages = _ranked(changes(versions(now.provenance), versions(before.provenance)), PACKAGES)
    machines = changes(hosts_together(now.provenance), hosts_together(before.provenance))
    return [
        *told,
        Topic("Packages", _count(packages, "version"), packages, bool(packages)),
        Topic("Host", _count(machines, "host"), machines, bool(machines)),
    ]


def _data(first: Side, second: Side) -> Topic:
    now, before = first.made, second.made
    if now is None or before is None:
        return _by_digest("Data", first, second)
    rows = changes(now.data, before.data)
    splits = [row.name.removesuffix(_SPLIT) for row in rows if row.name.endswith(_SPLIT)]
    facts = tuple(row for row in rows if not row.name.endswith(_SPLIT))
    if not rows:
        return Topic("Data", "The same images in the same splits.", differs=False)
    summary = f"Other images in {', '.join(splits)}." if splits else "The splits are the same."
    return Topic("Data", summary, facts)


def _code(first: Side, second: Side, code: CodeChange) -> Topic:
    dirty = [side.label for side in (first, second) if side.run and side.run.record.git.dirty]
    changed = f" {' and '.join(dirty)} had changes that no commit holds." if dirty else ""
    if code.unknown:
        return Topic("Code", f"Not known: {code.unknown}.{changed}", differs=None)
    if not code.files:
        return Topic("Code", f"No file of the code differs.{changed}", differs=bool(dirty))
    folders = Counter(map(_folder, code.files))
    ranked = sorted(folders, key=lambda folder: (rank(folder, _FOLDERS), folder))
    commits = f"{code.num_commits} commit{'s' if code.num_commits != 1 else ''} apart"
    places = tuple(f"{folder} {folders[folder]}" for folder in ranked)
    counted = _count(code.files, "file").removesuffix(".")
    return Topic("Code", f"{counted}, {commits}.{changed}", places=places)


def _folder(path: str) -> str:
    """Return the package of the library that holds a file, or its ring."""
    first, *rest = path.split("/")
    return f"{first}/{rest[0]}" if first == "litesmith" and len(rest) > 1 else first


def _parameters(first: Side, second: Side) -> Topic:
    now, before = first.made, second.made
    if now is None or before is None:
        return _by_digest("Parameters", first, second)
    differing = changes(deciding_parameters(now.provenance), deciding_parameters(before.provenance))
    rows = _ranked(differing, SECTIONS)
    return Topic("Parameters", _count(rows, "parameter"), rows, bool(rows))


def _by_digest(name: str, first: Side, second: Side) -> Topic:
    """Compare what the records alone tell."""
    one, other = first.conditions, second.conditions
    if one is None or other is None:
        return Topic(name, _why(first, second), differs=None)
    same = _same_parameters(one, other) if name == "Parameters" else one.data == other.data
    if same:
        return Topic(name, "The same, by the digests in the records.", differs=False)
    why = _why(first, second)
    if same is None:
        text = f"They differ, but maybe none that decides a result. In what: {why}"
        return Topic(name, text, differs=None)
    return Topic(name, f"They differ. In what: {why}")


def _same_parameters(one: Conditions, other: Conditions) -> bool | None:
    """Tell whether all that decide results are the same, None if unknown.

    Records up to version 6 have a digest of all parameters alone.
    """
    if one.parameters == other.parameters:
        return True
    return None if None in (one.deciding, other.deciding) else one.deciding == other.deciding


def _why(first: Side, second: Side) -> str:
    reasons = [f"{side.label}: {side.missing}" for side in (first, second) if side.missing]
    return f"Not known ({'; '.join(reasons)})."


def _count(rows: Sequence[object], what: str) -> str:
    if not rows:
        return f"The same {what}s." if what != "host" else "The same host."
    return f"{len(rows)} {what}{'s differ' if len(rows) > 1 else ' differs'}."


def _ranked(rows: Iterable[Changed], order: Sequence[str]) -> tuple[Changed, ...]:
    """Return differences by weight; what only one run had last."""

    def key(row: Changed) -> tuple[bool, int]:
        return row.now is None or row.before is None, rank(row.name.partition(".")[0], order)

    return tuple(sorted(rows, key=key))
