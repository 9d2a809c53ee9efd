"""Promotion, rollback and the table of releases, in a project with git and DVC."""

import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path

import pytest

from litesmith.errors import BusyError, DataError, ParamsError, ReleaseError
from litesmith.files import read_json
from litesmith.records.record import write_record
from litesmith.records.service.judge import DecisionOutcome
from litesmith.release.check import check_files
from litesmith.release.package import write_package as pack
from litesmith.release.pointers import Key
from litesmith.release.registry import Registry
from tasks import catalog
from tasks.__main__ import main
from tasks.commands.packages import make_key_pair
from tasks.commands.releases import get_release, list_releases, promote, rollback
from tasks.dag.lock import changing_releases
from tasks.releasing import check_apart
from tasks.workspace import clean
from tests.litesmith.release.made import DEVICE, make_decision, write_package
from tests.litesmith.release.packages import tiny_release
from tests.tasks.commands.test_batches import make_project

ROOT = Path(__file__).parents[3]
KEY = Key("fashion-mnist", DEVICE)


@pytest.fixture(name="project")
def fixture_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project without DVC, in which a package need not be checked in another process."""
    folder = tmp_path / "project"
    for name in ("datasets", "devices", "profiles"):
        shutil.copytree(ROOT / name, folder / name)
    for name in ("params.yaml", "versions.yaml"):
        shutil.copy(ROOT / name, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setattr("tasks.commands.releases.check_apart", check)
    monkeypatch.setattr(os, "fsync", lambda _: None)
    return folder


@pytest.fixture(name="kept")
def fixture_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with git and DVC, and a remote."""
    folder = make_project(tmp_path / "project")
    (folder / "releases").mkdir()
    shutil.copy(ROOT / "releases/.gitignore", folder / "releases")
    run(folder, "remote", "add", "--default", "far", str(tmp_path / "remote"))
    monkeypatch.chdir(folder)
    return folder


def check(package: Path, public_key: Path | None = None) -> None:
    check_files(package)


def run(folder: Path, *words: str) -> str:
    """Run a command of DVC."""
    command = [sys.executable, "-m", "dvc", *words]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def judge(project: Path, root: Path, model: bytes, outcome: DecisionOutcome = "promote") -> None:
    """Leave what the steps `judge` and `package` leave."""
    released = Registry(project / catalog.RELEASES).in_service(KEY)
    decision = make_decision(model, outcome, released, dataset=KEY.dataset)
    write_package(root / catalog.PACKAGE, decision, model)
    write_record(root / catalog.DECISION, decision)


def judge_tiny(project: Path, root: Path, precision: str) -> bytes:
    """Leave what the steps leave, with a package that verifies, and return its model."""
    release = tiny_release(precision)
    released = Registry(project / catalog.RELEASES).in_service(KEY)
    decision = make_decision(release.model, released=released, dataset=KEY.dataset)
    write_record(root / catalog.DECISION, decision)
    shutil.rmtree(root / catalog.PACKAGE, ignore_errors=True)
    content = (root / catalog.DECISION).read_bytes()
    pack(root / catalog.PACKAGE, replace(release, decision=content))
    return release.model


def events(project: Path) -> list[str]:
    return [line.event for line in Registry(project / catalog.RELEASES).log().lines]


def test_a_model_is_promoted_and_taken_back(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    judge(project, project, b"one")
    assert main(["promote"]) == 0
    assert "fashion-mnist-wearable-0001 is in service for fashion-mnist/wearable, the first for it." in (
        capsys.readouterr().out
    )
    judge(project, project, b"two")
    assert main(["promote"]) == 0
    assert "-0002 is in service for fashion-mnist/wearable, in the place of" in capsys.readouterr().out
    assert main(["rollback", "--why", "it misreads sixes"]) == 0
    out = capsys.readouterr().out
    assert "-0001 is in service for fashion-mnist/wearable, in the place of" in out
    assert "Its package was checked." in out
    assert main(["releases"]) == 0
    table = capsys.readouterr().out
    assert all(len(line) <= 80 for line in table.splitlines())
    assert "it misreads sixes" in table
    assert "* in service for fashion-mnist/wearable: fashion-mnist-wearable-0001" in table
    # Both lines that put it in service are marked.
    assert [line.split()[2:] for line in table.splitlines() if line.startswith("20")] == [
        ["promoted", "*", "fashion-mnist-wearable-0001"],
        ["promoted", "fashion-mnist-wearable-0002"],
        ["rolled", "back", "*", "fashion-mnist-wearable-0001"],
    ]


def test_a_profiles_model_goes_to_the_projects_registry(project: Path) -> None:
    judge(project, project / ".workspaces/nightly", b"one")
    assert "-0001 is in service" in promote(project, "nightly")
    assert (project / "releases/packages/fashion-mnist-wearable-0001/model.tflite").is_file()
    # The registry lies outside of what `make clean` removes.
    clean(project)
    assert not (project / ".workspaces").exists()
    assert list_releases(project).endswith("fashion-mnist/wearable: fashion-mnist-wearable-0001")
    with pytest.raises(ReleaseError, match=r"decision\.json is missing, so nothing was judged there"):
        promote(project, "nightly")
    with pytest.raises(ParamsError, match=r"'nigthly' is not a profile\. Did you mean nightly"):
        promote(project, "nigthly")
    assert not (project / ".workspaces").exists()


def test_a_promotion_that_is_refused_is_a_line_and_a_package_in_quarantine(project: Path) -> None:
    judge(project, project, b"one", "keep")
    with pytest.raises(ReleaseError, match=r"the decision is: keep"):
        promote(project)
    assert events(project) == ["refused"]
    (folder,) = (project / "releases/refused").iterdir()
    assert read_json(folder / "refusal.json")["why"].startswith("the decision is: keep.")
    assert "refused" in list_releases(project) and "no model is in service" in list_releases(project)
    promote(project, by="A. Person", why="a rare class")
    assert events(project) == ["refused", "promoted"]
    assert "by A. Person: a rare class" in list_releases(project)


def test_times_are_told_in_utc_wherever_a_line_was_written(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "UTC-14")
        time.tzset()
        judge(project, project, b"one", "keep")
        with pytest.raises(ReleaseError):
            promote(project)
    time.tzset()
    (line,) = Registry(project / "releases").log().lines
    assert line.when.utcoffset() == timedelta(hours=14)
    moment = line.when.astimezone(UTC)
    (folder,) = (project / "releases/refused").iterdir()
    assert f"-{moment:%Y%m%dT%H%M%SZ}-" in folder.name
    assert f"{moment:%Y-%m-%d %H:%M}" in list_releases(project)


def test_a_damaged_package_is_refused_with_a_line(project: Path) -> None:
    judge(project, project, b"one")
    (project / catalog.PACKAGE / "model.tflite").write_bytes(b"onE")
    with pytest.raises(DataError, match=r"model\.tflite has the SHA-256"):
        promote(project)
    assert events(project) == ["refused"]


@pytest.mark.parametrize(("by", "why"), [("me", None), (None, "so"), ("me", " "), ("", "so")])
def test_a_person_and_a_reason_belong_together(project: Path, by: str | None, why: str | None) -> None:
    judge(project, project, b"one", "keep")
    with pytest.raises(ParamsError, match="--by and --why belong together"):
        promote(project, by=by, why=why)
    assert events(project) == []


def test_a_workspace_orders_nothing(project: Path, tmp_path: Path) -> None:
    (project / catalog.RELEASES).mkdir()
    (tmp_path / "ws").mkdir()
    (tmp_path / "ws/releases").symlink_to(project / catalog.RELEASES)
    for command in (promote, rollback):
        with pytest.raises(ParamsError, match=r"is a workspace, .* Run this in .*project\."):
            command(tmp_path / "ws")


def test_a_version_on_another_device_is_named(project: Path) -> None:
    for device in ("wearable", "doorbell"):
        for model in (b"one", b"two"):
            key = Key("fashion-mnist", device)
            registry = Registry(project / catalog.RELEASES)
            decision = make_decision(model, released=registry.in_service(key), dataset=KEY.dataset)
            decision = decision.model_copy(update={"device": device})
            write_package(project / catalog.PACKAGE, decision, model)
            write_record(project / catalog.DECISION, decision)
            promote(project)
    assert "fashion-mnist-wearable-0001 is in service" in rollback(project)
    assert "fashion-mnist-doorbell-0001 is in service" in rollback(
        project, "fashion-mnist-doorbell-0001"
    )
    params = (project / "params.yaml").read_text().replace("device: wearable", "device: doorbell")
    (project / "params.yaml").write_text(params)
    shutil.copy(project / "devices/wearable.yaml", project / "devices/doorbell.yaml")
    with pytest.raises(ReleaseError, match=r"no version of fashion-mnist/doorbell before"):
        rollback(project)


def test_a_consumer_gets_what_is_in_service(project: Path, tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match=r"no model is in service for fashion-mnist/wearable"):
        get_release(project, tmp_path / "got")
    judge(project, project, b"one")
    promote(project)
    assert "-0001, in service for" in get_release(project, tmp_path / "got")
    assert (tmp_path / "got/model.tflite").read_bytes() == b"one"
    with pytest.raises(ParamsError, match="is there already"):
        get_release(project, tmp_path / "got")
    (project / "releases/packages/fashion-mnist-wearable-0001/model.tflite").write_bytes(b"onE")
    with pytest.raises(DataError, match=r"model\.tflite has the SHA-256"):
        get_release(project, tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_whoever_changes_the_releases_is_named(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.dag.lock._RELEASES_PATIENCE_S", 0.0)
    judge(project, project, b"one")
    with (
        changing_releases(project),
        pytest.raises(BusyError, match=r"the releases are being changed by `python .*` \(pid"),
    ):
        promote(project)


def test_a_lost_line_is_told(project: Path) -> None:
    judge(project, project, b"one")
    promote(project)
    with (project / catalog.RELEASES_LOG).open("a") as log:
        log.write('{"when": "20')
    assert "1 lines of releases/log.jsonl cannot be read." in list_releases(project)


def test_a_folder_that_is_no_package_does_not_verify(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere"):
        check_apart(tmp_path / "nowhere")


_TIMED = """
import sys
from tasks.__main__ import main
code = main(sys.argv[1:])
heavy = {"tensorflow", "tf_keras", "keras", "prefect", "great_expectations", "matplotlib"} & sys.modules.keys()
assert not heavy, heavy
sys.exit(code)
"""


def timed(project: Path, *words: str) -> float:
    """Run a command of the project in a process of its own, and return its seconds."""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", _TIMED, *words],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return time.monotonic() - began


@pytest.mark.slow
def test_dvc_keeps_and_pushes_every_version_and_a_clone_gets_them(kept: Path, tmp_path: Path) -> None:
    took = list[float]()
    models = []
    for precision in ("int8", "float32"):
        models.append(judge_tiny(kept, kept, precision))
        took.append(timed(kept, "promote"))
    took.append(timed(kept, "rollback"))
    assert max(took) < 30  # 5 s on a machine that does nothing else: docs/promotion.md
    versions = ["fashion-mnist-wearable-0001", "fashion-mnist-wearable-0002"]
    packages = kept / catalog.RELEASED_PACKAGES
    assert sorted(path.name for path in packages.iterdir()) == sorted(
        name for version in versions for name in (version, f"{version}.dvc")
    )
    assert "up to date" in run(kept, "status", *(f"releases/packages/{name}.dvc" for name in versions))
    assert "are in sync" in run(kept, "status", "--cloud")
    # Git holds text alone.
    added = subprocess.run(
        ["git", "status", "--short", "-uall", "releases"],
        cwd=kept, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    assert sorted(line.split()[-1] for line in added.splitlines()) == [
        "releases/.gitignore", "releases/in-service.json", "releases/log.jsonl",
        *(f"releases/manifests/{name}.json" for name in versions),
        *(f"releases/packages/{name}.dvc" for name in versions),
    ]  # fmt: skip
    clone = tmp_path / "clone"
    shutil.copytree(kept, clone, ignore=shutil.ignore_patterns(*versions, "cache", "tmp"))
    assert "-0001, in service for" in get_release(clone, tmp_path / "got")
    assert (tmp_path / "got/model.tflite").read_bytes() == models[0]
    assert "-0002 is in service" in rollback(clone, versions[1])
    assert (clone / catalog.RELEASED_PACKAGES / versions[1] / "model.tflite").read_bytes() == models[1]


@pytest.mark.slow
def test_what_dvc_cannot_do_is_told_and_the_model_is_in_service(kept: Path, tmp_path: Path) -> None:
    judge_tiny(kept, kept, "int8")
    (tmp_path / "remote").write_text("a file where a folder is expected")
    assert "NOT PUSHED: ERROR" in promote(kept)
    assert "releases/packages/fashion-mnist-wearable-0001.dvc` has run" in promote_again(kept, "int4")
    (kept / ".dvc/config").write_text("[core\n")
    assert "DVC does not keep it: ERROR" in promote_again(kept, "float32")
    shutil.rmtree(kept / ".dvc")
    assert "DVC is not set up here" in promote_again(kept, "float16")
    assert (kept / catalog.RELEASED_PACKAGES / "fashion-mnist-wearable-0004").is_dir()


def promote_again(project: Path, precision: str) -> str:
    judge_tiny(project, project, precision)
    return promote(project).replace("-0002.dvc", "-0001.dvc")


_HOLD = """
import os, sys, threading
from pathlib import Path
from tasks.__main__ import main
sys.exit(main(["promote", "--profile", sys.argv[1]]))
"""


@pytest.mark.slow
def test_of_two_promotions_at_once_one_wins_and_the_other_is_told(project: Path) -> None:
    for profile, precision in (("nightly", "int8"), ("quick", "int4")):
        judge_tiny(project, project / f".workspaces/{profile}", precision)
    both = [
        subprocess.Popen(
            [sys.executable, "-c", _HOLD, profile],
            cwd=project, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE, text=True,
        )
        for profile in ("nightly", "quick")
    ]  # fmt: skip
    said = [process.communicate(timeout=120)[1] for process in both]
    assert sorted(process.returncode for process in both) == [0, 1]
    (told,) = (text for text, process in zip(said, both, strict=True) if process.returncode)
    assert "about nothing in service, and fashion-mnist-wearable-0001 is in service now" in told
    assert events(project) == ["promoted", "refused"]


# A promotion whose process is killed before its n-th change of a file, DVC's own among them, for each n.
_KILLS = """
import os, sys
from pathlib import Path
import dvc.cli, dvc.repo
from litesmith.release.check import check_files
from litesmith.release.registry import Order, Registry, read_candidate
from tasks import keeping
from tests.tasks.commands.test_releases import KEY, judge
CHANGES = ("os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.chmod", "os.truncate")
left = 0

def hook(event, arguments):
    global left
    writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
    if left and (event in CHANGES or writes):
        left -= 1
        if not left:
            os.kill(os.getpid(), 9)

def keep(staged):
    return str(keeping._run("add", str(staged)))

def promote():
    candidate = read_candidate(Path("models/package"), Path("reports/decision.json"))
    registry.promote(candidate, Order(), check_files, keep)

def require_whole():
    pointer = registry.in_service(KEY)
    check_files(registry.packages / pointer.version)
    return pointer.version

sys.addaudithook(hook)
os.fsync = lambda _: None
registry = Registry(Path("releases"))
judge(Path(), Path(), b"the first")
promote()
number = 0
while True:
    number += 1
    before = require_whole()
    judge(Path(), Path(), b"model %d" % number)
    pid = os.fork()
    if not pid:
        left = number
        promote()
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    require_whole()
    registry.repair()
    after = require_whole()
    assert list(Path("releases/staging").iterdir()) == [], number
    if os.WIFEXITED(status):
        assert os.WEXITSTATUS(status) == 0 and after != before
        break
print(number, "changes")
"""


@pytest.mark.slow
def test_a_promotion_that_is_killed_with_dvc_leaves_a_whole_model(kept: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _KILLS],
        cwd=kept, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout.split()[-2]) > 30
    judge_tiny(kept, kept, "int8")
    assert "DVC keeps it and has pushed it." in promote(kept)
    names = (f"releases/packages/{name}.dvc" for name in Registry(kept / "releases").versions(KEY))
    assert "up to date" in run(kept, "status", *names)


@pytest.mark.slow
def test_a_key_that_is_configured_signs_what_is_released(kept: Path, tmp_path: Path) -> None:
    judge_tiny(kept, kept, "int8")
    promote(kept)
    make_key_pair(kept)
    judge_tiny(kept, kept, "int4")
    promote(kept)
    package = kept / catalog.RELEASED_PACKAGES / "fashion-mnist-wearable-0002"
    assert (package / "manifest.sig").is_file()
    assert "-0002, in service for" in get_release(kept, tmp_path / "got")
    with pytest.raises(DataError, match=r"-0001 is not signed"):
        rollback(kept)
    (package / "manifest.sig").write_bytes(bytes(64))
    with pytest.raises(DataError, match="the signature is wrong"):
        get_release(kept, tmp_path / "other")
