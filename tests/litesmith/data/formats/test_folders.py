import os
from pathlib import Path

import numpy as np
import pytest

from litesmith.errors import DataError, MachineError
from tests.litesmith.data.formats.sources import cats_and_dogs, encoded, noise, read, reasons, written

PICTURE = encoded(noise(1))


def test_a_folder_for_each_class(tmp_path: Path) -> None:
    labelled = read(written(tmp_path, cats_and_dogs()))
    assert labelled.files == ("cat/0.png", "cat/1.png", "dog/0.png", "dog/1.png")
    assert labelled.labels == ("cat", "cat", "dog", "dog")
    assert labelled.given == labelled.groups == ("", "", "", "")
    assert labelled.images.dtype == np.uint8
    np.testing.assert_array_equal(labelled.images[..., 0], [noise(0), noise(1), noise(10), noise(11)])
    assert (labelled.kind, labelled.unreadable, labelled.notes) == ("folders", (), ())


def test_order_is_that_of_names_whatever_the_file_system_says(tmp_path: Path) -> None:
    names = ["b/2.png", "a/10.png", "B/1.png", "a/2.png"]
    assert read(written(tmp_path, dict.fromkeys(names, PICTURE))).files == tuple(sorted(names))


def test_train_and_test_are_given_and_validation_counts_to_train(tmp_path: Path) -> None:
    names = ["train/a/1.png", "train/b/1.png", "Test/a/1.png", "validation/b/1.png"]
    labelled = read(written(tmp_path, dict.fromkeys(names, PICTURE)))
    assert dict(zip(labelled.files, labelled.given, strict=True)) == {
        "train/a/1.png": "train",
        "train/b/1.png": "train",
        "Test/a/1.png": "test",
        "validation/b/1.png": "train",
    }
    assert labelled.labels == ("a", "a", "b", "b")
    assert labelled.notes == ("pictures in validation/ count as training images",)


def test_folders_below_a_class_count_to_it_and_say_so(tmp_path: Path) -> None:
    names = ["cat/monday/1.png", "cat/monday/am/2.png", "dog/1.png"]
    labelled = read(written(tmp_path, dict.fromkeys(names, PICTURE)))
    assert labelled.labels == ("cat", "cat", "dog")
    assert labelled.notes == ("2 pictures in folders below a class's own count to the class",)


def test_what_systems_leave_behind_is_no_sample(tmp_path: Path) -> None:
    litter = [".DS_Store", "cat/._0.png", "cat/Thumbs.db", "__MACOSX/cat/._0.png", ".git/a/b.png"]
    labelled = read(written(tmp_path, {**cats_and_dogs(1), **dict.fromkeys(litter, b"x")}))
    assert labelled.files == ("cat/0.png", "dog/0.png")
    assert (labelled.unreadable, labelled.notes) == ((), ())


def test_texts_beside_pictures_are_left_out_and_counted(tmp_path: Path) -> None:
    texts = ["README.md", "LICENSE", "cat/0.xml", "cat/notes.TXT", "cat/more.npz"]
    labelled = read(written(tmp_path, {**cats_and_dogs(1), **dict.fromkeys(texts, b"x")}))
    assert len(labelled.files) == 2
    assert labelled.notes == ("5 other files left out",)


def test_what_is_no_picture_and_what_has_no_class_are_rows_with_their_reason(tmp_path: Path) -> None:
    odd = {
        "cat/broken.jpg": b"\xff\xd8\xff",
        "cat/nothing.png": b"",
        "cat/model": b"what",
        "top.png": PICTURE,
    }
    labelled = read(written(tmp_path, {**cats_and_dogs(1), **odd}))
    assert labelled.files == ("cat/0.png", "dog/0.png")
    why = reasons(labelled)
    assert list(why) == ["cat/broken.jpg", "cat/model", "cat/nothing.png", "top.png"]
    assert why["cat/model"].startswith("is not a picture that can be read. Expected a PNG")
    assert why["top.png"] == "lies in no class's folder, so nothing says its label. Move it into one."


def test_all_pictures_damaged_is_no_end(tmp_path: Path) -> None:
    labelled = read(written(tmp_path, {"a/1.png": b"x", "b/1.png": PICTURE[:60]}))
    assert labelled.images.shape == (0, 8, 6, 1)
    assert len(labelled.unreadable) == 2


def test_an_enclosing_folder_is_looked_through(tmp_path: Path) -> None:
    files = {f"download/pets/{name}": content for name, content in cats_and_dogs(1).items()}
    labelled = read(written(tmp_path, {**files, "readme.txt": "x"}))
    assert labelled.files == ("download/pets/cat/0.png", "download/pets/dog/0.png")
    assert labelled.labels == ("cat", "dog")


def test_a_single_folder_with_pictures_in_it_is_a_class(tmp_path: Path) -> None:
    assert read(written(tmp_path, {"cat/0.png": PICTURE})).labels == ("cat",)
    labelled = read(written(tmp_path / "split", {"train/cat/0.png": PICTURE}))
    assert (labelled.labels, labelled.given) == (("cat",), ("train",))


def test_the_same_letters_written_in_two_ways_are_one_class(tmp_path: Path) -> None:
    names = ["train/caf\u00e9/1.png", "test/cafe\u0301/1.png"]
    assert set(read(written(tmp_path, dict.fromkeys(names, PICTURE))).labels) == {"caf\u00e9"}


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (
            (),
            r"holds no file\. Expected one of: a folder for each class .*; each in a folder or a \.zip",
        ),
        (("a.txt", "b.csv"), r"holds 2 files, and no picture among them\. Expected one of"),
        (("1.png", "2.jpg"), r"holds 2 files \(\.jpg, \.png\) in no class's folder and in no table\."),
        (("batch.zip",), r"in no table: name batch\.zip itself, or unpack it\."),
        (
            ("train/1.png", "test/1.png"),
            r"pictures in (train|test)/ itself, so nothing says their class\.",
        ),
        (
            ("train/a/1.png", "cat/1.png"),
            r"train/ with folders below it and cat/ beside it: are they parts",
        ),
    ],
)
def test_what_is_not_a_folder_of_classes(names: tuple[str, ...], text: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=text):
        read(written(tmp_path, dict.fromkeys(names, PICTURE)))


def test_classes_may_be_called_train_and_test_beside_others(tmp_path: Path) -> None:
    labelled = read(written(tmp_path, dict.fromkeys(["train/1.png", "plane/1.png"], PICTURE)))
    assert set(labelled.labels) == {"train", "plane"}


def test_links_are_followed_within_the_folder_alone(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(PICTURE)
    root = written(tmp_path / "set", cats_and_dogs(1))
    (root / "cat/inside.png").symlink_to("../dog/0.png")
    (root / "cat/outside.png").symlink_to(tmp_path / "secret.png")
    (root / "cat/up.png").symlink_to("../../secret.png")
    (root / "cat/gone.png").symlink_to("nowhere.png")
    (root / "cat/loop.png").symlink_to("loop.png")
    (root / "dog/all").symlink_to("../cat")
    (root / "cow").symlink_to(tmp_path)
    labelled = read(root)
    assert labelled.files == ("cat/0.png", "cat/inside.png", "dog/0.png")
    why = reasons(labelled)
    outside = "is a link that leads out of the folder. Put the file itself there."
    assert (why["cat/outside.png"], why["cat/up.png"], why["cow"]) == (outside,) * 3
    assert why["dog/all"].startswith("is a link to a folder")
    for name in ("cat/gone.png", "cat/loop.png"):
        assert why[name].startswith("is a link to something that is no file")


def test_pipes_are_not_opened(tmp_path: Path) -> None:
    root = written(tmp_path, cats_and_dogs(1))
    os.mkfifo(root / "cat/pipe.png")
    assert reasons(read(root)) == {"cat/pipe.png": "is a pipe, socket or device. Expected a file."}


@pytest.mark.parametrize(
    ("name", "shown", "reason"),
    [
        (b"a\nb.png", r"a\nb.png", "control character"),
        (b"a\x1b[2J.png", r"a\x1b[2J.png", "control character"),
        (b"a\xff.png", r"a\udcff.png", "not UTF-8"),
        (b"a\\b.png", "a\\b.png", "backslash"),
    ],
)
def test_names_that_would_not_be_written_down(
    name: bytes, shown: str, reason: str, tmp_path: Path
) -> None:
    root = written(tmp_path, cats_and_dogs(1))
    Path(os.fsdecode(os.fsencode(root / "cat") + b"/" + name)).write_bytes(PICTURE)
    ((file, why),) = reasons(read(root)).items()
    assert file == f"cat/{shown}"
    assert reason in why


def test_folders_that_are_too_deep_are_not_entered(tmp_path: Path) -> None:
    deep = "/".join(["d"] * 40)
    labelled = read(written(tmp_path, {**cats_and_dogs(1), f"cat/{deep}/1.png": PICTURE}))
    ((file, why),) = reasons(labelled).items()
    assert file.startswith("cat/d/d/")
    assert "more than 32 folders deep" in why


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_picture_without_permission_is_a_row(tmp_path: Path) -> None:
    root = written(tmp_path, cats_and_dogs(1))
    (root / "cat/0.png").chmod(0)
    assert reasons(read(root))["cat/0.png"] == "may not be read by this user. Change its permissions."


def test_a_picture_that_vanishes_is_a_row_and_a_folder_that_cannot_be_listed_an_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = written(tmp_path, cats_and_dogs(1))
    opened = Path.open

    def vanishing(path: Path, *args: str) -> object:
        if path.name == "0.png" and path.parent.name == "cat":
            path.unlink()
        return opened(path, *args)

    monkeypatch.setattr(Path, "open", vanishing)
    assert reasons(read(root))["cat/0.png"].startswith("cannot be read: No such file or directory.")

    def denied(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("os.scandir", denied)
    with pytest.raises(MachineError, match=r"cannot look into .*: Permission denied\. Change its perm"):
        read(root)
