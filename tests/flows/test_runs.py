import shutil
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from pydantic import JsonValue

from flows.runs import RunLog, run_result, step_times
from litesmith.errors import DataError
from litesmith.files import read_json, read_yaml, write_json, write_text, yaml_text
from litesmith.records.figures import AccuracyChange, ReportVerdict
from litesmith.records.provenance import Host, Provenance
from litesmith.records.record import write_record
from litesmith.records.run import Conditions, GitState, Outcome, read_run
from litesmith.records.summary import Summary
from tasks import catalog
from tests.flows.run_content import run_content, stage_content
from tests.litesmith.release.made import DATASET, DEVICE, digest_of, make_decision
from tests.litesmith.report.report_inputs import report_summary, with_value

ROOT = Path(__file__).parents[2]
GIT = GitState(revision="abc", dirty=False, unknown=None)


def _log(git: GitState = GIT, error: str | None = None) -> RunLog:
    return RunLog("brave-cat", "an-id", "quick", git, error=error)


def _make(root: Path, step: str, wall_s: float) -> None:
    """Leave the provenance of a step's outputs."""
    host = Host(system="Linux", cpu="some", cores=2, python="3.11.7")
    provenance = Provenance(
        step=step,
        wall_s=wall_s,
        cpu_s=2 * wall_s,
        peak_memory_mb=1.0,
        host=host,
        versions={},
        parameters={},
    )
    write_record(root / catalog.provenance(step), provenance)


def test_overhead_is_the_time_that_no_step_took(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "orig_argv", ["/somewhere/bin/python3", "-m", "flows", "retrain"])
    _make(tmp_path, "fetch", 4.0)
    _make(tmp_path, "baseline", 30.0)
    log = _log()
    log._began -= 40.0
    log.note(tmp_path, "fetch", Outcome.UP_TO_DATE, 0.1)
    log.note(tmp_path, "baseline", Outcome.COMPLETED, 31.5)
    path = log.write(tmp_path)
    assert path.parent == tmp_path / catalog.RUNS
    assert path.name.endswith("Z-brave-cat.json")
    record = read_run(path)
    assert (record.version, record.started.microsecond) == (7, 0)
    assert (record.steps_wall_s, record.steps_cpu_s) == (30.0, 60.0)
    assert 9.9 < record.overhead_s < 12
    idle, ran = record.stages["fetch"], record.stages["baseline"]
    assert (idle.outcome, idle.wall_s, idle.step_wall_s) == (Outcome.UP_TO_DATE, 0.1, None)
    assert (ran.outcome, ran.wall_s, ran.step_wall_s) == (Outcome.COMPLETED, 31.5, 30.0)
    assert (record.flow_run, record.profile, record.error) == ("an-id", "quick", None)
    assert record.git == GIT
    assert record.command == "python -m flows retrain"
    assert record.startup_s is not None
    assert record.startup_s > 0
    assert record.server_cpu_s is None
    assert (record.result, record.refused, record.synthetic) == (None, False, None)


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
    alone = run_result(tmp_path)
    assert alone is not None
    assert (alone.final, alone.accuracy, alone.bytes) == ("tuned-int8", 0.93, 70512)
    assert (alone.verdict, alone.since_reference) == (None, None)
    assert (alone.balance, alone.worst_class) == (None, None)
    difference = {"mean": 0.01, "low": 0.0, "high": 0.02}
    verdict = {"outcome": "good", "sentence": "It is better.", "advice": "Promote it."}
    figures = {"verdict": verdict, "since_reference": {"accuracy": difference, "paired": True}}
    write_json(tmp_path / catalog.SUMMARY, figures)
    result = run_result(tmp_path)
    assert result is not None
    assert result.verdict == ReportVerdict(outcome="good", sentence="It is better.")
    assert result.since_reference == AccuracyChange(mean=0.01, low=0.0, high=0.02)
    assert result.model_copy(update={"verdict": None, "since_reference": None}) == alone


def test_the_record_keeps_what_later_runs_are_compared_by(tmp_path: Path) -> None:
    _results(tmp_path)
    model, summary = b"a model", report_summary()
    # A file that runs its network twice may run the end of it once: the file itself tells.
    twice = summary.results.quantize.variants["qat"].model_copy(update={"passes": 2})
    variants = {summary.results.evaluate.variants[summary.final].model: twice}
    summary = with_value(summary, "results", "quantize", "variants", value=variants)
    write_record(tmp_path / catalog.SUMMARY, summary)
    write_record(tmp_path / catalog.DECISION, make_decision(model))
    result = run_result(tmp_path)
    assert result is not None and result.gate and result.cost and result.conditions
    assert (result.gate.dataset, result.gate.device, result.gate.outcome) == (DATASET, DEVICE, "promote")
    assert result.gate.file_sha256 == digest_of(model)
    assert result.cost.latency_ms == summary.results.latency.variants[summary.final].median_ms
    assert result.cost.host == summary.results.latency.host.words
    assert result.cost.macs == summary.network.macs
    assert result.conditions.test == summary.results.prepare.splits["test"].sha256
    changed = _conditions_with(tmp_path, summary, {"seed": 77})
    assert changed.parameters != result.conditions.parameters
    assert changed.deciding != result.conditions.deciding
    assert changed.data == result.conditions.data
    changed = _conditions_with(tmp_path, summary, {"sweep": {"num_workers": 77}})
    assert changed.parameters != result.conditions.parameters
    assert changed.deciding == result.conditions.deciding


def _conditions_with(root: Path, summary: Summary, parameters: dict[str, JsonValue]) -> Conditions:
    """Return what is recorded of a run with other parameters of a step."""
    steps = dict(summary.provenance)
    name = next(iter(steps))
    other = {**steps[name].parameters, **parameters}
    steps[name] = steps[name].model_copy(update={"parameters": other})
    write_record(root / catalog.SUMMARY, summary.model_copy(update={"provenance": steps}))
    result = run_result(root)
    assert result is not None and result.conditions is not None
    return result.conditions


def test_a_run_is_recorded_in_local_time(tmp_path: Path) -> None:
    log = _log(error="StageError: it broke")
    log.started = datetime(2026, 12, 1, 0, 30, tzinfo=timezone(timedelta(hours=1)))
    path = log.write(tmp_path)
    assert path.name == "20261130T233000Z-brave-cat.json"
    assert read_json(path)["started"] == "2026-12-01T00:30:00+01:00"


def test_results_that_no_step_of_this_version_left_are_refused(tmp_path: Path) -> None:
    write_json(tmp_path / catalog.results("evaluate"), {"final": "tuned-int8"})
    with pytest.raises(DataError, match=r"evaluate\.json is not .*variants: field required"):
        run_result(tmp_path)


@pytest.mark.parametrize("synthetic", [True, False])
def test_a_failed_run_on_synthetic_images_is_marked(tmp_path: Path, synthetic: bool) -> None:
    params = read_yaml(ROOT / "params.yaml")
    params["dataset"] = "synthetic" if synthetic else "fashion-mnist"
    write_text(tmp_path / catalog.PARAMS, yaml_text(params))
    shutil.copytree(ROOT / "devices", tmp_path / "devices")
    shutil.copytree(ROOT / "datasets", tmp_path / "datasets")
    record = read_run(_log(error="StageError: it broke").write(tmp_path))
    assert record.synthetic is synthetic


def test_the_time_of_a_step_is_that_of_its_last_run(tmp_path: Path) -> None:
    records = (
        {"fetch": stage_content("Completed", 3.0), "prune": stage_content("Completed", 5.0)},
        {"fetch": stage_content("Completed", 4.0), "prune": stage_content("UpToDate")},
    )
    for day, stages in enumerate(records, start=1):
        content = run_content(f"2026-11-0{day}T00:00:00+00:00", stages=stages)
        write_json(tmp_path / catalog.RUNS / f"2026110{day}T000000Z-cat.json", content)
    (tmp_path / catalog.RUNS / "20261103T000000Z-half.json").write_text('{"started": ')
    invalid = {"fetch": {**stage_content("Completed"), "step_wall_s": "long"}}
    content = run_content("2026-11-04T00:00:00+00:00", stages=invalid)
    write_json(tmp_path / catalog.RUNS / "20261104T000000Z-odd.json", content)
    assert step_times(tmp_path) == {"fetch": 4.0, "prune": 5.0}


def test_the_provenance_of_a_step_counts_more_than_an_earlier_run(tmp_path: Path) -> None:
    content = run_content("2026-11-01T00:00:00+00:00", stages={"fetch": stage_content("Completed", 3.0)})
    write_json(tmp_path / catalog.RUNS / "20261101T000000Z-cat.json", content)
    _make(tmp_path, "fetch", 2.0)
    write_json(tmp_path / catalog.provenance("prune"), {"wall_s": 7.0})
    assert step_times(tmp_path) == {"fetch": 2.0}


def test_the_reason_of_an_unknown_git_state_is_recorded(tmp_path: Path) -> None:
    state = GitState(revision=None, dirty=None, unknown="git is not installed")
    assert read_run(_log(state).write(tmp_path)).git == state


def test_a_run_that_failed_has_no_result_of_an_earlier_one(tmp_path: Path) -> None:
    _results(tmp_path)
    _make(tmp_path, "validate", 9.0)
    log = _log()
    log.note(tmp_path, "validate", Outcome.FAILED, 3.456)
    log.error, log.page = "StageError: stage validate: refused", tmp_path / "page.html"
    content = read_json(log.write(tmp_path))
    assert (content["result"], content["refused"]) == (None, True)
    assert content["stages"] == {
        "validate": {"outcome": "Failed", "wall_s": 3.46, "step_wall_s": None, "step_cpu_s": None}
    }


def test_the_result_names_the_class_that_is_recognized_least_often(tmp_path: Path) -> None:
    _results(tmp_path)
    content = read_json(tmp_path / catalog.results("evaluate"))
    balance = {
        "accuracy": {"value": 0.9, "low": 0.8, "high": 0.95},
        "chance": 0.5,
        "worst": {"label": 1, "recall": {"value": 0.85, "low": 0.7, "high": 0.9}, "num_images": 40},
    }
    names = [{"name": "left", "num_images": 60}, {"name": "right", "num_images": 40}]
    content["variants"]["tuned-int8"] |= {"balance": balance, "per_class": names}
    write_json(tmp_path / catalog.results("evaluate"), content)
    result = run_result(tmp_path)
    assert result is not None and result.balance is not None
    assert (result.worst_class, result.balance.worst.num_images) == ("right", 40)
