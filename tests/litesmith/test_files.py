import errno
import json
from pathlib import Path

import pytest

from litesmith.errors import MachineError
from litesmith.files import explaining, read_json, replacing, write_json, write_text


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
    with pytest.raises(MachineError, match=r"cannot write made/fetch\.json: the disk is full"), explaining():
        raise OSError(errno.ENOSPC, "from the system", "made/fetch.json")


def test_a_file_that_may_not_be_read_is_not_called_unwritable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.h5").touch()
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(MachineError, match=r"cannot read .*model\.h5: this user may not"), explaining():
        raise OSError(errno.EACCES, "from the system", str(tmp_path / "model.h5"))


def test_other_system_errors_pass(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        write_text(tmp_path, "a folder is no file")


def test_json_has_no_word_for_nan(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "x.json", {"loss": float("nan")})
    assert not (tmp_path / "x.json").exists()
    assert json.dumps(float("nan")) == "NaN"
