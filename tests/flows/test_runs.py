import sys
from pathlib import Path
from typing import Any

import pytest

from flows.git import GitState
from flows.ledger import Outcome
from flows.runs import RunRecord, last_times, result
from litesmith.files import read_json, read_yaml, write_json, write_text, yaml_text
from tasks import catalog

ROOT = Path(__file__).parents[2]


def test_overhead_is_the_time_that_no_step_took(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "orig_argv", ["/somewhere/bin/python3", "-m", "flows", "retrain"])
    for step, wall_s in (("fetch", 4.0), ("baseline", 30.0)):
        write_json(tmp_path / catalog.made(step), {"wall_s": wall_s, "cpu_s": 2 * wall_s})
    record = RunRecord("brave-cat", "an-id", "quick", {"revision": "abc", "dirty": False})
    record._began -= 40.0
    record.note(tmp_path, "fetch", Outcome.UP_TO_DATE, 0.1)
    record.note(tmp_path, "baseline", Outcome.COMPLETED, 31.5)
    path = record.write(tmp_path)
    content = read_json(path)
    assert path.parent == tmp_path / catalog.RUNS
    assert path.name.endswith("Z-brave-cat.json")
    assert (content["steps_wall_s"], content["steps_cpu_s"]) == (30.0, 60.0)
    assert 9.9 < content["overhead_s"] < 12
    assert content["stages"]["fetch"] == {"outcome": "UpToDate", "wall_s": 0.1}
    assert content["stages"]["baseline"]["outcome"] == "Completed"
    assert (content["flow_run"], content["profile"], content["error"]) == ("an-id", "quick", None)
    assert content["git"] == {"revision": "abc", "dirty": False}
    assert content["command"] == "python -m flows retrain"
    assert content["startup_s"] > 0
    assert content["server_cpu_s"] is None
    assert (content["result"], content["refused"], content["drawn"]) == (None, False, None)


def _results(root: Path) -> None:
    variant = {
        "accuracy": 0.93,
        "accuracy_interval": [0.92, 0.94],
        "bytes": 70512,
        "gzip_bytes": 5,
        "loss": None,
    }
    write_json(
        root / catalog.results("evaluate"), {"final": "tuned-int8", "variants": {"tuned-int8": variant}}
    )


def test_the_result_is_written_down_with_the_verdict_that_the_report_left(tmp_path: Path) -> None:
    _results(tmp_path)
    found = result(tmp_path)
    assert found is not None
    assert (found["final"], found["accuracy"], found["bytes"]) == ("tuned-int8", 0.93, 70512)
    assert (found["verdict"], found["since_reference"]) == (None, None)
    difference = {"mean": 0.01, "low": 0.0, "high": 0.02}
    verdict = {"outcome": "good", "sentence": "It is better.", "reasons": []}
    write_json(
        tmp_path / catalog.SUMMARY, {"verdict": verdict, "since_reference": {"accuracy": difference}}
    )
    told = {"outcome": "good", "sentence": "It is better."}
    assert result(tmp_path) == {**found, "verdict": told, "since_reference": difference}


@pytest.mark.parametrize("drawn", [True, False])
def test_a_run_on_drawn_images_is_marked_though_it_failed(tmp_path: Path, drawn: bool) -> None:
    params = read_yaml(ROOT / "params.yaml")
    params["dataset"]["drawn"] = drawn
    write_text(tmp_path / catalog.PARAMS, yaml_text(params))
    record = RunRecord("brave-cat", "an-id", None, None, error="StageError: it broke")
    assert read_json(record.write(tmp_path))["drawn"] is drawn


def test_the_last_run_of_each_step_tells_how_long_it_takes(tmp_path: Path) -> None:
    def _ran(step_wall_s: float) -> dict[str, Any]:
        return {"outcome": "Completed", "wall_s": step_wall_s + 1, "step_wall_s": step_wall_s}

    records = (
        {"fetch": _ran(3), "prune": _ran(5)},
        {"fetch": _ran(4), "prune": {"outcome": "UpToDate", "wall_s": 1}},
    )
    for day, stages in enumerate(records, start=1):
        content = {"started": f"2026-11-0{day}T00:00:00+00:00", "stages": stages}
        write_json(tmp_path / catalog.RUNS / f"2026110{day}T000000Z-cat.json", content)
    (tmp_path / catalog.RUNS / "20261103T000000Z-half.json").write_text('{"started": ')
    odd = {
        "fetch": {"step_wall_s": "long"},
        "prune": {"step_wall_s": None},
        "sweep": {"step_wall_s": [1]},
    }
    write_json(
        tmp_path / catalog.RUNS / "20261104T000000Z-odd.json",
        {"started": "2026-11-04T00:00:00", "stages": odd},
    )
    assert last_times(tmp_path) == {"fetch": 4.0, "prune": 5.0}


def test_why_git_does_not_tell_is_written_down(tmp_path: Path) -> None:
    state: GitState = {"revision": None, "dirty": None, "unknown": "git is not installed"}
    assert read_json(RunRecord("brave-cat", "an-id", None, state).write(tmp_path))["git"] == state


def test_a_run_that_failed_has_no_result_of_an_earlier_one(tmp_path: Path) -> None:
    _results(tmp_path)
    record = RunRecord("brave-cat", "an-id", None, None)
    record.fail("validate", 3.456)
    record.error, record.page = "StageError: stage validate: refused", tmp_path / "page.html"
    content = read_json(record.write(tmp_path))
    assert (content["result"], content["refused"]) == (None, True)
    assert content["stages"] == {"validate": {"outcome": "Failed", "wall_s": 3.46}}
