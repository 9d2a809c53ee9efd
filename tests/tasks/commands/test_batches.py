import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from datetime import datetime
from pathlib import Path

import pytest
from dvc.repo import Repo

from litesmith.data.accepted import read_accepted
from litesmith.data.batches import find_batches
from litesmith.data.formats.registry import read_source
from litesmith.errors import DataError, ParamsError
from litesmith.files import read_yaml, write_text, yaml_text
from tasks import catalog
from tasks.__main__ import main
from tasks.commands.batches import accept_batch, add_batch, next_name
from tasks.dag.lock import changing_batches
from tests.batch_sets import form, write_arrays, write_pictures

ROOT = Path(__file__).parents[3]
TODAY = f"{datetime.now().astimezone():%Y-%m-%d}"


def make_project(folder: Path) -> Path:
    """Make a project with git, DVC, and a data set of three classes."""
    (folder / "datasets").mkdir(parents=True)
    for name in ("params.yaml", "versions.yaml", ".dvcignore"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "devices", folder / "devices")
    (folder / "data/incoming").mkdir(parents=True)
    for name in ("data/incoming/.gitignore", "data/accepted.yaml", "datasets/fashion-mnist.yaml"):
        shutil.copy(ROOT / name, folder / name)
    content = read_yaml(ROOT / "datasets/fashion-mnist.yaml")
    own = {"name": "Bugs", "classes": ["ant", "bee", "fly"], "height": 6, "width": 6, "base": None}
    write_text(folder / "datasets/bugs.yaml", yaml_text({**content, **own, "sweep": None}))
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    with Repo.init(str(folder)) as repo, repo.config.edit() as config:
        config["core"].update(analytics=False, check_update=False)
    return folder


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = make_project(tmp_path / "project")
    monkeypatch.chdir(folder)
    return folder


def names(project: Path) -> list[str]:
    return [batch.name for batch in find_batches(project / catalog.INCOMING / "bugs")]


def recorded(project: Path) -> int:
    """Return how many batches DVC has recorded."""
    return int(read_yaml(project / "data/incoming/bugs.dvc")["outs"][0]["nfiles"])


def left_over(project: Path) -> list[str]:
    return [path.name for path in (project / "data/incoming/bugs").iterdir() if ".part" in path.name]


def test_a_folder_becomes_one_file_that_dvc_has_recorded(project: Path, tmp_path: Path) -> None:
    source = write_pictures(tmp_path / "week", 2, 1)
    (source / "bee/broken.png").write_bytes(b"none")
    text = add_batch(project, source, "bugs")
    assert text.splitlines()[:2] == [
        f"added data/incoming/bugs/{TODAY}.zip: 6 images",
        "1 files cannot be read:",
    ]
    assert text.splitlines()[-1] == "DVC has recorded it: commit data/incoming/bugs.dvc"
    with zipfile.ZipFile(project / f"data/incoming/bugs/{TODAY}.zip") as archive:
        assert archive.read("ant/001.png") == (source / "ant/001.png").read_bytes()
    with Repo(str(project)) as repo:
        assert repo.status() == {}
    status = ["git", "-C", str(project), "status", "--short", "--untracked-files=all", "data/incoming"]
    seen = subprocess.run(status, capture_output=True, text=True, check=True).stdout
    assert seen.split() == ["??", "data/incoming/.gitignore", "??", "data/incoming/bugs.dvc"]


def test_names_follow_each_other_and_another_is_refused_with_the_next(
    project: Path, tmp_path: Path
) -> None:
    source = write_arrays(tmp_path / "a.npz", 6, 1)
    for name in (None, None, "x"):
        add_batch(project, source, "bugs", name)
    assert names(project) == [TODAY, f"{TODAY}-2", "x"]
    for name in ("w", "x", TODAY):
        with pytest.raises(ParamsError) as caught:
            add_batch(project, source, "bugs", name)
        assert str(caught.value) == (
            f"the batch {name!r} would not be the last by name: 'x' is here. Batches are judged in the order "
            "of their names, each against those before it. The next free name is x-2."
        )
    for name in ("../y", "y/z", ".y", "y.part", ""):
        with pytest.raises(ParamsError, match=r"not the name of a batch|cannot be called"):
            add_batch(project, source, "bugs", name)
    assert names(project) == [TODAY, f"{TODAY}-2", "x"]
    assert recorded(project) == 3


def test_names_of_one_day_sort_as_they_come() -> None:
    found = [""]
    for _ in range(40):
        found.append(next_name(found[-1], "2026-11-30"))
    assert found[1:4] == ["2026-11-30", "2026-11-30-2", "2026-11-30-3"]
    assert sorted(found) == found
    assert len(set(found)) == 41
    assert next_name("2026-11-30-91", "2026-12-01") == "2026-12-01"
    assert next_name("summer", "2026-12-01") == "summer-2"


def test_what_cannot_be_read_or_is_of_another_data_set_is_refused(project: Path, tmp_path: Path) -> None:
    (tmp_path / "empty/ant").mkdir(parents=True)
    (tmp_path / "empty/ant/x.png").write_bytes(b"none")
    with pytest.raises(DataError, match=r"nothing in .*empty can be read: ant/x\.png is not a picture"):
        add_batch(project, tmp_path / "empty", "bugs")
    with pytest.raises(DataError, match="is missing"):
        add_batch(project, tmp_path / "nowhere", "bugs")
    with pytest.raises(ParamsError, match=r"Did you mean bugs\?"):
        add_batch(project, tmp_path / "empty", "bug")
    assert not (project / "data/incoming/bugs").exists()
    other = write_pictures(tmp_path / "wasps", 1, 2, ("ant", "wasp"))
    assert "wasp: no class of Bugs. Images with such labels will be left out." in add_batch(
        project, other, "bugs"
    )


def test_a_batch_is_not_added_where_recorded_ones_are_missing(project: Path, tmp_path: Path) -> None:
    source = write_arrays(tmp_path / "a.npz", 6, 1)
    add_batch(project, source, "bugs")
    shutil.rmtree(project / "data/incoming/bugs")
    with pytest.raises(DataError) as caught:
        add_batch(project, source, "bugs")
    assert str(caught.value) == (
        "data/incoming/bugs.dvc records 1 files, and 0 are here. Get the others with `dvc pull "
        "data/incoming/bugs.dvc`, or `dvc checkout data/incoming/bugs.dvc` if DVC's cache has them. If they "
        "were removed on purpose, record that with `dvc add data/incoming/bugs`."
    )
    with Repo(str(project)) as repo:
        repo.checkout(targets=["data/incoming/bugs.dvc"])
    add_batch(project, source, "bugs")
    assert recorded(project) == 2


def test_a_record_that_was_left_empty_is_written_again(project: Path, tmp_path: Path) -> None:
    source = write_arrays(tmp_path / "a.npz", 6, 1)
    add_batch(project, source, "bugs")
    (project / "data/incoming/bugs.dvc").write_bytes(b"")
    add_batch(project, source, "bugs")
    assert recorded(project) == 2


def test_an_older_state_comes_back(project: Path, tmp_path: Path) -> None:
    add_batch(project, write_arrays(tmp_path / "a.npz", 6, 1), "bugs")
    before = (project / "data/incoming/bugs.dvc").read_bytes()
    add_batch(project, write_arrays(tmp_path / "b.npz", 6, 2), "bugs")
    (project / "data/incoming/bugs.dvc").write_bytes(before)
    with Repo(str(project)) as repo:
        repo.checkout(targets=["data/incoming/bugs.dvc"])
    assert names(project) == [TODAY]


def command(project: Path, *words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tasks", *words],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.slow
def test_two_at_once_are_added_one_after_the_other(project: Path, tmp_path: Path) -> None:
    sources = [write_pictures(tmp_path / f"week{number}", 3, number) for number in range(3)]
    both = [command(project, "add", str(source), "--data", "bugs") for source in sources]
    outputs = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0, 0], outputs
    assert names(project) == [TODAY, f"{TODAY}-2", f"{TODAY}-3"]
    assert recorded(project) == 3
    assert left_over(project) == []


@pytest.mark.slow
def test_a_command_killed_at_any_moment_leaves_a_whole_batch_or_none(
    project: Path, tmp_path: Path
) -> None:
    source = write_pictures(tmp_path / "week", 40, 1)
    began = time.monotonic()
    assert command(project, "add", str(source), "--data", "bugs", "--name", "a").wait() == 0
    took = time.monotonic() - began
    for number in range(8):
        process = command(project, "add", str(source), "--data", "bugs", "--name", f"b{number}")
        time.sleep(took * (0.5 + number / 14))
        process.send_signal(signal.SIGKILL)
        process.wait()
        for batch in find_batches(project / "data/incoming/bugs"):
            assert len(read_source(batch.path, form()).files) == 120
    (project / "data/incoming/bugs/.add-999999999.zip.part").write_bytes(b"half")
    last = command(project, "add", str(source), "--data", "bugs", "--name", "z")
    assert last.wait() == 0, last.communicate()[0]
    assert names(project)[0] == "a"
    assert names(project)[-1] == "z"
    assert recorded(project) == len(names(project))
    assert left_over(project) == []


def test_a_batch_is_accepted_with_who_and_why(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in (("user.name", "Eve"), ("user.email", "eve@example.org")):
        subprocess.run(["git", "-C", str(project), "config", name, value], check=True)
    add_batch(project, write_arrays(tmp_path / "a.npz", 6, 1), "bugs", "a")
    add_batch(project, write_arrays(tmp_path / "b.npz", 6, 2), "bugs", "b")
    assert main(["accept", "b", "--data", "bugs", "--why", " a new camera "]) == 0
    assert capsys.readouterr().out == (
        "accepted b of bugs. Commit data/accepted.yaml; the next run takes the batch in.\n"
    )
    accept_batch(project, "a", "right: looked at", "bugs")
    first, second = read_accepted(project / catalog.ACCEPTED)
    batches = find_batches(project / "data/incoming/bugs")
    assert (first.digest, second.digest) == (batches[1].digest, batches[0].digest)
    assert (first.data, first.batch, first.why) == ("bugs", "b", "a new camera")
    assert first.who == "Eve <eve@example.org>"
    assert datetime.fromisoformat(first.when).tzinfo is not None
    again = "b was accepted already, by Eve <eve@example.org>: a new camera"
    assert accept_batch(project, "b", "once more", "bugs") == again
    assert len(read_accepted(project / catalog.ACCEPTED)) == 2


def test_what_cannot_be_accepted_is_refused(project: Path, tmp_path: Path) -> None:
    add_batch(project, write_arrays(tmp_path / "a.npz", 6, 1), "bugs", "week")
    with pytest.raises(
        ParamsError, match=r"'weak' is not a batch of bugs\. Did you mean week\? .* week\."
    ):
        accept_batch(project, "weak", "right", "bugs")
    with pytest.raises(ParamsError, match="--why is empty"):
        accept_batch(project, "week", " ", "bugs")
    (project / catalog.ACCEPTED).write_text("- digest: 3\n")
    with pytest.raises(DataError, match=r"accepted\.yaml does not list accepted batches: 0\.digest"):
        accept_batch(project, "week", "right", "bugs")


def test_batches_are_changed_by_one_process_at_a_time(project: Path) -> None:
    with changing_batches(project):
        assert "batches.lock" in [path.name for path in (project / ".litesmith").iterdir()]


def test_a_workspace_has_no_batches_of_its_own(project: Path, tmp_path: Path) -> None:
    workspace = project / ".workspaces/bugs"
    (workspace / "data").mkdir(parents=True)
    shutil.copy(project / "params.yaml", workspace)
    (workspace / "data/incoming").symlink_to(project / "data/incoming")
    for act in (add_batch, lambda *given: accept_batch(given[0], "a", "right", "bugs")):
        with pytest.raises(ParamsError, match=r"bugs is a workspace, .* Run this in .*/project\."):
            act(workspace, tmp_path, "bugs")
