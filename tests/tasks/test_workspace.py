import os
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from flows.stages import Stages
from litesmith.errors import BusyError, MachineError, ParamsError
from litesmith.files import read_yaml, write_text, yaml_text
from litesmith.params.loading import read_params
from litesmith.params.sections.dataset import PublishedBase
from litesmith.records.run import Outcome
from tasks.dag.dvclock import locked_outputs
from tasks.dag.lock import holding, stepping
from tasks.dag.project import is_workspace, place_in_project, project_of
from tasks.workspace import clean, make_workspace, repro_command

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the real parameters and sources that are quickly copied."""
    folder = tmp_path / "project"
    for ring in ("litesmith", "tasks", "flows"):
        (folder / ring).mkdir(parents=True)
        (folder / ring / "module.py").write_text(f"# {ring}")
    for name in ("params.yaml", "versions.yaml"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "devices", folder / "devices")
    shutil.copytree(ROOT / "datasets", folder / "datasets")
    (folder / "dvc.yaml").write_text("stages: {}\n")
    return folder


def test_has_sources_parameters_and_a_dvc_of_its_own(project: Path, tmp_path: Path) -> None:
    folder = make_workspace(tmp_path / "ws", project, {"seed": 5}, {"fetch": {"attempts": 7}})
    assert (folder / "tasks/module.py").read_text() == "# tasks"
    assert (folder / "dvc.yaml").read_text() == "stages: {}\n"
    limits = folder / "devices/wearable.yaml"
    assert limits.read_bytes() == (ROOT / "devices/wearable.yaml").read_bytes()
    params = read_params(folder / "params.yaml")
    assert (params.seed, params.fetch.attempts, params.fetch.timeout_s) == (5, 7, 5.0)
    config = (folder / ".dvc/config").read_text()
    assert "no_scm = True" in config
    assert "analytics = False" in config
    assert not (project / ".dvc").exists()


def test_a_command_for_a_workspace_names_it_and_one_for_the_project_is_short(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DVC_STAGE", raising=False)
    workspace = make_workspace(tmp_path / "it's one", project)
    assert (is_workspace(workspace), is_workspace(project), is_workspace(tmp_path)) == (
        True,
        False,
        False,
    )
    assert repro_command(project, "prune") == "dvc repro prune"
    command = shlex.split(repro_command(workspace, "--force report"))
    assert command == ["dvc", "--cd", str(workspace), "repro", "--force", "report"]
    monkeypatch.setenv("DVC_STAGE", "../dvc.yaml:prune")
    assert repro_command(project, "prune") == f"dvc --cd {project} repro prune"


def test_a_workspace_knows_its_project_and_its_place_there(project: Path, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    for place, target in ((".workspaces/night", ""), (".offline", ""), ("ws", "disk")):
        if target:
            (project / place).symlink_to(tmp_path / target)
        folder = make_workspace(project / place, project)
        # A step sees the folder behind the links.
        assert project_of(folder.resolve()) == project
        assert place_in_project(folder.resolve()).endswith(f"{target or place}/")
    assert (project_of(project), place_in_project(project)) == (project, "")


def test_a_workspace_on_another_disk_knows_its_project(project: Path, tmp_path: Path) -> None:
    (tmp_path / "disk/deep").mkdir(parents=True)
    (project / ".workspaces").symlink_to(tmp_path / "disk/deep")
    folder = make_workspace(project / ".workspaces/night", project).resolve()
    assert folder == tmp_path / "disk/deep/night"
    assert (project_of(folder), place_in_project(folder)) == (project, ".workspaces/night/")
    (folder / ".litesmith/project").unlink()
    assert (project_of(folder), place_in_project(folder)) == (folder, "")


def test_a_workspace_of_an_earlier_version_finds_the_project_above_it(project: Path) -> None:
    folder = make_workspace(project / ".workspaces/night", project)
    (folder / ".litesmith/project").unlink()
    assert (project_of(folder), place_in_project(folder)) == (project, ".workspaces/night/")


def test_relative_sources_still_name_the_same_folder(project: Path, tmp_path: Path) -> None:
    sources = ["../mirror", "/absolute", "env:LITESMITH_MIRROR", "https://example.org/a"]
    folder = make_workspace(tmp_path / "far" / "away", with_sources(project, sources))
    written = written_sources(folder)
    assert Path(os.path.normpath(folder / written[0])) == tmp_path / "mirror"
    assert written[1:] == tuple(sources[1:])


def test_relative_sources_still_name_the_same_folder_where_a_link_stands_above(
    project: Path, tmp_path: Path
) -> None:
    (tmp_path / "disk/deep/down").mkdir(parents=True)
    (project / ".workspaces").symlink_to(tmp_path / "disk/deep/down")
    folder = make_workspace(project / ".workspaces/mine", with_sources(project, ["../mirror"]))
    (tmp_path / "mirror").mkdir()
    assert (folder / written_sources(folder)[0]).samefile(tmp_path / "mirror")


def test_a_workspace_has_its_data_set_alone_and_what_that_pins_below_the_profile(
    project: Path, tmp_path: Path
) -> None:
    path = project / "datasets/mine.yaml"
    content = read_yaml(project / "datasets/fashion-mnist.yaml")
    pins = {"sweep": {"space": {"widths": [8], "depths": [3]}}, "thresholds": {"max_thumbnails": 5}}
    write_text(path, yaml_text({**content, **pins}))
    overlay = {"dataset": "mine", "sweep": {"space": {"depths": [1]}}}
    folder = make_workspace(tmp_path / "ws", project, overlay)
    assert [file.name for file in (folder / "datasets").iterdir()] == ["mine.yaml"]
    params = read_params(folder / "params.yaml")
    assert (params.sweep.space.widths, params.sweep.space.depths) == ((8,), (1,))
    assert params.validate_.max_thumbnails == 5
    make_workspace(folder, project)
    assert [file.name for file in (folder / "datasets").iterdir()] == ["fashion-mnist.yaml"]


def with_sources(project: Path, sources: list[str]) -> Path:
    """Give the project's data set other sources."""
    path = project / "datasets/fashion-mnist.yaml"
    content = read_yaml(path)
    write_text(path, yaml_text({**content, "base": {**content["base"], "sources": sources}}))
    return project


def written_sources(folder: Path) -> tuple[str, ...]:
    """Return the sources of a workspace's data set."""
    base = read_params(folder / "params.yaml").dataset.base
    assert isinstance(base, PublishedBase)
    return base.sources


def test_brings_an_existing_workspace_up_to_date_and_keeps_its_data(
    project: Path, tmp_path: Path
) -> None:
    folder = make_workspace(tmp_path / "ws", project)
    data = folder / "data/raw/file"
    data.parent.mkdir(parents=True)
    data.write_text("data")
    untouched = (folder / "flows/module.py").stat().st_mtime_ns
    (project / "tasks/module.py").unlink()
    (project / "tasks/deep").mkdir()
    (project / "tasks/deep/two.py").write_text("# two")
    (project / "litesmith/module.py").write_text("# changed")
    make_workspace(folder, project, {"seed": 6})
    assert not (folder / "tasks/module.py").exists()
    assert (folder / "tasks/deep/two.py").read_text() == "# two"
    assert (folder / "litesmith/module.py").read_text() == "# changed"
    assert (folder / "flows/module.py").stat().st_mtime_ns == untouched
    assert data.read_text() == "data"
    assert read_params(folder / "params.yaml").seed == 6


def test_an_unknown_parameter_leaves_the_workspace_as_it_was(project: Path, tmp_path: Path) -> None:
    folder = make_workspace(tmp_path / "ws", project)
    before = (folder / "params.yaml").read_bytes()
    with pytest.raises(ParamsError, match=r"sead is not a parameter. Did you mean seed\?"):
        make_workspace(folder, project, {"sead": 1})
    with pytest.raises(ParamsError, match="seed must lie in"):
        make_workspace(folder, project, {"seed": -1})
    assert (folder / "params.yaml").read_bytes() == before


def test_does_not_touch_a_workspace_in_which_a_run_goes_on(project: Path, tmp_path: Path) -> None:
    folder = make_workspace(tmp_path / "ws", project)
    with holding(folder), pytest.raises(BusyError, match=f"pid {os.getpid()}"):
        make_workspace(folder, project, {"seed": 7})


def _resumable(folder: Path) -> Path:
    log = folder / ".litesmith/work/sweep/log"
    log.parent.mkdir(parents=True)
    log.write_text("trial 0")
    return log


def test_clean_removes_workspaces_and_what_is_resumed_from_and_nothing_else(tmp_path: Path) -> None:
    logs = [_resumable(tmp_path / folder) for folder in ("", ".workspaces/quick", ".offline")]
    (tmp_path / "models").mkdir()
    assert clean(tmp_path) == ["removed .litesmith/work", "removed .workspaces", "removed .offline"]
    assert not any(path.exists() for path in logs)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".litesmith", "models"]
    assert clean(tmp_path) == ["nothing to remove: there is no workspace, and no state of a killed run"]


@pytest.mark.parametrize("busy", ["", ".workspaces/quick", ".offline"])
@pytest.mark.parametrize("by", [holding, stepping])
def test_clean_is_refused_during_a_run_and_names_its_holder(
    tmp_path: Path, busy: str, by: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.dag.lock._STEP_PATIENCE_S", 0.2)
    logs = [_resumable(tmp_path / folder) for folder in ("", ".workspaces/quick", ".offline")]
    with (
        by(tmp_path / busy),
        pytest.raises(BusyError, match=rf"\(pid {os.getpid()}, since .*One run at a time"),
    ):
        clean(tmp_path)
    assert all(path.exists() for path in logs)


def _linked(tmp_path: Path, place: str) -> tuple[Path, Path]:
    """Make a project in which a link stands at ``place``; return it and the file behind the link."""
    project, outside = tmp_path / "project", tmp_path / "outside"
    log = _resumable(outside)
    (outside / "quick").mkdir()
    (project / place).parent.mkdir(parents=True)
    (project / place).symlink_to(outside)
    return project, log


@pytest.mark.parametrize(
    "place", [".workspaces", ".offline", ".litesmith", ".litesmith/work", ".workspaces/quick"]
)
def test_clean_removes_a_link_names_its_target_and_leaves_that(tmp_path: Path, place: str) -> None:
    project, log = _linked(tmp_path, place)
    line = f"{place} was a link to {tmp_path / 'outside'}: the link is removed, its target stays"
    assert line in clean(project)
    assert not (project / place).is_symlink()
    assert log.read_text() == "trial 0"
    assert (tmp_path / "outside/quick").is_dir()
    assert not list((tmp_path / "outside/quick").iterdir())


@pytest.mark.parametrize(
    "place", [".workspaces", ".offline", ".litesmith", ".litesmith/work", ".workspaces/quick"]
)
@pytest.mark.parametrize("target", ["nothing", "file"])
def test_clean_removes_a_link_that_leads_to_no_folder(tmp_path: Path, place: str, target: str) -> None:
    (tmp_path / "file").write_text("mine")
    project = tmp_path / "project"
    (project / place).parent.mkdir(parents=True)
    (project / place).symlink_to(tmp_path / target)
    assert f"{place} was a link to {tmp_path / target}: the link is removed, its target stays" in clean(
        project
    )
    assert not (project / place).is_symlink()
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("place", [".workspaces", ".offline", ".litesmith", ".workspaces/quick"])
def test_clean_is_refused_during_a_run_behind_a_link(tmp_path: Path, place: str) -> None:
    project, log = _linked(tmp_path, place)
    busy = {".workspaces": project / ".workspaces/quick", ".litesmith": project}.get(
        place, project / place
    )
    with holding(busy), pytest.raises(BusyError, match=f"pid {os.getpid()}"):
        clean(project)
    assert log.exists()
    assert (project / place).is_symlink()


def test_clean_writes_nothing_into_folders_behind_a_link_that_are_no_workspaces(tmp_path: Path) -> None:
    project, _ = _linked(tmp_path, ".workspaces")
    before = sorted((tmp_path / "outside").rglob("*"))
    clean(project)
    assert sorted((tmp_path / "outside").rglob("*")) == before


def test_clean_names_what_it_could_not_remove_and_removes_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in (".workspaces/quick", ".workspaces/other", ".offline"):
        _resumable(tmp_path / folder)
    unlink, refused = os.unlink, []

    def refusing(path: Any, **options: Any) -> None:
        if path == "log" and not refused:
            refused.append(path)
            raise PermissionError(1, "Operation not permitted", path)
        unlink(path, **options)

    monkeypatch.setattr(os, "unlink", refusing)
    message = r"(?s)^not everything could be removed:\n\S*/sweep/log: Operation not permitted\nremoved \.offline$"
    with pytest.raises(MachineError, match=message):
        clean(tmp_path)
    assert len(list((tmp_path / ".workspaces").glob("*/.litesmith/work/sweep/log"))) == 1
    assert len(list((tmp_path / ".workspaces").iterdir())) == 1
    assert not (tmp_path / ".offline").exists()


@pytest.mark.parametrize("place", [".workspaces", ".offline", ".litesmith/work"])
def test_clean_leaves_a_file_in_the_place_of_a_folder_and_names_it(tmp_path: Path, place: str) -> None:
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_text("mine")
    with pytest.raises(
        MachineError, match=f"{place}: it is no folder, which was expected there; move it away"
    ):
        clean(tmp_path)
    assert (tmp_path / place).read_text() == "mine"


@pytest.mark.parametrize(
    "name", [".litesmith", ".workspaces", ".offline", ".venv", ".venv-3.12", "dvc_plots"]
)
def test_git_ignores_a_link_in_the_place_of_a_folder_of_ours(tmp_path: Path, name: str) -> None:
    shutil.copy(ROOT / ".gitignore", tmp_path)
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    (tmp_path / name).symlink_to("/nowhere")
    command = ["git", "status", "--porcelain", "--untracked-files=all"]
    status = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=True)
    assert status.stdout.split() == ["??", ".gitignore"]


@pytest.mark.slow
def test_a_workspace_of_older_code_is_brought_over(project: Path, tmp_path: Path) -> None:
    def _lay_out(sources: dict[str, str]) -> None:
        for name, text in sources.items():
            write_text(project / name, text)
        copies = "import shutil; shutil.copy('versions.yaml', 'model')"
        stage = {"cmd": f'python -c "{copies}"', "deps": list(sources), "outs": ["model"]}
        write_text(project / "dvc.yaml", yaml_text({"stages": {"prune": stage}}))

    _lay_out(
        {"litesmith/keras.py": "# old", "litesmith/plots/bars.py": "# old", "tasks/prune.py": "# old"}
    )
    folder = make_workspace(tmp_path / "ws", project)
    with Stages(folder) as stages:
        assert stages.reproduce("prune", print, time_limit_s=60, extra={}) is Outcome.COMPLETED
    assert "litesmith/keras.py" in (folder / "dvc.lock").read_text()
    write_text(folder / "litesmith/plots/__pycache__/bars.cpython-311.pyc", "compiled")
    shutil.rmtree(project / "litesmith/plots")
    for moved in ("litesmith/keras.py", "tasks/prune.py"):
        (project / moved).unlink()
    _lay_out({"litesmith/training/backend.py": "# new", "tasks/steps/prune.py": "# new"})
    assert make_workspace(folder, project) == folder
    assert sorted(path.name for path in (folder / "litesmith").iterdir()) == ["module.py", "training"]
    assert (folder / "model").is_file()
    assert locked_outputs(folder)["prune"][0].path == Path("model")
    with Stages(folder) as stages:
        assert stages.is_stale("prune")
        assert stages.reproduce("prune", print, time_limit_s=60, extra={}) is Outcome.COMPLETED
        assert not stages.is_stale("prune")
    assert "litesmith/keras.py" not in (folder / "dvc.lock").read_text()
