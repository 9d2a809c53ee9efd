"""Reading of base and batches into one array and its tables."""

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from litesmith.data.batches import Batch, base_batch, find_batches
from litesmith.data.formats.labelled import Labelled, Unreadable, sorted_names
from litesmith.data.formats.registry import read_source
from litesmith.data.rows import NO_CLASS, Row, write_table
from litesmith.errors import DataError
from litesmith.files import explaining, replacing, write_text
from litesmith.params.sections.dataset import ImageForm, LabelledForm
from litesmith.records.form import DataForm
from litesmith.records.record import write_record

_LOG = logging.getLogger(__name__)
_KEY_BYTES = 16
# A single file in the folder of the base is the base itself.
_PACKED = ("base.zip", "base.npz")


@dataclass(frozen=True)
class _Left:
    batch: str
    file: str
    reason: str


@dataclass(frozen=True)
class _Foreign:
    """A label that is no class, as it was given."""

    row: int
    label: str


@dataclass(frozen=True)
class _Read:
    """A batch that was read, one line of the table of batches."""

    batch: str
    digest: str
    kind: str
    num_images: int
    num_unreadable: int


class Decoder:
    """Reads batches, and keeps what it read by their digests."""

    def __init__(self, cache: Path, form: ImageForm, num_workers: int) -> None:
        self._cache, self._form, self._num_workers = cache, form, num_workers

    def read(self, batch: Batch) -> Labelled:
        """Return the images of a batch, mapped into memory.

        Raises:
            ChangedError: It has changed since its digest was computed.
            DataError: As `litesmith.data.formats.registry.read_source` raises it.
            MachineError: Likewise, or the cache cannot be written.
        """
        entry = self._cache / _key(batch.digest, self._form)
        with suppress(OSError, ValueError, EOFError, TypeError, KeyError):
            labelled = _load(entry)
            os.utime(entry)
            return labelled
        labelled = read_source(batch.path, self._form, num_workers=self._num_workers)
        if batch.is_changed:
            raise ChangedError(f"{batch.path} has changed while it was read")
        _save(labelled, entry)
        return _load(entry)


class ChangedError(DataError):
    """A batch changes while it is read: read it once it is whole."""


def take_in(
    raw: Path, incoming: Path, folder: Path, form: LabelledForm, decoder: Decoder
) -> tuple[Batch, ...]:
    """Read base and batches into a folder: images, tables of them, form.

    The list of batches is fixed first. What changes while it is read is left for the next time. A batch
    that cannot be read at all is a row of the tables of batches and of what is unreadable.

    Args:
        raw: The folder of the base; empty for none.
        incoming: The folder of the batches; it may be missing.
        folder: Where the files go; see `litesmith.data.batches` for their order.
        form: Of the images and classes.
        decoder: Reads a source.

    Returns:
        The batches that were read, in their order.

    Raises:
        DataError: The base cannot be read; there is no image; or there are fewer than 2 or more than 256
            classes.
        MachineError: A file may not be read, or not be written.
    """
    batches = find_batches(incoming)
    sources = list(_read_all(raw, batches, decoder))
    if not any(len(labelled.files) for _, labelled in sources):
        raise DataError(
            f"there is no image: the data set has no base that holds one, and {incoming} no batch that "
            "can be read. Add one with `python -m tasks add FOLDER`, or name a base in its file."
        )
    classes = form.classes or _classes(sources)
    with explaining():
        folder.mkdir(parents=True, exist_ok=True)
    _write_images(folder / "images.npy", [labelled.images for _, labelled in sources], form)
    rows = list(_rows(sources, classes))
    write_table(folder / "rows.csv", Row, rows)
    write_table(folder / "foreign.csv", _Foreign, _foreign(sources, rows))
    write_table(folder / "unreadable.csv", _Left, _left(sources))
    write_table(folder / "batches.csv", _Read, [_summary(*source) for source in sources])
    shape = form.model_dump(include=set(DataForm.model_fields) - {"class_names"})
    write_record(folder / "form.json", DataForm(class_names=classes, **shape))
    return tuple(batch for batch, _ in sources)


def _read_all(raw: Path, batches: Sequence[Batch], decoder: Decoder) -> Iterator[tuple[Batch, Labelled]]:
    """Yield base and batches with their images; none where nothing can be read."""
    if path := base_path(raw):
        base = base_batch(path)
        yield base, decoder.read(base)
    for batch in batches:
        try:
            labelled = decoder.read(batch) if not batch.fault else _nothing(batch.fault)
        except ChangedError as error:
            _LOG.warning("%s: the next run reads it", error)
            continue
        except DataError as error:
            if batch.is_changed:
                _LOG.warning("%s is still changing, the next run reads it: %s", batch.path, error)
                continue
            labelled = _nothing(str(error))
        if not labelled.files:
            reason = labelled.unreadable[0].reason if labelled.unreadable else "it is empty"
            _LOG.warning("batch %s holds nothing that can be read: %s", batch.name, reason)
        yield batch, labelled


def base_path(raw: Path) -> Path | None:
    """Return the base in a folder, None if that is empty."""
    packed = [raw / name for name in _PACKED if (raw / name).is_file()]
    if packed:
        return packed[0]
    return raw if any(raw.iterdir()) else None


def _nothing(reason: str) -> Labelled:
    """Return what is known of a batch that cannot be read."""
    return Labelled(
        np.empty((0, 0, 0, 0), np.uint8), (), (), (), (), (), (Unreadable("", reason),), "unreadable", ()
    )


def _classes(sources: Sequence[tuple[Batch, Labelled]]) -> tuple[str, ...]:
    """Return the sorted names of the first source that has images."""
    batch, labelled = next(source for source in sources if source[1].files)
    names = sorted_names(labelled.labels)
    if not 2 <= len(names) <= 256:
        raise DataError(
            f"{batch.name} has images of {len(names)} classes ({', '.join(names[:3])} ...): 2 to 256 "
            "can be learnt. Name the classes in the data set's file, or give each a folder of its own."
        )
    return names


def _rows(sources: Iterable[tuple[Batch, Labelled]], classes: Sequence[str]) -> Iterator[Row]:
    indices = {name: index for index, name in enumerate(classes)}
    # A label in digits is an index, unless a class is called so.
    indices = {str(index): index for index in range(len(classes))} | indices
    for batch, labelled in sources:
        columns = (labelled.files, labelled.labels, labelled.groups, labelled.given, labelled.digests)
        for file, label, group, given, digest in zip(*columns, strict=True):
            yield Row(batch.name, file, indices.get(label, NO_CLASS), group, given, digest)


def _foreign(sources: Iterable[tuple[Batch, Labelled]], rows: Iterable[Row]) -> Iterator[_Foreign]:
    given = (label for _, labelled in sources for label in labelled.labels)
    for number, (row, label) in enumerate(zip(rows, given, strict=True)):
        if row.label == NO_CLASS:
            yield _Foreign(number, label)


def _left(sources: Iterable[tuple[Batch, Labelled]]) -> Iterator[_Left]:
    for batch, labelled in sources:
        for item in labelled.unreadable:
            yield _Left(batch.name, item.file, item.reason)


def _summary(batch: Batch, labelled: Labelled) -> _Read:
    return _Read(batch.name, batch.digest, labelled.kind, len(labelled.files), len(labelled.unreadable))


def _write_images(path: Path, parts: Sequence[NDArray[np.uint8]], form: ImageForm) -> None:
    """Write all images into one file, a part at a time."""
    shape = (sum(len(part) for part in parts), form.height, form.width, form.channels)
    with replacing(path) as new:
        images = np.lib.format.open_memmap(new, mode="w+", dtype=np.uint8, shape=shape)
        end = 0
        for part in parts:
            if len(part):
                images[end : end + len(part)] = part
                end += len(part)
        images.flush()


def _key(digest: str, form: ImageForm) -> str:
    """Return the name of the entry of a source in a form."""
    shape = form.model_dump(mode="json", include=set(ImageForm.model_fields))
    text = json.dumps([digest, shape], sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=_KEY_BYTES).hexdigest()


def _save(labelled: Labelled, entry: Path) -> None:
    """Write an entry of the cache in one step."""
    new = entry.with_name(f"{entry.name}.part{os.getpid()}")
    columns = {
        "labels": labelled.labels,
        "files": labelled.files,
        "groups": labelled.groups,
        "given": labelled.given,
        "digests": labelled.digests,
        "unreadable": [[item.file, item.reason] for item in labelled.unreadable],
        "kind": labelled.kind,
        "notes": labelled.notes,
    }
    with explaining():
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        np.save(new / "images.npy", labelled.images, allow_pickle=False)
        write_text(new / "rows.json", json.dumps(columns))
        shutil.rmtree(entry, ignore_errors=True)
        new.rename(entry)


def _load(entry: Path) -> Labelled:
    """Return an entry of the cache.

    Raises:
        OSError, ValueError, EOFError, TypeError, KeyError: It is missing or damaged.
    """
    images = np.load(entry / "images.npy", mmap_mode="r", allow_pickle=False)
    columns = json.loads((entry / "rows.json").read_text(encoding="utf-8"))
    unreadable = tuple(Unreadable(*item) for item in columns.pop("unreadable"))
    kind = columns.pop("kind")
    texts = {name: tuple(values) for name, values in columns.items()}
    if len({len(images), *(len(texts[name]) for name in ("labels", "files", "groups", "given"))}) != 1:
        raise ValueError(f"{entry} is damaged")
    return Labelled(images=images, unreadable=unreadable, kind=kind, **texts)
