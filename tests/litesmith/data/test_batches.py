import os
from pathlib import Path

import pytest

from litesmith.data.batches import base_batch, batch_paths, content_digest, find_batches
from tests.batch_sets import write_arrays, write_pictures


def test_batches_are_found_in_the_order_of_their_names(tmp_path: Path) -> None:
    write_pictures(tmp_path / "c", 1, 1)
    write_arrays(tmp_path / "b.npz", 3, 2)
    write_arrays(tmp_path / "a.v2.npz", 3, 3)
    for name in ("README.md", ".add-1.zip.part", "d.zip.part", ".hidden.npz"):
        (tmp_path / name).write_text("none")
    (tmp_path / "e.part").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "c")
    batches = find_batches(tmp_path)
    assert [(batch.name, batch.kind, batch.fault) for batch in batches] == [
        ("a.v2", "npz", ""),
        ("b", "npz", ""),
        ("c", "folder", ""),
    ]
    assert len({batch.digest for batch in batches}) == 3
    assert find_batches(tmp_path / "none") == ()


def test_what_cannot_be_told_apart_or_shown_is_no_batch_and_says_why(tmp_path: Path) -> None:
    for name in ("a.npz", "a.zip", "base.zip", "x\ny.zip"):
        (tmp_path / name).write_bytes(name.encode())
    faults = {batch.name: batch.fault for batch in find_batches(tmp_path)}
    assert faults == {
        "a.npz": "is not the only batch of the name a. Give it another.",
        "a.zip": "is not the only batch of the name a. Give it another.",
        "'base'": "is called base, as what is there before any batch. Give it another name.",
        "'x\\ny'": "has a name that cannot be shown. Give it another.",
    }


def test_the_digest_is_of_names_and_bytes_alone(tmp_path: Path) -> None:
    first, second = write_pictures(tmp_path / "a", 2, 1), write_pictures(tmp_path / "b", 2, 1)
    digest = content_digest(first)
    assert content_digest(second) == digest
    os.utime(second / "ant/000.png", (1, 1))
    (second / "ant/new.png.part").write_bytes(b"on its way")
    assert content_digest(second) == digest
    (second / "ant/000.png").rename(second / "ant/00.png")
    assert content_digest(second) != digest
    (first / "ant/000.png").write_bytes(b"other")
    assert content_digest(first) != digest


def test_a_change_is_seen(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "a", 2, 1)
    (batch,) = find_batches(tmp_path)
    assert not batch.is_changed
    (folder / "fly/more.png").write_bytes(b"more")
    assert batch.is_changed
    assert not base_batch(folder).is_changed


def test_a_batch_that_vanishes_or_grows_meanwhile_is_not_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_arrays(tmp_path / "a.npz", 3, 1)
    write_arrays(tmp_path / "b.npz", 3, 2)
    write_arrays(tmp_path / "c.npz", 3, 3)

    def _digest(path: Path) -> str:
        if path.name == "a.npz":
            path.unlink()
        if path.name == "b.npz":
            path.write_bytes(b"half")
        return content_digest(path)

    monkeypatch.setattr("litesmith.data.batches.content_digest", _digest)
    assert [batch.name for batch in find_batches(tmp_path)] == ["c"]
    assert [path.name for path in batch_paths(tmp_path)] == ["b.npz", "c.npz"]
