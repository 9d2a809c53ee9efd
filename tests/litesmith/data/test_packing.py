import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from litesmith.data.packing import pack, packed_suffix
from litesmith.errors import DataError, MachineError
from tests.litesmith.data.formats.sources import cats_and_dogs, encoded, noise, read, written, zipped


def test_a_folder_becomes_an_archive_that_reads_alike(tmp_path: Path) -> None:
    files = {**cats_and_dogs(), "cat/caf\u00e9.png": encoded(noise(7)), "cat/broken.png": b"x"}
    folder = written(tmp_path / "batch", {**files, ".DS_Store": b"x", "notes.txt": "x"})
    packed = pack(folder, tmp_path / "in" / "batch.zip")
    target = tmp_path / "in" / "batch.zip"
    assert (packed.num_files, packed.size_bytes, packed.left_out) == (7, target.stat().st_size, ())
    assert [path.name for path in target.parent.iterdir()] == ["batch.zip"]
    before, after = read(folder), read(target)
    np.testing.assert_array_equal(before.images, after.images)
    for part in ("labels", "files", "groups", "given", "digests", "unreadable", "kind", "notes"):
        assert getattr(before, part) == getattr(after, part)


def test_the_original_files_are_stored_in_it(tmp_path: Path) -> None:
    files = cats_and_dogs()
    pack(written(tmp_path / "batch", files), tmp_path / "batch.zip")
    with zipfile.ZipFile(tmp_path / "batch.zip") as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == files
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    files = cats_and_dogs()
    first = written(tmp_path / "a", files)
    second = written(tmp_path / "b", dict(reversed(files.items())))
    (second / "cat/0.png").chmod(0o600)
    os.utime(second / "cat/0.png", (10**9, 10**9))
    for name, folder in (("a.zip", first), ("b.zip", second)):
        pack(folder, tmp_path / name)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_an_archive_or_arrays_are_copied_as_they_are(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", cats_and_dogs(), compression=zipfile.ZIP_DEFLATED)
    np.savez(tmp_path / "a.npz", images=noise(1, 4, 8, 6), labels=[0, 1, 0, 1])
    for path in (archive, tmp_path / "a.npz"):
        target = tmp_path / f"in{packed_suffix(path)}"
        assert pack(path, target).num_files == 1
        assert target.read_bytes() == path.read_bytes()
        assert target.suffix == path.suffix


def test_what_is_left_out_is_told(tmp_path: Path) -> None:
    folder = written(tmp_path / "batch", cats_and_dogs(1))
    (folder / "cat/secret.png").symlink_to("/etc/passwd")
    (folder / "cat/inside.png").symlink_to("0.png")
    os.mkfifo(folder / "cat/pipe")
    packed = pack(folder, tmp_path / "batch.zip")
    assert packed.num_files == 3
    assert [item.file for item in packed.left_out] == ["cat/pipe", "cat/secret.png"]
    with zipfile.ZipFile(tmp_path / "batch.zip") as archive:
        assert archive.namelist() == ["cat/0.png", "cat/inside.png", "dog/0.png"]


def test_what_is_there_is_never_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, target = written(tmp_path / "batch", cats_and_dogs(1)), tmp_path / "batch.zip"
    target.write_bytes(b"before")
    text = r"batch\.zip is there already\. Expected a name that is free: choose another\."
    with pytest.raises(DataError, match=text):
        pack(folder, target)
    # another one that comes while this one writes
    target.unlink()
    synced = os.fsync

    def late(descriptor: int) -> None:
        synced(descriptor)
        target.write_bytes(b"late")

    monkeypatch.setattr("os.fsync", late)
    with pytest.raises(DataError, match=text):
        pack(folder, target)
    assert target.read_bytes() == b"late"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["batch", "batch.zip"]


def test_file_systems_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*paths: Path) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("os.link", refused)
    pack(written(tmp_path / "batch", cats_and_dogs(1)), tmp_path / "batch.zip")
    assert len(read(tmp_path / "batch.zip").files) == 2


def test_until_it_is_whole_it_has_another_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = written(tmp_path / "batch", cats_and_dogs(1))
    seen = []

    def full(descriptor: int) -> None:
        seen.extend(path.name for path in tmp_path.iterdir() if path.is_file())
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(MachineError, match=r"cannot write .*batch\.zip: the disk is full"):
        pack(folder, tmp_path / "batch.zip")
    assert seen == [f"batch.zip.{os.getpid()}.part"]
    assert [path.name for path in tmp_path.iterdir()] == ["batch"]


def test_a_picture_that_still_grows_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = written(tmp_path / "batch", cats_and_dogs(1))
    opened = Path.open

    def growing(path: Path, *args: str) -> object:
        if path.suffix == ".png":
            with opened(path, "ab") as file:
                file.write(b"more")
        return opened(path, *args)

    monkeypatch.setattr(Path, "open", growing)
    with pytest.raises(
        DataError, match=r"cat/0\.png had \d+ bytes and has \d+: it is still being written"
    ):
        pack(folder, tmp_path / "batch.zip")
    assert [path.name for path in tmp_path.iterdir()] == ["batch"]


@pytest.mark.parametrize("name", ["gone", "a.txt"])
def test_what_is_no_source_is_not_packed(name: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(DataError, match=r"Expected one of"):
        pack(tmp_path / name, tmp_path / "batch.zip")
