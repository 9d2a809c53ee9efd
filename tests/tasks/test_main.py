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
from tests.flows.marked import Commands

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


def test_list_prints_each_step_with_its_files(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    blocks = capsys.readouterr().out.split("\n\n")
    by_step = {block.partition(":")[0]: block for block in blocks}
    assert list(by_step) == [one.name for one in PIPELINE]
    assert "  makes  models/pruned.h5" in by_step["prune"]
    assert "  reads  data/prepared/test" in by_step["evaluate"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["run", "swep"], "argument STEP: there is no 'swep'. Did you mean sweep? Known here: fetch, validate, "),
        (["run", "Prune"], "argument STEP: there is no 'Prune'. Did you mean prune? "),
        (["run", "zzz"], "argument STEP: there is no 'zzz'. Known here: fetch, "),
        (["clan"], "argument COMMAND: there is no 'clan'. Did you mean clean? Known here: run, list, "),
        (["dvc", "--chek"], "unrecognized arguments: --chek. Did you mean --check?"),
        (["reference", "--profle=quick"], "unrecognized arguments: --profle=quick. Did you mean --profile?"),
    ],
)
def test_an_unknown_word_is_refused_with_the_nearest_known_one(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert told in capsys.readouterr().err


def test_a_picture_for_a_model_that_is_not_there_is_told_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(np.full((40, 40), 255, np.uint8)).save(tmp_path / "shoe.png")
    assert main(["predict", str(tmp_path / "none.tflite"), str(tmp_path / "shoe.png")]) == 1
    told = capsys.readouterr().err
    assert told.startswith("error: ")
    assert "none.tflite" in told
    assert "Traceback" not in told


def test_outside_of_dvc_an_error_says_nothing_of_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DVC_STAGE", raising=False)
    assert main(["predict", "none.tflite", "none.png"]) == 1
    assert "DVC" not in capsys.readouterr().err


def test_under_dvc_an_error_names_the_way_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_STAGE", "../dvc.yaml:prune")
    assert main(["predict", "none.tflite", "none.png"]) == 1
    assert capsys.readouterr().err.endswith(
        "\nDVC cleared the outputs of prune before it began. `dvc repro prune` makes them once the cause above is gone"
        "; if that is a change of yours, undo it, and they come back as they were, from DVC's cache if it has them.\n"
    )


@pytest.fixture
def under_dvc(tmp_path: Path) -> Commands:
    """A project with git and DVC whose one stage has the outputs of `prune`, run and committed."""
    (tmp_path / "step.py").write_text(_STEP)
    (tmp_path / "params.yaml").write_text("sparsity: 1")
    real = YAML(typ="safe").load(dvcfile.render([named("prune")], PROJECT))["stages"]["prune"]
    paths = [port.path.as_posix() for port in named("prune").outs]
    stage = {"cmd": " ".join(["python step.py", *paths]), "params": ["sparsity"]}
    stage |= {key: real[key] for key in ("outs", "metrics")}
    write_text(tmp_path / "dvc.yaml", yaml_text({"stages": {"prune": stage}}))
    (tmp_path / _OTHER).parent.mkdir(parents=True)
    (tmp_path / _OTHER).write_text("committed")
    commands = Commands(tmp_path, {"PYTHONPATH": str(PROJECT), "DVC_NO_ANALYTICS": "1"})
    _git(tmp_path, "init", "-q")
    for words in (["init"], ["repro"]):
        code, said = commands.run("dvc", *words)
        assert code == 0, said
    _git(tmp_path, "add", ".")
    _git(tmp_path, "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qm", "one")
    return commands


def _git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)


def _outputs(folder: Path) -> dict[Path, str]:
    return {port.path: (folder / port.path).read_text() for port in named("prune").outs}


@pytest.mark.slow
@pytest.mark.parametrize("committed", [True, False])
def test_the_way_back_brings_what_dvc_cleared_and_spoils_nothing_else(under_dvc: Commands, committed: bool) -> None:
    folder, params = under_dvc.folder, under_dvc.folder / "params.yaml"
    if not committed:
        params.write_text("sparsity: 2")
        assert under_dvc.run("dvc", "repro")[0] == 0
    before, good = _outputs(folder), params.read_text()
    (folder / _OTHER).write_text("of an uncommitted run")
    params.write_text("sparsity: 80")
    code, said = under_dvc.run("dvc", "repro")
    assert code != 0 and "if that is a change of yours, undo it" in said
    params.write_text(good)
    code, said = under_dvc.run("dvc", "repro", "prune")
    assert code == 0 and "is cached - skipping run" in said
    assert _outputs(folder) == before
    assert under_dvc.run("dvc", "status")[1].strip() == "Data and pipelines are up to date."
    assert (folder / _OTHER).read_text() == "of an uncommitted run"


@pytest.mark.slow
def test_parameters_set_back_bring_back_what_was_made_with_them(under_dvc: Commands) -> None:
    folder, params = under_dvc.folder, under_dvc.folder / "params.yaml"
    before, first = _outputs(folder), params.read_text()
    params.write_text("sparsity: 2")
    assert under_dvc.run("dvc", "repro")[0] == 0
    assert _outputs(folder) != before
    params.write_text(first)
    code, said = under_dvc.run("dvc", "repro")
    assert code == 0 and "is cached - skipping run" in said
    assert _outputs(folder) == before
