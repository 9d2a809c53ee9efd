import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from litesmith.errors import ContractError, DataError
from litesmith.files import read_yaml, write_text, yaml_text
from litesmith.params.sections.fetch import FetchParams
from tasks import catalog
from tasks.dag.checksums import check_inputs, md5_of, record_outputs
from tasks.dag.step import Step, step


@dataclass(frozen=True)
class Ins:
    model: Path = Path("models/tuned.h5")
    split: Path = Path("data/train")


@dataclass(frozen=True)
class Outs:
    copy: Path = Path("models/copy.h5")


@dataclass(frozen=True)
class NoIns: ...


@step
def fetch(params: FetchParams, ins: Ins, outs: Outs) -> None: ...


def writer(name: str) -> Step:
    """Return a step that writes the inputs of the other."""

    def dataset(params: FetchParams, ins: NoIns, outs: Ins) -> None: ...

    dataset.__name__ = name
    return step(dataset)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in {
        "models/tuned.h5": "weights",
        "data/train/a/images.npy": "pixels",
        "data/train/é.npy": "é",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def write_lock(root: Path, *, dep: bool = False) -> None:
    """Write a ``dvc.lock`` that records the inputs as they are now."""
    entries = [
        {"path": path, "hash": "md5", "md5": md5_of(root / path)}
        for path in ("models/tuned.h5", "data/train")
    ]
    lock = {"schema": "2.0", "stages": {"sweep": {"cmd": "x", "deps" if dep else "outs": entries}}}
    write_text(root / "dvc.lock", yaml_text(lock))


def cached(root: Path) -> dict[str, Path]:
    """Put the inputs into the cache of a DVC of the folder's own; return where each file lies there, by name."""
    from dvc.repo import Repo

    with Repo.init(str(root), no_scm=True) as repo:
        repo.add([str(root / "models/tuned.h5"), str(root / "data/train")])
        files = {
            path.name: path for path in root.rglob("*") if path.is_file() and ".dvc" not in path.parts
        }
        names = ("tuned.h5", "images.npy")
        return {name: Path(repo.cache.local.oid_to_path(md5_of(files[name]))) for name in names}


def damage(path: Path) -> None:
    path.chmod(0o644)
    path.write_bytes(b"\0" + path.read_bytes()[1:])


def test_sums_are_those_that_dvc_records(root: Path) -> None:
    (root / "data/none").mkdir()
    cached(root)
    for path in ("models/tuned.h5", "data/train"):
        recorded = read_yaml(root / f"{path}.dvc")["outs"][0]["md5"]
        assert md5_of(root / path) == recorded
    assert md5_of(root / "data/none") == "d751713988987e9331980363e24189ce.dir"


def test_inputs_as_recorded_pass(root: Path) -> None:
    write_lock(root)
    check_inputs(fetch, root)


def test_without_a_record_nothing_is_checked(root: Path) -> None:
    check_inputs(fetch, root)
    write_lock(root, dep=True)  # a person may replace what no step writes, and DVC reruns what follows
    damage(root / "models/tuned.h5")
    check_inputs(fetch, root)


def test_a_file_of_another_content_is_named_with_the_remedy(root: Path) -> None:
    write_lock(root)
    expected = md5_of(root / "models/tuned.h5")
    damage(root / "models/tuned.h5")
    text = (
        f"step fetch cannot run: models/tuned.h5 has another content: expected MD5 {expected}, got "
        f"{md5_of(root / 'models/tuned.h5')}. That is not what step sweep wrote, and nothing was computed with it. "
        "Write it again: `python -m tasks run sweep`."
    )
    with pytest.raises(DataError, match=f"^{re.escape(text)}$"):
        check_inputs(fetch, root)


def test_where_dvcs_copy_is_whole_it_brings_the_file_back(root: Path) -> None:
    cached(root)
    write_lock(root)
    damage(root / "models/tuned.h5")
    way = r"Remove it and let DVC restore it: `rm -rf models/tuned\.h5 && dvc repro sweep`\.$"
    with pytest.raises(DataError, match=way):
        check_inputs(fetch, root)


@pytest.mark.parametrize(
    ("name", "path", "shown"),
    [
        ("tuned.h5", "models/tuned.h5", "models/tuned.h5"),
        ("images.npy", "data/train", "data/train/a/images.npy"),
    ],
)
def test_where_dvcs_copy_is_damaged_too_both_are_named(
    root: Path, name: str, path: str, shown: str
) -> None:
    copy = cached(root)[name]
    write_lock(root)
    damage(copy)
    shutil.copy(copy, root / shown)
    place = re.escape(copy.relative_to(root).as_posix())
    with pytest.raises(
        DataError, match=rf"run: {re.escape(shown)} has another content: expected MD5 \w+, got"
    ) as caught:
        check_inputs(fetch, root)
    assert re.search(
        rf"DVC's own copy is damaged too and would be restored in every run: {place}\. Remove both and write them "
        rf"again: `rm -rf {path} {place} && dvc repro sweep`\.$",
        str(caught.value),
    )


def test_files_that_a_folder_lacks_or_has_too_many_are_named(root: Path) -> None:
    cached(root)
    write_lock(root)
    (root / "data/train/a/images.npy").rename(root / "data/train/a/labels.npy")
    text = r"run: data/train/a/images\.npy is missing; data/train/a/labels\.npy is there, where no such file was written\."
    with pytest.raises(DataError, match=text):
        check_inputs(fetch, root)


def test_files_that_dvc_ignores_do_not_count(root: Path) -> None:
    cached(root)
    write_lock(root)
    (root / ".dvcignore").write_text(".DS_Store\n")
    (root / "data/train/.DS_Store").write_text("x")
    check_inputs(fetch, root)


def test_of_a_folder_whose_list_is_lost_the_folder_is_named(root: Path) -> None:
    write_lock(root)
    damage(root / "data/train/a/images.npy")
    with pytest.raises(
        DataError, match=r"run: data/train has another content: expected MD5 \w+\.dir, got \w+\.dir\."
    ):
        check_inputs(fetch, root)


@pytest.mark.parametrize("text", ["garbage", "[]", '[{"md5": "0", "relpath": "a/images.npy"}]'])
def test_a_damaged_list_of_a_folder_is_removed_with_the_folder(root: Path, text: str) -> None:
    cached(root)
    write_lock(root)
    md5 = md5_of(root / "data/train").removesuffix(".dir")
    place = f".dvc/cache/files/md5/{md5[:2]}/{md5[2:]}.dir"
    (root / place).chmod(0o644)
    (root / place).write_text(text)
    (root / "data/train/a/images.npy").unlink()
    with pytest.raises(
        DataError, match=r"run: data/train has another content: expected MD5 \w+\.dir, got"
    ) as caught:
        check_inputs(fetch, root)
    assert f"restored in every run: {place}. Remove both" in str(caught.value)
    assert f"`rm -rf data/train {place} && dvc repro sweep`." in str(caught.value)


@pytest.mark.parametrize("path", ["models/tuned.h5", "data/train"])
def test_a_folder_in_the_place_of_a_file_and_the_reverse(root: Path, path: str) -> None:
    cached(root)
    write_lock(root)
    is_folder = (root / path).is_dir()
    shutil.rmtree(root / path) if is_folder else (root / path).unlink()
    (root / path).write_text("x") if is_folder else (root / path).mkdir()
    present, written = ("file", "folder") if is_folder else ("folder", "file")
    with pytest.raises(
        DataError, match=f"run: {path} is a {present}, where a {written} was written"
    ) as caught:
        check_inputs(fetch, root)
    assert f"let DVC restore it: `rm -rf {path} && dvc repro sweep`." in str(caught.value)


def test_in_a_workspace_the_remedy_acts_on_it(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cached(root)
    write_lock(root)
    (root / "models/tuned.h5").write_text("x")
    monkeypatch.setattr("tasks.workspace.is_workspace", lambda folder: folder == root)
    with pytest.raises(DataError) as caught:
        check_inputs(fetch, root)
    assert f"`rm -rf {root}/models/tuned.h5 && dvc --cd {root} repro sweep`." in str(caught.value)


@pytest.mark.parametrize("text", ["garbage", "[1]", "null", '{"models/tuned.h5": 5}'])
def test_damaged_checksums_of_a_step_are_refused(root: Path, text: str) -> None:
    left = root / catalog.CHECKSUMS / "sweep.json"
    write_text(left, text)
    with pytest.raises(
        DataError,
        match=r"sweep\.json does not hold the MD5s that step sweep recorded.*Remove it.*rm -rf ",
    ):
        check_inputs(fetch, root)


def test_inputs_written_without_dvc_are_checked_too(root: Path) -> None:
    write_lock(root)
    (root / "models/tuned.h5").write_text("other weights")
    for path in Ins().model, Ins().split:
        assert (root / path).exists()
    dataset = writer("dataset")
    (root / dataset.provenance).parent.mkdir(parents=True)
    (root / dataset.provenance).write_text("{}")
    record_outputs(dataset, root)
    check_inputs(fetch, root)
    damage(root / "models/tuned.h5")
    with pytest.raises(DataError, match=r"models/tuned\.h5 has another content"):
        check_inputs(fetch, root)


def test_sums_of_outputs_hold_no_path_of_the_machine(root: Path) -> None:
    dataset = writer("dataset")
    (root / dataset.provenance).parent.mkdir(parents=True)
    (root / dataset.provenance).write_text("{}")
    record_outputs(dataset, root)
    recorded = json.loads((root / ".litesmith/checksums/dataset.json").read_text())
    assert list(recorded) == ["models/tuned.h5", "data/train", "reports/provenance/dataset.json"]


@pytest.mark.parametrize(
    "text", ["<<<<<<< HEAD\nstages: {}\n", "stages: [", "[]", "stages: {sweep: {outs: [{hash: md5}]}}"]
)
def test_a_lock_that_cannot_be_read_is_explained(text: str, root: Path) -> None:
    (root / "dvc.lock").write_text(text)
    with pytest.raises(
        ContractError, match=r"dvc\.lock cannot be read \(.+\)\. .* with `git checkout dvc\.lock`\."
    ) as caught:
        check_inputs(fetch, root)
    assert "object" not in str(caught.value)


def test_all_that_differ_are_named_at_once(root: Path) -> None:
    write_lock(root)
    for name in ("models/tuned.h5", "data/train/a/images.npy"):
        damage(root / name)
    with pytest.raises(
        DataError, match=r"cannot run: models/tuned\.h5 has .*`\.\ndata/train has another content"
    ):
        check_inputs(fetch, root)
