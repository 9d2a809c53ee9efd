"""The flow's own part, without a server, without DVC and without a step."""

import io
import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from flows.progress import Progress, watching
from flows.retrain import _walk, retrain
from flows.runs import RunLog, step_times
from litesmith.device import measurement
from litesmith.errors import BusyError, MachineError
from litesmith.files import read_json, read_yaml, write_text, yaml_text
from litesmith.records.provenance import Host, Provenance
from litesmith.records.record import write_record
from litesmith.records.run import GitState
from tasks import catalog
from tasks.dag.lock import holding
from tasks.pipeline import PIPELINE
from tasks.profiles import profile_names

ROOT = Path(__file__).parents[2]


class _OneStage:
    """A workspace of one stage."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __enter__(self) -> "_OneStage":
        return self

    def __exit__(self, *_: object) -> None: ...

    def names(self) -> list[str]:
        return ["fetch"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a workspace for a profile in it, on a machine with room; no stage is run."""
    content = read_yaml(ROOT / "params.yaml")
    content["retrain"] |= {"min_disk_gb": 0.0, "min_memory_gb": 0.0}
    for folder in (tmp_path, _workspace(tmp_path)):
        folder.mkdir(parents=True, exist_ok=True)
        write_text(folder / "params.yaml", yaml_text(content))
        shutil.copytree(ROOT / "devices", folder / "devices")
        shutil.copytree(ROOT / "datasets", folder / "datasets")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("flows.retrain.Stages", _OneStage)
    monkeypatch.setattr("flows.retrain._run_noted", lambda *_: None)
    return tmp_path


def _workspace(project: Path) -> Path:
    return project / ".workspaces/quick"


def _log() -> RunLog:
    git = GitState(revision=None, dirty=None, unknown="git is not installed")
    return RunLog("brave-cat", "an-id", None, git)


def _write_time(root: Path, wall_s: float) -> None:
    """Leave what the step ``fetch`` leaves of its time."""
    host = Host(system="Linux", cpu="some", cores=2, python="3.11.7")
    provenance = Provenance(
        step="fetch", wall_s=wall_s, cpu_s=1.0, peak_memory_mb=1.0, host=host, versions={}, parameters={}
    )
    write_record(root / catalog.provenance("fetch"), provenance)


def _expected_s(root: Path) -> Mapping[str, float]:
    """Return the times that the terminal is given for a run in ``root``."""
    progress = Progress(io.StringIO())
    with watching(progress):
        _walk(root, _log())
    assert progress.forecast is not None
    return progress.forecast.expected_s


def test_the_time_left_comes_from_runs_in_the_same_folder(project: Path) -> None:
    _write_time(project, 2400.0)
    assert _expected_s(project) == {"fetch": 2400.0}
    assert _expected_s(_workspace(project)) == {}
    _write_time(_workspace(project), 3.0)
    assert _expected_s(_workspace(project)) == {"fetch": 3.0}


def test_a_fresh_clone_knows_how_long_every_stage_takes(tmp_path: Path) -> None:
    shutil.copytree(ROOT / catalog.RUNS, tmp_path / catalog.RUNS)
    assert set(step_times(tmp_path)) == {step.name for step in PIPELINE}


def test_a_tool_that_is_missing_stops_an_ordered_run_before_its_first_stage(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measurement, "installed_version", lambda _: None)
    monkeypatch.setattr(_OneStage, "names", lambda _: pytest.fail("a stage was about to run"))
    with pytest.raises(MachineError, match=r"evaluate\.measure asks for mcu \(tflite-micro\) and npu"):
        _walk(project, _log())


def test_checks_of_a_terminal_are_not_repeated(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checks: list[object] = []
    monkeypatch.setattr("flows.retrain.check", lambda *given: checks.append(given))
    with watching(Progress(io.StringIO())):
        _walk(project, _log())
    assert checks == []
    _walk(project, _log())
    assert len(checks) == 1


def test_no_other_run_begins_before_the_results_are_published(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published: list[Path] = []

    def _publish(root: Path) -> None:
        with pytest.raises(BusyError), holding(root):
            pass
        published.append(root)

    monkeypatch.setattr("flows.retrain.check", lambda *_: None)
    monkeypatch.setattr("flows.retrain.publish_results", _publish)
    assert Path(retrain.fn()).parent == project / catalog.RUNS
    assert published == [project]
    with holding(project):
        pass


@pytest.mark.parametrize("given", ["quick+portable", ["quick", "portable"], '["quick", "portable"]'])
def test_all_profiles_of_an_order_are_in_the_record(
    project: Path, monkeypatch: pytest.MonkeyPatch, given: Any
) -> None:
    opened: list[Any] = []

    def _open(_: Path, profile: Any, data: str | None) -> Path:
        assert data == "digits"
        opened.append(profile)
        return _workspace(project)

    monkeypatch.setattr("flows.retrain.open_workspace", _open)
    monkeypatch.setattr("flows.retrain.check", lambda *_: None)
    monkeypatch.setattr("flows.retrain.publish_results", lambda _: None)
    # As `prefect deployment run -p profile=...` hands it over.
    if isinstance(given, str):
        with suppress(ValueError):
            given = json.loads(given)
    taken = retrain.validate_parameters({"profile": given, "data": "digits"})
    record = read_json(Path(retrain.fn(**taken)))
    assert record["profile"] == "quick+portable"
    assert [profile_names(profile) for profile in opened] == [("quick", "portable")]


def test_a_single_profile_or_none_is_accepted() -> None:
    for given in (None, "nightly"):
        taken = retrain.validate_parameters({"profile": given})
        assert taken == {"profile": given, "data": None}
