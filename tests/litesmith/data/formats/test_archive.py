import struct
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from litesmith.errors import DataError, MachineError
from tests.litesmith.data.formats.sources import (
    cats_and_dogs,
    encoded,
    noise,
    read,
    reasons,
    written,
    zipped,
)

PICTURE = encoded(noise(1))


@pytest.mark.parametrize("enclosing", ["", "batch 7/", "./", "a/b/"])
@pytest.mark.parametrize("packed", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_an_archive_reads_like_its_folder(enclosing: str, packed: int, tmp_path: Path) -> None:
    files = cats_and_dogs()
    folder = read(written(tmp_path / "folder", files))
    path = zipped(
        tmp_path / "b.zip", {f"{enclosing}{name}": files[name] for name in files}, compression=packed
    )
    labelled = read(path)
    np.testing.assert_array_equal(labelled.images, folder.images)
    assert (labelled.labels, labelled.digests) == (folder.labels, folder.digests)
    prefix = enclosing.removeprefix("./")
    assert labelled.files == tuple(f"{prefix}{name}" for name in folder.files)


def test_an_archive_of_any_name_and_litter_in_it(tmp_path: Path) -> None:
    litter = dict.fromkeys(["__MACOSX/cat/._0.png", "cat/.DS_Store", "cat/", "Thumbs.db"], b"")
    labelled = read(zipped(tmp_path / "download", {**litter, **cats_and_dogs(1)}))
    assert labelled.files == ("cat/0.png", "dog/0.png")
    assert labelled.unreadable == ()


def test_folders_as_old_tools_on_windows_write_them(tmp_path: Path) -> None:
    files = {name.replace("/", "\\"): content for name, content in cats_and_dogs(1).items()}
    assert read(zipped(tmp_path / "b.zip", files)).labels == ("cat", "dog")


HOSTILE = {
    "/etc/cat/1.png": "leads out of the archive",
    "../cat/1.png": "leads out of the archive",
    "cat/../../1.png": "leads out of the archive",
    "c:/cat/1.png": "leads out of the archive",
    "cat//1.png": "has an empty part in its name",
    "cat/\x07.png": "has a control character in its name",
    "cat/a\\1.png": "has a backslash in its name",
    "cat/" + "d/" * 40 + "1.png": "lies more than 32 folders deep",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_names_that_are_refused(name: str, tmp_path: Path) -> None:
    labelled = read(zipped(tmp_path / "b.zip", {**cats_and_dogs(1), name: PICTURE}))
    assert labelled.files == ("cat/0.png", "dog/0.png")
    ((file, why),) = reasons(labelled).items()
    assert why.startswith(HOSTILE[name])
    assert file.isprintable()


def test_a_name_that_goes_on_behind_a_zero_is_taken_whole(tmp_path: Path) -> None:
    path = zipped(tmp_path / "b.zip", {**cats_and_dogs(1), "cat/1.pngX../up": PICTURE})
    path.write_bytes(path.read_bytes().replace(b"cat/1.pngX../up", b"cat/1.png\0../up"))
    assert "control character" in reasons(read(path))["cat/1.png\\x00../up"]


def test_a_name_that_is_not_utf8_ends_it(tmp_path: Path) -> None:
    path = zipped(tmp_path / "b.zip", {**cats_and_dogs(1), "cat/caf\u00e9.png": PICTURE})
    path.write_bytes(path.read_bytes().replace("\u00e9".encode(), b"\xc3\xc3"))
    with pytest.raises(DataError, match=r"b\.zip is not sound: .*decode byte 0xc3"):
        read(path)


def with_entry(path: Path, **changes: int) -> Path:
    """Add a picture to an archive of two, by an entry with other attributes."""
    zipped(path, cats_and_dogs(1))
    info = zipfile.ZipInfo("cat/odd.png")
    for name, value in changes.items():
        setattr(info, name, value)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(info, PICTURE, info.compress_type)
    return path


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"external_attr": 0o120777 << 16}, "is a link or device in the archive"),
        ({"external_attr": 0o010644 << 16}, "is a link or device in the archive"),
        ({"compress_type": zipfile.ZIP_BZIP2}, "is packed in another way than stored or deflated"),
        ({"compress_type": zipfile.ZIP_LZMA}, "is packed in another way than stored or deflated"),
    ],
)
def test_entries_that_are_refused(changes: dict[str, int], reason: str, tmp_path: Path) -> None:
    why = reasons(read(with_entry(tmp_path / "b.zip", **changes)))
    assert list(why) == ["cat/odd.png"]
    assert why["cat/odd.png"].startswith(reason)


def patched(path: Path, offset: int, value: bytes) -> Path:
    """Change a field in the list's entry of ``cat/odd.png``."""
    content = bytearray(with_entry(path).read_bytes())
    start = content.rindex(b"PK\x01\x02")
    content[start + offset : start + offset + len(value)] = value
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("offset", "value", "reason"),
    [
        (8, b"\x01\0", "is encrypted. Pack it without a password."),
        (10, b"\x63\0", "is packed in another way than stored or deflated"),
        (16, b"\1\2\3\4", "cannot be read: Bad CRC-32 for file 'cat/odd.png'"),
        (24, struct.pack("<I", 2**31), "states 2147483648 bytes, more than its"),
        (24, struct.pack("<I", len(PICTURE) * 1000), "is not whole: expected"),
        (24, struct.pack("<I", 10), "cannot be read: Bad CRC-32"),
        (42, struct.pack("<I", 0), "cat/odd.png"),
    ],
)
def test_entries_that_lie(offset: int, value: bytes, reason: str, tmp_path: Path) -> None:
    labelled = read(patched(tmp_path / "b.zip", offset, value))
    assert labelled.files == ("cat/0.png", "dog/0.png")
    assert reason in "cat/odd.png " + reasons(labelled)["cat/odd.png"]


def test_an_entry_that_stands_twice_is_left_out(tmp_path: Path) -> None:
    path = zipped(tmp_path / "b.zip", cats_and_dogs(1))
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("cat/0.png", PICTURE)
    labelled = read(path)
    assert labelled.files == ("dog/0.png",)
    assert reasons(labelled) == {"cat/0.png": "stands 2 times in the archive. Pack it once."}


def test_entries_that_share_their_bytes_end_it(tmp_path: Path) -> None:
    path = zipped(
        tmp_path / "b.zip", {f"cat/{row}.png": encoded(noise(row, 90, 90)) for row in range(9)}
    )
    content = path.read_bytes()
    first, second = (
        content.index(b"PK\x01\x02", start) for start in (0, content.index(b"PK\x01\x02") + 1)
    )
    entry = content[first:second]
    copies = b"".join(entry.replace(b"cat/0", b"c%02d/0" % row) for row in range(60))
    end = bytearray(content[content.index(b"PK\x05\x06") :])
    end[8:16] = struct.pack("<2HI", 60, 60, len(copies))
    path.write_bytes(content[:first] + copies + end)
    with pytest.raises(DataError, match=r"states more packed bytes than it has: its entries overlap"):
        read(path)


def test_a_bomb_is_refused_by_what_it_states_and_not_unpacked(tmp_path: Path) -> None:
    files = {**cats_and_dogs(1), "cat/bomb.png": bytes(540_000_000)}
    path = zipped(tmp_path / "b.zip", files, compression=zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 600_000
    tracemalloc.start()
    try:
        labelled = read(path)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
    assert reasons(labelled)["cat/bomb.png"].startswith("has 540000000 bytes, more than 536870912")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", r"is no zip archive and no \.npz file: it begins with b''"),
        (b"\x1f\x8b\x08\0", r"it begins with b'\\x1f\\x8b\\x08\\x00'\. Expected one of"),
        (b"PK\x03\x04", r"is not a zip archive, or was cut short"),
        (b"PK\x05\x06" + bytes(18), r"holds no file"),
        (b"PK\x05\x06" + bytes(4) + b"\x09\0\x09\0" + b"\xff" * 8 + bytes(2), r"is not sound"),
    ],
)
def test_what_is_no_archive(content: bytes, text: str, tmp_path: Path) -> None:
    (tmp_path / "b.zip").write_bytes(content)
    with pytest.raises(DataError, match=text):
        read(tmp_path / "b.zip")


@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_an_archive_that_was_cut_short(share: float, tmp_path: Path) -> None:
    path = zipped(tmp_path / "b.zip", cats_and_dogs(20))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(DataError, match=r"is not a zip archive, or was cut short"):
        read(path)


def test_a_list_larger_than_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Memory:
        available = 1_000

    path = zipped(tmp_path / "b.zip", cats_and_dogs(20))
    monkeypatch.setattr("psutil.virtual_memory", Memory)
    with pytest.raises(MachineError, match=r"lists its entries in \d+ bytes, and 1000 bytes of memory"):
        read(path)


@pytest.mark.parametrize("seed", range(30))
def test_damaged_archives_are_read_in_part_or_refused(seed: int, tmp_path: Path) -> None:
    path = zipped(tmp_path / "b.zip", cats_and_dogs(3), compression=zipfile.ZIP_DEFLATED)
    content, rng = bytearray(path.read_bytes()), np.random.default_rng(seed)
    for place in rng.integers(0, len(content), 12):
        content[place] = rng.integers(0, 256)
    path.write_bytes(content)
    try:
        labelled = read(path)
    except DataError as error:
        assert str(path) in str(error)
    else:
        assert len(labelled.files) + len(labelled.unreadable) <= 6 + 12
