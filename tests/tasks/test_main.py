import re
import shlex
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from ruamel.yaml import YAML

from litesmith.files import write_text, yaml_text
from tasks.__main__ import main
from tasks.dag import dvcfile
from tasks.pipeline import PIPELINE, named
from tasks.workspace import make_workspace
from tests.flows.marked import Commands
from tests.litesmith import make_tiny

PROJECT = Path(__file__).parents[2]

# Stands for a step: writes the files that it is given, or fails as a step does.
_STEP = """
import pathlib, subprocess, sys, time
if "80" in pathlib.Path("params.yaml").read_text():
    sys.exit(subprocess.run([sys.executable, "-m", "tasks", "predict", "none", "none"]).returncode)
for path in map(pathlib.Path, sys.argv[1:]):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(str(time.time()))
"""
_OTHER = Path("reports/metrics/baseline.json")


@pytest.fixture(autouse=True)
def _in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)


def test_list_prints_a_line_for_each_step_and_files_where_requested(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["list"]) == 0
    _, *lines = capsys.readouterr().out.partition("\n\n")[0].splitlines()
    assert [line.split()[0] for line in lines] == [step.name for step in PIPELINE]
    assert main(["list", "prune"]) == 0
    assert "  writes models/pruned.h5" in capsys.readouterr().out
    assert main(["list", "--files"]) == 0
    assert "  reads  data/prepared/test" in capsys.readouterr().out


_OF_THE_PROJECT = (
    "list", "list --files", "clean", "promote", "rollback", "releases", "run fetch", "sample", "notes --check", "dvc", "dvc --check",
    "readme", "readme --check", "versions", "versions --check",
)  # fmt: skip


@pytest.mark.parametrize("words", _OF_THE_PROJECT)
def test_in_another_folder_a_command_names_the_right_one_and_writes_nothing(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words.split()) == 1
    message = "params.yaml is missing. Run from the project's folder, or restore the file.\n"
    assert capsys.readouterr().err == f"error: {tmp_path}/{message}"
    assert list(tmp_path.iterdir()) == []


def test_the_help_of_run_describes_each_step(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        main(["run", "--help"])
    words = " ".join(capsys.readouterr().out.split())
    assert [step.name for step in PIPELINE if f"{step.name} {step.summary}" not in words] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["run", "swep"],
            "argument STEP: there is no 'swep'. Did you mean sweep? Known here: fetch, arrivals, ",
        ),
        (["run", "Prune"], "argument STEP: there is no 'Prune'. Did you mean prune? "),
        (["run", "zzz"], "argument STEP: there is no 'zzz'. Known here: fetch, "),
        (["clan"], "argument COMMAND: there is no 'clan'. Did you mean clean? Known here: run, list, "),
        (["dvc", "--chek"], "unrecognized arguments: --chek. Did you mean --check?"),
        (
            ["promote", "--profle=quick"],
            "unrecognized arguments: --profle=quick. Did you mean --profile?",
        ),
    ],
)
def test_an_unknown_word_is_refused_with_the_nearest_known_one(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_a_picture_for_a_model_that_is_not_there_is_refused_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(np.full((40, 40), 255, np.uint8)).save(tmp_path / "shoe.png")
    assert main(["predict", str(tmp_path / "none.tflite"), str(tmp_path / "shoe.png")]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert "none.tflite" in error
    assert "Traceback" not in error


def test_pictures_are_answered_and_broken_ones_named_at_the_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for row, image in enumerate(make_tiny.images(3, seed=4)[0]):
        Image.fromarray(image[..., 0]).save(tmp_path / f"{row}.png")
    (tmp_path / "1.png").write_text("no picture")
    assert main(["predict", str(make_tiny.TINY / "int8.tflite"), str(tmp_path)]) == 1
    output = capsys.readouterr()
    assert [line for line in output.out.splitlines() if line.startswith("/")] == [
        f"{tmp_path}/0.png:",
        f"{tmp_path}/2.png:",
    ]
    assert "%  left" in output.out
    assert "%  neither" in output.out
    assert output.err.startswith(f"error: {tmp_path}/1.png is not a picture")


def test_names_of_pictures_do_not_steer_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a\x1b[31m\n.png", "b.png"):
        Image.fromarray(make_tiny.images(3, seed=4)[0][0, ..., 0]).save(tmp_path / name)
    (tmp_path / "c\x1b[2J.png").write_text("no picture")
    (tmp_path / "notes.txt").write_text("no picture")
    assert main(["predict", str(make_tiny.TINY / "int8.tflite"), str(tmp_path)]) == 1
    output = capsys.readouterr()
    assert f"{tmp_path}/a\\x1b[31m\\n.png:\n" in output.out
    assert output.err.startswith(
        f"left out of {tmp_path}: 1 other file (.txt)\nerror: {tmp_path}/c\\x1b[2J.png is not"
    )


def test_metadata_may_be_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.fromarray(make_tiny.images(3, seed=4)[0][0, ..., 0]).save(tmp_path / "a.png")
    words = ["predict", str(make_tiny.TINY / "int8.tflite"), str(tmp_path / "a.png"), "--metadata"]
    assert main([*words, str(make_tiny.TINY / "float32.json")]) == 0
    assert "%  left" in capsys.readouterr().out
    assert main([*words, str(tmp_path / "none.json")]) == 1
    assert "none.json cannot be read: No such file" in capsys.readouterr().err


def test_outside_of_dvc_an_error_does_not_mention_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DVC_STAGE", raising=False)
    assert main(["predict", "none.tflite", "none.png"]) == 1
    assert "DVC" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("stage", "command"),
    [("prune", "dvc repro prune"), ("../dvc.yaml:prune", "dvc --cd {} repro prune")],
)
def test_under_dvc_an_error_names_the_command_that_restores(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    stage: str,
    command: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_STAGE", stage)
    assert main(["predict", "none.tflite", "none.png"]) == 1
    assert capsys.readouterr().err.endswith(
        f"\nDVC cleared the outputs of prune before it began. `{command.format(tmp_path)}` writes them once the "
        "cause above is removed. If that is a change of yours, undo it: they return as they were, from DVC's cache "
        "if it has them.\n"
    )


def test_in_a_workspace_an_error_names_it_and_a_command_that_acts_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = make_workspace(tmp_path / "a workspace", PROJECT)
    monkeypatch.chdir(workspace)
    monkeypatch.setenv("DVC_STAGE", "prepare")
    assert main(["run", "prepare"]) == 1
    error = capsys.readouterr().err
    assert f"Run `dvc --cd '{workspace}' repro prepare`." in error
    assert (
        f"\nIt happened in the workspace {workspace}; the paths above are relative to it. Its params.yaml is written"
        in error
    )
    assert f"`dvc --cd '{workspace}' repro prepare` writes them once the cause above is removed" in error


@pytest.fixture(scope="module")
def project_under_dvc(tmp_path_factory: pytest.TempPathFactory) -> Commands:
    """A project with git and DVC whose one stage has the outputs of `prune`, run and committed."""
    folder = tmp_path_factory.mktemp("under_dvc") / "project"
    (folder / _OTHER).parent.mkdir(parents=True)
    (folder / _OTHER).write_text("committed")
    (folder / "step.py").write_text(_STEP)
    (folder / "params.yaml").write_text("sparsity: 1")
    real = YAML(typ="safe").load(dvcfile.render([named("prune")], PROJECT))["stages"]["prune"]
    paths = [port.path.as_posix() for port in named("prune").outs]
    stage = {"cmd": " ".join(["python step.py", *paths]), "params": ["sparsity"]}
    stage |= {key: real[key] for key in ("outs", "metrics")}
    write_text(folder / "dvc.yaml", yaml_text({"stages": {"prune": stage}}))
    commands = Commands(folder, {"PYTHONPATH": str(PROJECT), "DVC_NO_ANALYTICS": "1"})
    _git(folder, "init", "-q")
    for words in (["init"], ["repro"]):
        code, output = commands.run("dvc", *words)
        assert code == 0, output
    _git(folder, "add", ".")
    _git(folder, "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qm", "one")
    return commands


@pytest.fixture
def under_dvc(project_under_dvc: Commands, tmp_path: Path) -> Commands:
    """A copy of the project for one test."""
    folder = shutil.copytree(project_under_dvc.folder, tmp_path / "project")
    return Commands(folder, project_under_dvc.environment)


def _git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)


def _outputs(folder: Path) -> dict[Path, str]:
    return {port.path: (folder / port.path).read_text() for port in named("prune").outs}


@pytest.mark.slow
@pytest.mark.parametrize("committed", [True, False])
def test_that_command_restores_what_dvc_cleared_and_changes_nothing_else(
    under_dvc: Commands, committed: bool
) -> None:
    folder, params = under_dvc.folder, under_dvc.folder / "params.yaml"
    if not committed:
        params.write_text("sparsity: 2")
        assert under_dvc.run("dvc", "repro")[0] == 0
    before, good = _outputs(folder), params.read_text()
    (folder / _OTHER).write_text("of an uncommitted run")
    params.write_text("sparsity: 80")
    code, output = under_dvc.run("dvc", "repro")
    assert code != 0 and "If that is a change of yours, undo it" in output
    params.write_text(good)
    code, output = under_dvc.run("dvc", "repro", "prune")
    assert code == 0 and "is cached - skipping run" in output
    assert _outputs(folder) == before
    assert under_dvc.run("dvc", "status")[1].strip() == "Data and pipelines are up to date."
    assert (folder / _OTHER).read_text() == "of an uncommitted run"


@pytest.mark.slow
def test_that_command_works_from_any_folder(
    under_dvc: Commands, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder, good = under_dvc.folder, (under_dvc.folder / "params.yaml").read_text()
    below, elsewhere = (
        Commands(folder / "models", under_dvc.environment),
        tmp_path_factory.mktemp("elsewhere"),
    )
    before = _outputs(folder)
    (folder / "params.yaml").write_text("sparsity: 80")
    code, output = below.run("dvc", "repro", "../dvc.yaml:prune")
    assert code != 0
    (folder / "params.yaml").write_text(good)
    (command,) = re.findall(r"`(dvc [^`]* repro prune)`", output)
    code, output = Commands(elsewhere, under_dvc.environment).run(*shlex.split(command))
    assert code == 0, output
    assert _outputs(folder) == before


@pytest.mark.slow
def test_parameters_set_back_restore_the_outputs_of_them(under_dvc: Commands) -> None:
    folder, params = under_dvc.folder, under_dvc.folder / "params.yaml"
    before, first = _outputs(folder), params.read_text()
    params.write_text("sparsity: 2")
    assert under_dvc.run("dvc", "repro")[0] == 0
    assert _outputs(folder) != before
    params.write_text(first)
    code, output = under_dvc.run("dvc", "repro")
    assert code == 0 and "is cached - skipping run" in output
    assert _outputs(folder) == before
