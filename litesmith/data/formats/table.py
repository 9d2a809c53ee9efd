"""A table ``metadata.csv`` beside pictures, as Hugging Face's ``ImageFolder`` has it.

Source: https://huggingface.co/docs/datasets/image_dataset. Columns are ``file_name``, ``label`` and, if
there is one, ``group``; others are left out. It lies beside the pictures or above their folders, or one
lies in each of ``train`` and ``test``.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import psutil

from litesmith.data.formats.archive import explaining_zip
from litesmith.data.formats.labelled import Sample, Unreadable, class_name, count_noun
from litesmith.data.formats.layout import PARTS, TABLE_NAME, Layout, is_validation
from litesmith.data.formats.listing import Format, Listing, PictureFiles, left_out_note
from litesmith.data.formats.tree import printable
from litesmith.errors import DataError, MachineError

_FILE, _LABEL, _GROUP = "file_name", "label", "group"
_COLUMNS = f"{_FILE},{_LABEL} and, if there is one, {_GROUP}"
_DELIMITERS = ",;\t|"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
# What a table takes in memory for each byte of its file.
_MEMORY_FACTOR = 20


@dataclass(frozen=True)
class _Row:
    """A row of a table; ``name`` is the path of its picture."""

    line: int
    name: str
    label: str
    group: str


def _matches(layout: Layout) -> bool:
    return bool(layout.tables)


def _listing(layout: Layout) -> Listing:
    _require_one_kind(layout)
    samples: list[Sample] = []
    unreadable: list[Unreadable] = []
    notes: list[str] = []
    for table in layout.tables:
        rows, faults = _rows(layout, table)
        rows, disagreeing, num_repeated = _distinct(layout, rows)
        found, missing = _found(layout, rows, table.rpartition("/")[0])
        samples += found
        unreadable += [*faults, *disagreeing, *missing]
        notes += _table_notes(table, num_repeated)
    samples.sort(key=lambda sample: sample.file)
    named = {sample.file for sample in samples} | {item.file for item in unreadable}
    if unnamed := {layout.full(name) for name in layout.pictures} - named:
        notes.append(f"{count_noun(len(unnamed), 'picture')} in no row of a table left out")
    pixels = PictureFiles(layout.tree, [sample.file for sample in samples])
    return Listing(tuple(samples), pixels, tuple(unreadable), (*notes, *left_out_note(layout)))


def _table_notes(table: str, num_repeated: int) -> list[str]:
    notes, folder = [], table.rpartition("/")[0]
    if num_repeated:
        notes.append(f"{count_noun(num_repeated, 'repeated row')} of {table} left out")
    if is_validation(folder):
        notes.append(f"pictures in {folder}/ count as training images")
    return notes


def _found(layout: Layout, rows: Sequence[_Row], folder: str) -> tuple[list[Sample], list[Unreadable]]:
    """Return the samples of rows whose files are there, and the other rows."""
    known = {unicodedata.normalize("NFC", name): name for name in layout.names}
    refused = {item.file: item.reason for item in layout.tree.refused}
    given = PARTS.get(folder.casefold(), "")
    tops = {row.name.partition("/")[0].casefold() for row in rows}
    by_top = not folder and tops <= PARTS.keys()
    samples, missing = [], []
    for row in rows:
        name = known.get(unicodedata.normalize("NFC", row.name))
        if name is None:
            shown = printable(layout.full(row.name))
            reason = refused.get(shown, "is missing. Put it there, or take its row out of the table.")
            missing.append(Unreadable(shown, reason))
        else:
            part = PARTS[name.partition("/")[0].casefold()] if by_top else given
            samples.append(Sample(layout.full(name), row.label, row.group, part))
    return samples, missing


def _require_one_kind(layout: Layout) -> None:
    """Raise unless there is one table, or one in each part."""
    folders = {table.rpartition("/")[0] for table in layout.tables}
    if "" in folders and len(folders) > 1:
        other = sorted(folders)[1]
        raise DataError(
            f"{layout.tree.path} holds {TABLE_NAME} and {other}/{TABLE_NAME}. Expected one at "
            "the top, or one in each of train/ and test/: remove one."
        )
    if len(layout.tables) > len(folders):
        raise DataError(
            f"{layout.tree.path} holds {' and '.join(layout.tables)}. Expected one: remove one."
        )
    parts = {folder for folder in layout.folders if folder.casefold() in PARTS}
    if "" not in folders and (bare := sorted(parts - folders)):
        raise DataError(
            f"{layout.tree.path} holds {layout.tables[0]}, and pictures in {bare[0]}/ without a table. "
            f"Expected {bare[0]}/{TABLE_NAME} too: add it."
        )


def _rows(layout: Layout, table: str) -> tuple[list[_Row], list[Unreadable]]:
    """Read a table, and what is wrong with some of its rows."""
    where, folder = layout.where(table), PurePosixPath(table).parent
    rows: list[_Row] = []
    faults: list[Unreadable] = []
    for line, file, label, group in _cells(where, _text(layout, table, where)):
        path = PurePosixPath(file.replace("\\", "/"))
        shown, name = printable(file) or f"{table}, row {line}", (folder / path).as_posix()
        if not file:
            reason = f"names no file in row {line} of {table}. Fill it in."
        elif path.is_absolute() or ".." in path.parts or path.parts[0].endswith(":"):
            reason = f"leads out of the folder, in row {line} of {table}. Name a file in it."
        elif not label:
            reason = f"has no label in row {line} of {table}. Fill it in."
        else:
            rows.append(_Row(line, name, label, group))
            continue
        faults.append(Unreadable(shown, reason))
    return rows, faults


def _distinct(layout: Layout, rows: Sequence[_Row]) -> tuple[list[_Row], list[Unreadable], int]:
    """Return distinct rows, those that disagree, and the number of repeated ones."""
    by_name: dict[str, list[_Row]] = {}
    for row in rows:
        by_name.setdefault(row.name, []).append(row)
    distinct, disagreeing, repeated = [], [], 0
    for name, same in by_name.items():
        if len({(row.label, row.group) for row in same}) == 1:
            distinct.append(same[0])
            repeated += len(same) - 1
        else:
            first, second = same[0], next(row for row in same if row != same[0])
            reason = (
                f"stands in rows {first.line} and {second.line} of its table with the labels "
                f"{first.label!r} and {second.label!r} or other groups. Leave one."
            )
            disagreeing.append(Unreadable(printable(layout.full(name)), reason))
    return distinct, disagreeing, repeated


def _text(layout: Layout, table: str, where: str) -> str:
    """Return the text of a table."""
    name = layout.full(table)
    size, available = layout.tree.size(name), psutil.virtual_memory().available
    if size * _MEMORY_FACTOR > available:
        raise MachineError(
            f"{where} has {size} bytes, and {available} bytes of memory are free. End other "
            "programs, or split the data into batches."
        )
    try:
        with explaining_zip(where), layout.tree.stream(name) as file:
            content = file.read(size + 1)
    except OSError as error:
        raise MachineError(f"cannot read {where}: {error.strerror}. Change its permissions.") from error
    if content.startswith(_UTF16_MARKS):
        raise DataError(f"{where} is UTF-16, and UTF-8 was expected. Save it as CSV in UTF-8.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, byte = content.count(b"\n", 0, error.start) + 1, content[error.start]
        raise DataError(
            f"{where}, line {line}, is not UTF-8: it has the byte 0x{byte:02x}, as Latin-1 and others "
            "have it. Save it as CSV in UTF-8."
        ) from error


def _cells(where: str, text: str) -> Iterator[tuple[int, str, str, str]]:
    """Yield number, file, label and group of each row, the header being row 1.

    Raises:
        DataError: A column is missing or stands twice, or a row has another number of cells.
    """
    # A line with which Excel is told the delimiter.
    text = re.sub(r"\Asep=.\r?\n", "", text)
    header = next(iter(text.splitlines()), "")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(header), strict=True)
    try:
        columns = [cell.strip().casefold() for cell in next(reader, [])]
        file, label, group = (_column(where, columns, name) for name in (_FILE, _LABEL, _GROUP))
        for number, row in enumerate(reader, start=2):
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            if len(cells) < len(columns) or any(cells[len(columns) :]):
                raise DataError(
                    f"{where}, row {number}, has {len(cells)} cells, and the header {len(columns)}. "
                    "Expected as many: put a cell that holds a delimiter in quotes."
                )
            yield number, cells[file], class_name(cells[label]), cells[group] if group >= 0 else ""
    except csv.Error as error:
        raise DataError(
            f"{where}, line {reader.line_num}, is not CSV: {error}. Save it as CSV again."
        ) from error


def _delimiter(header: str) -> str:
    """Return the delimiter that cuts the most known columns out of a header."""

    def num_known(delimiter: str) -> int:
        cells = {cell.strip(' "').casefold() for cell in header.split(delimiter)}
        return len(cells & {_FILE, _LABEL, _GROUP})

    return max(_DELIMITERS, key=num_known)


def _column(where: str, columns: Sequence[str], name: str) -> int:
    """Return the place of a column, -1 for an optional one."""
    if columns.count(name) > 1:
        raise DataError(
            f"{where} has {columns.count(name)} columns {name!r}. Expected one: rename others."
        )
    if name in columns:
        return columns.index(name)
    if name == _GROUP:
        return -1
    got = ", ".join(map(repr, columns[:10])) or "nothing"
    raise DataError(
        f"{where} has no column {name!r}: its header has {got}. Expected {_COLUMNS}: rename the "
        "columns, or the file if it is another kind of table."
    )


TABLE = Format(
    "table", f"a table {TABLE_NAME} with the columns {_COLUMNS} beside pictures", _matches, _listing
)
