import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest
from dvc.utils.serialize import parse_yaml
from ruamel.yaml import YAML

from litesmith.errors import DataError, MachineError, ParamsError
from litesmith.files import (
    explaining,
    read_json,
    read_yaml,
    replacing,
    write_json,
    write_text,
    yaml_text,
)

PROJECT = Path(__file__).parents[2]


def test_writes_whole_files_and_makes_folders(tmp_path: Path) -> None:
    target = tmp_path / "a" / "b.json"
    write_json(target, {"label": "Straße", "n": 1})
    assert read_json(target) == {"label": "Straße", "n": 1}
    assert target.read_text().endswith("}\n")
    assert [path.name for path in target.parent.iterdir()] == ["b.json"]


def test_a_failing_writer_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "model.h5"
    target.write_text("old")
    with pytest.raises(RuntimeError), replacing(target) as part:
        part.write_text("half")
        raise RuntimeError
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["model.h5"]


def test_the_temporary_name_keeps_the_suffix(tmp_path: Path) -> None:
    with replacing(tmp_path / "model.h5") as part:
        assert part.suffix == ".h5"
        assert part.parent == tmp_path
        part.touch()


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ENOSPC, "the disk is full: free some space"),
        (errno.EROFS, "mounted read-only"),
        (errno.EACCES, "may not be written by this user"),
    ],
)
def test_a_machine_that_cannot_write_is_explained(tmp_path: Path, number: int, reason: str) -> None:
    target = tmp_path / "report.html"
    target.write_text("old")
    with pytest.raises(MachineError, match=reason) as caught, replacing(target) as part:
        part.write_text("half")
        raise OSError(number, "from the system")
    assert str(target) in str(caught.value)
    assert "No file is left half-written." in str(caught.value)
    assert target.read_text() == "old"


def test_an_explained_error_names_the_file_that_the_system_named() -> None:
    with (
        pytest.raises(MachineError, match=r"cannot write results/fetch\.json: the disk is full"),
        explaining(),
    ):
        raise OSError(errno.ENOSPC, "from the system", "results/fetch.json")


def test_a_file_that_may_not_be_read_is_not_called_unwritable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model.h5").touch()
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(MachineError, match=r"cannot read .*model\.h5: this user may not"), explaining():
        raise OSError(errno.EACCES, "from the system", str(tmp_path / "model.h5"))


@pytest.mark.parametrize("target", ["a file", "/nonexistent", "results"])
def test_what_stands_in_the_place_of_a_folder_is_explained(tmp_path: Path, target: str) -> None:
    (tmp_path / "a file").touch()
    (tmp_path / "results").symlink_to(target)
    with pytest.raises(
        MachineError,
        match=r"cannot write .*fetch\.json: (a file, or a link that|links lead in a circle)",
    ):
        write_text(tmp_path / "results/fetch.json", "{}")


def test_a_folder_in_the_place_of_a_file_is_explained(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="a folder stands where a file is expected: move it away"):
        write_text(tmp_path, "a folder is no file")


def test_other_system_errors_pass(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="from the system"), replacing(tmp_path / "a"):
        raise OSError(errno.EBADF, "from the system")


def test_json_has_no_word_for_nan(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "x.json", {"loss": float("nan")})
    assert not (tmp_path / "x.json").exists()
    assert json.dumps(float("nan")) == "NaN"


def _yaml(tmp_path: Path, content: str | bytes) -> Any:
    path = tmp_path / "params.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_yaml(path)


_LAUGH = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
_MERGES = "a: &a {x: 1}\n" + "".join(
    f"{name}: &{name} {{<<: [{', '.join([f'*{before}'] * 10)}]}}\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        ("a:\n\tb: 1\n", 2, r"Indent with spaces: this is a tab\."),
        ("a: 1\n\tb: 2\n", 2, r"Indent with spaces: this is a tab\."),
        ("a: [1\n", 2, "is not valid YAML"),
        ("a: @b\n", 1, "cannot start any token"),
        ("a: 1\nb: 2\na: 3\n", 3, 'found duplicate key "a"'),
        ("{a: 1, a: 2}\n", 1, 'found duplicate key "a"'),
        (_LAUGH, 6, r"aliases stand for more than 1,000,000 values here\."),
        (_MERGES, 7, r"aliases stand for more than 1,000,000 values here\."),
        ("a: &a\n  b: *a\n", 2, r"\*a stands for something that it is a part of itself\."),
        ("a: *b\n", 1, "found undefined alias"),
        ("\n" + "[" * 100_000, 2, r"nested more than 100 deep here\."),
        ("a: 1\n---\nb: 2\n", 2, "a second document begins here, and one was expected: remove it"),
        (
            "b: 1\na: é\n".encode("latin-1"),
            2,
            r"is not UTF-8: it has the byte 0xe9.*Save the file as UTF-8\.",
        ),
        (bytes(range(32, 256)), 1, "is not UTF-8: it has the byte 0x80"),
        ("a: 1\n".encode("utf-16"), 1, r"is UTF-16, and UTF-8 was expected\. Save the file as UTF-8\."),
        ("a: 1\n".encode("utf-32"), 1, r"is UTF-16, and UTF-8 was expected\."),
        (
            "a: 1\n".encode("utf-16-le"),
            1,
            r"has the control character '\\x00'.*save the file as UTF-8\.",
        ),
        ("a: 1\n".encode("utf-16-be"), 1, r"has the control character '\\x00'"),
        ("a: 1\nb: \0\n", 2, r"has the control character '\\x00'"),
        ("a: 1\nb: \x1b[31m\n", 2, r"has the control character '\\x1b'"),
        ("a: 1\nb: " + "9" * 5000, 2, "'9999999999.* is not a value of this kind"),
        ("a: 0x" + "f" * 100_000, 1, r"a whole number must fit into 64 bits, got 0xfff"),
        ("a: 1\nb: 9223372036854775808\n", 2, r"must fit into 64 bits, got 9223372036854775808\."),
        ("a: 2026-99-99\n", 1, "'2026-99-99' is not a value of this kind .month must be in"),
        ("{a: 1}: 2\n", 1, "found unhashable key"),
        (
            "a: !!python/object/apply:os.system [exit]\n",
            1,
            "could not determine a constructor for the tag",
        ),
        ("a: !!int x\n", 1, "'x' is not a value of this kind"),
        ("a:\n  ? - - b\n  : 1\n", 2, "a name must be a word or a number, not a list or a mapping"),
        ("a: {{b: [1]}: 2}\n", 1, "found unhashable key"),
        ("a: 1\nb: {<<: 3}\n", 2, "expected a mapping"),
    ],
)
def test_yaml_that_cannot_be_read_is_refused_with_file_and_line(
    tmp_path: Path, content: str | bytes, line: int, message: str
) -> None:
    with pytest.raises(ParamsError, match=rf"(?s)params\.yaml, line {line}, .*{message}") as caught:
        _yaml(tmp_path, content)
    assert len(str(caught.value)) < 500


def test_what_is_no_file_with_yaml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    for name, message in {
        "folder": "is a folder, and a YAML file was expected",
        "pipe": "is a pipe or a device, and a YAML file was expected",
        "loop": "cannot be read: Too many levels of symbolic links",
        "none": r"is missing\. Run from the project's folder, or restore the file\.",
    }.items():
        with pytest.raises(ParamsError, match=rf"{name}\.yaml {message}"):
            read_yaml(tmp_path / f"{name}.yaml")


def test_yaml_that_may_not_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(path: Path) -> bytes:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    (tmp_path / "params.yaml").touch()
    monkeypatch.setattr(Path, "read_bytes", refusing)
    with pytest.raises(
        ParamsError, match=r"params\.yaml cannot be read: Permission denied\. Change its permissions\."
    ):
        read_yaml(tmp_path / "params.yaml")


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("On", "On"),
        ("y", "y"),
        ("12:30", "12:30"),
        ("017", 17),
        ("0o17", 15),
        ("1e-06", 1e-6),
        ("1E-6", 1e-6),
        (".1e-5", 1e-6),
        ("true", True),
        ("~", None),
        ("café", "café"),
        ('"no"', "no"),
    ],
)
def test_yaml_is_read_as_version_1_2_has_it_as_dvc_does(
    tmp_path: Path, written: str, value: object
) -> None:
    content = _yaml(tmp_path, f"a: {written}\n")
    assert content == {"a": value}
    assert type(content["a"]) is type(value)
    assert parse_yaml(f"a: {written}\n", "params.yaml") == content


def test_a_byte_order_mark_of_utf_8_aliases_and_merges_are_taken(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbfa: &a {x: 1}\nb: {<<: *a, y: 2}\nc: [*a, *a]\n"
    assert _yaml(tmp_path, content) == {"a": {"x": 1}, "b": {"x": 1, "y": 2}, "c": [{"x": 1}, {"x": 1}]}
    assert parse_yaml(content.decode(), "params.yaml") == _yaml(tmp_path, content)


def _read_as_1_1(text: str) -> Any:
    yaml = YAML(typ="safe", pure=True)
    yaml.version = (1, 1)
    return yaml.load(text)


_OLD = {"no": False, "On": True, "12:30": 750, "017": 15}


@pytest.mark.parametrize(("written", "value"), _OLD.items())
def test_yaml_1_1_reads_some_words_otherwise(written: str, value: object) -> None:
    assert _read_as_1_1(written) == value


def _written_by_people() -> list[Path]:
    folders = [PROJECT / name for name in ("profiles", "benchmarks", "tests/flows")]
    names = [PROJECT / f"{name}.yaml" for name in ("params", "versions", "prefect")]
    return [*names, *(path for folder in folders for path in sorted(folder.rglob("*.yaml")))]


@pytest.mark.parametrize("path", _written_by_people(), ids=lambda path: path.stem)
def test_no_value_of_the_project_depends_on_the_version_of_yaml(path: Path) -> None:
    assert read_yaml(path)
    assert read_yaml(path) == _read_as_1_1(path.read_text(encoding="utf-8"))


def test_yaml_is_written_so_that_readers_of_both_versions_read_the_same() -> None:
    content = {
        "b": [
            "no",
            "Off",
            "12:30",
            "017",
            "1e3",
            "",
            "x: y",
            "- a",
            "2026-01-01",
            "~",
            "été",
            "null",
            "=",
            "1_000",
        ],
        "a": {"n": 1e-6, "y": 0.5, "none": None, "flag": True},
    }
    text = yaml_text(content)
    assert parse_yaml(text, "x.yaml") == content
    # They read 1e-06 as different things, and the names of axes in dvc.yaml are words for DVC.
    lists = "\n".join(line for line in text.splitlines() if not line.startswith(("a:", " ")))
    assert _read_as_1_1(lists) == {"b": content["b"]}
    assert text.startswith("b:\n- 'no'\n- 'Off'\n- '12:30'\n") and "- été\n" in text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not JSON: Expecting value"),
        (b"{", "is not JSON"),
        (b"<<<<<<< HEAD", "is not JSON"),
        ('{"a": "é"}'.encode("latin-1"), "is not JSON: 'utf-8' codec can't decode byte 0xe9"),
        ('{"a": 1}'.encode("utf-16"), "is not JSON"),
        (b'{"a": NaN}', "is not JSON: NaN is not a number that JSON knows"),
        (b'{"a": -Infinity}', "is not JSON: -Infinity is not a number that JSON knows"),
        (b"[" * 100_000, "is nested too deeply"),
        (b"9" * 5000, "is not JSON: Exceeds the limit"),
    ],
)
def test_json_that_cannot_be_read_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "old.json").write_bytes(content)
    with pytest.raises(DataError, match=rf"old\.json {message}"):
        read_json(tmp_path / "old.json")
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(DataError, match=r"folder\.json is a folder"):
        read_json(tmp_path / "folder.json")


def test_json_with_a_byte_order_mark_is_taken(tmp_path: Path) -> None:
    (tmp_path / "old.json").write_bytes(b'\xef\xbb\xbf{"a": 1}')
    assert read_json(tmp_path / "old.json") == {"a": 1}


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Straße", "Straße".encode()),
        ("\udcc3\udca9", "é".encode()),
        ("a\udce9b", "a\ufffdb".encode()),
        ("\ud800", b"?"),
    ],
)
def test_names_that_the_locale_could_not_read_are_written_all_the_same(
    tmp_path: Path, text: str, written: bytes
) -> None:
    write_text(tmp_path / "x.txt", text)
    assert (tmp_path / "x.txt").read_bytes() == written
