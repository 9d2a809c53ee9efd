from pathlib import Path

import numpy as np
import pytest

from litesmith.errors import DataError, MachineError
from tests.litesmith.data.formats.sources import encoded, noise, read, reasons, written

PICTURES = {f"{name}.png": encoded(noise(row)) for row, name in enumerate("abc")}
TABLE = "file_name,label\na.png,cat\nb.png,dog\nc.png,cat\n"


def labels_of(folder: Path, table: str | bytes) -> dict[str, str]:
    labelled = read(written(folder, {**PICTURES, "metadata.csv": table}))
    assert labelled.kind == "table"
    return dict(zip(labelled.files, labelled.labels, strict=True))


EXPECTED = {"a.png": "cat", "b.png": "dog", "c.png": "cat"}


@pytest.mark.parametrize(
    "table",
    [
        TABLE,
        TABLE.rstrip(),
        TABLE.replace("\n", "\r\n"),
        "\ufeff" + TABLE,
        TABLE.replace(",", ";"),
        TABLE.replace(",", "\t"),
        "sep=;\n" + TABLE.replace(",", ";"),
        '"file_name","label"\n"a.png","cat"\n"b.png","dog"\n"c.png","cat"\n',
        "File_Name, Label \n a.png , cat \n./b.png,dog\nc.png,cat\n\n,\n",
        'id,label,note,file_name\n1,cat,"a, b\nand c",a.png\n2,dog,,b.png\n3,cat,x,c.png\n',
        "file_name,label\nc.png,cat,\nb.png,dog\na.png,cat\n",
    ],
)
def test_tables_as_they_come(table: str, tmp_path: Path) -> None:
    assert labels_of(tmp_path, table) == EXPECTED


def test_order_is_that_of_files_not_of_rows(tmp_path: Path) -> None:
    labelled = read(written(tmp_path, {**PICTURES, "metadata.csv": "label,file_name\nx,c.png\ny,a.png"}))
    assert labelled.files == ("a.png", "c.png")
    np.testing.assert_array_equal(labelled.images[..., 0], [noise(0), noise(2)])
    assert labelled.notes == ("1 picture in no row of a table left out",)


def test_groups_are_read_where_there_are_some(tmp_path: Path) -> None:
    table = "file_name,group,label\na.png,cup 1,x\nb.png,,y\nc.png,cup 1,x\n"
    assert read(written(tmp_path, {**PICTURES, "metadata.csv": table})).groups == ("cup 1", "", "cup 1")


def test_pictures_may_lie_in_folders_and_names_in_another_form(tmp_path: Path) -> None:
    files = {"p/a.png": PICTURES["a.png"], "caf\u00e9.png": PICTURES["b.png"]}
    table = "file_name,label\np\\a.png,x\ncafe\u0301.png,y\n"
    labelled = read(written(tmp_path, {**files, "metadata.csv": table}))
    assert labelled.files == ("caf\u00e9.png", "p/a.png")
    assert labelled.labels == ("y", "x")


def test_a_table_in_each_of_train_and_test(tmp_path: Path) -> None:
    one = "file_name,label\na.png,x\n"
    folders = ("train", "val", "test")
    files = {f"{folder}/a.png": PICTURES["a.png"] for folder in folders}
    tables = {f"{folder}/metadata.csv": one for folder in folders}
    labelled = read(written(tmp_path, {**files, **tables}))
    assert labelled.files == ("test/a.png", "train/a.png", "val/a.png")
    assert labelled.given == ("test", "train", "train")
    assert labelled.notes == ("pictures in val/ count as training images",)


def test_one_table_over_train_and_test(tmp_path: Path) -> None:
    files = {"train/a.png": PICTURES["a.png"], "test/b.png": PICTURES["b.png"]}
    table = "file_name,label\ntrain/a.png,x\ntest/b.png,y\n"
    assert read(written(tmp_path, {**files, "metadata.csv": table})).given == ("test", "train")


def test_a_table_goes_before_the_folders_that_it_lies_above(tmp_path: Path) -> None:
    files = {"left/a.png": PICTURES["a.png"], "right/b.png": PICTURES["b.png"]}
    table = "file_name,label\nleft/a.png,x\nright/b.png,y\n"
    assert read(written(tmp_path, {**files, "metadata.csv": table})).labels == ("x", "y")


ROWS = {
    "gone.png,cat": ("gone.png", "is missing. Put it there"),
    "/etc/passwd,cat": ("/etc/passwd", "leads out of the folder, in row 2 of metadata.csv"),
    "../up.png,cat": ("../up.png", "leads out of the folder"),
    "x/../../up.png,cat": ("x/../../up.png", "leads out of the folder"),
    "c:\\up.png,cat": ("c:\\\\up.png", "leads out of the folder"),
    "a.png,": ("a.png", "has no label in row 2 of metadata.csv"),
    ",cat": ("metadata.csv, row 2", "names no file in row 2"),
    "a.png,cat\na.png,dog": (
        "a.png",
        "stands in rows 2 and 3 of its table with the labels 'cat' and 'dog'",
    ),
}


@pytest.mark.parametrize("row", ROWS)
def test_rows_that_cannot_be_read(row: str, tmp_path: Path) -> None:
    table = f"file_name,label\n{row}\nb.png,dog\n"
    labelled = read(written(tmp_path, {**PICTURES, "metadata.csv": table}))
    assert labelled.files == ("b.png",)
    file, reason = ROWS[row]
    ((actual, why),) = reasons(labelled).items()
    assert actual == file.replace("\\\\", "\\")
    assert why.startswith(reason)


def test_a_link_that_leads_out_is_named_once_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "up.png").write_bytes(PICTURES["a.png"])
    root = written(tmp_path / "set", {**PICTURES, "metadata.csv": "file_name,label\nl.png,x\na.png,y\n"})
    (root / "l.png").symlink_to("../up.png")
    assert list(reasons(read(root))) == ["l.png"]
    assert "leads out of the folder" in reasons(read(root))["l.png"]


def test_rows_that_stand_twice_count_once(tmp_path: Path) -> None:
    table = TABLE + "a.png,cat\n"
    labelled = read(written(tmp_path, {**PICTURES, "metadata.csv": table}))
    assert labelled.files == ("a.png", "b.png", "c.png")
    assert labelled.notes == ("1 repeated row of metadata.csv left out",)


@pytest.mark.parametrize(
    ("table", "text"),
    [
        (
            "",
            r"metadata\.csv has no column 'file_name': its header has nothing\. Expected file_name,label",
        ),
        ("name,label\na.png,x", r"no column 'file_name': its header has 'name', 'label'\. .*rename the"),
        ("file_name,class\na.png,x", r"no column 'label': its header has 'file_name', 'class'"),
        ("file_name,label,LABEL\na.png,x,y", r"has 2 columns 'label'\. Expected one"),
        ("file_name,label\na,b.png,cat", r"row 2, has 3 cells, and the header 2\. .*in quotes"),
        ("file_name,label\na.png", r"row 2, has 1 cells, and the header 2"),
        ('file_name,label\n"a.png,cat', r"is not CSV: unexpected end of data"),
        ('file_name,label\n"a"x.png,cat', r"line 2, is not CSV: ',' expected after '\"'"),
        (f"file_name,label\na.png,{'x' * 200_000}", r"is not CSV: field larger than field limit"),
        (TABLE.encode("utf-16"), r"is UTF-16, and UTF-8 was expected\. Save it as CSV in UTF-8"),
        (TABLE.replace("dog", "ch\u00e9").encode("latin-1"), r"line 3, is not UTF-8: .* byte 0xe9"),
        ("file_name,label\n", r"holds no image with a label"),
    ],
)
def test_tables_that_cannot_be_read(table: str | bytes, text: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=text):
        labels_of(tmp_path, table)


def test_names_that_no_file_can_have_are_missing(tmp_path: Path) -> None:
    table = "file_name,label\na\0.png,x\na.png,y\n"
    labelled = read(written(tmp_path, {**PICTURES, "metadata.csv": table}))
    assert labelled.files == ("a.png",)
    assert list(reasons(labelled)) == [r"a\x00.png"]


@pytest.mark.parametrize(
    ("tables", "text"),
    [
        (
            ("metadata.csv", "train/metadata.csv"),
            r"metadata\.csv and train/metadata\.csv\. Expected one",
        ),
        (("train/metadata.csv",), r"train/metadata\.csv, and pictures in test/ without a table\."),
        (("metadata.csv", "Metadata.csv"), r"Metadata\.csv and metadata\.csv\. Expected one"),
    ],
)
def test_tables_that_contradict_each_other(tables: tuple[str, ...], text: str, tmp_path: Path) -> None:
    pictures = dict.fromkeys(["train/a.png", "test/a.png"], PICTURES["a.png"])
    with pytest.raises(DataError, match=text):
        read(written(tmp_path, {**pictures, **dict.fromkeys(tables, TABLE)}))


def test_a_table_larger_than_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Memory:
        available = 100

    monkeypatch.setattr("psutil.virtual_memory", Memory)
    with pytest.raises(
        MachineError, match=r"metadata\.csv has 46 bytes, and 100 bytes of memory are free"
    ):
        labels_of(tmp_path, TABLE)
