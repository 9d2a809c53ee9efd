"""Tests of benchmarks.pipeline."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks.pipeline import KINDS, RESULT, RUNS, claims, collect, last_run
from litesmith.errors import ContractError
from litesmith.files import read_json, read_yaml, write_json
from litesmith.params.loading import read_params
from tasks import catalog
from tasks.pipeline import PIPELINE
from tasks.workspace import workspace_folder

HOST = {"system": "Linux", "cpu": "Some CPU", "cores": 2, "python": "3.11.7"}
RESULT_OF_A_RUN = {"final": "tuned-int8", "accuracy": 0.941, "bytes": 90_000, "gzip_bytes": 80_000}


def a_record(started: str, outcome: str = "Completed", **otherwise: Any) -> dict[str, Any]:
    stages = {
        step.name: {"outcome": outcome, "wall_s": 3.0, "step_wall_s": 2.0, "step_cpu_s": 2.0}
        for step in PIPELINE
    }
    return {
        "flow_run": "0", "name": "brave-newt", "profile": None, "command": "python -m flows retrain",
        "git": {"revision": "0" * 40, "dirty": False}, "started": started, "startup_s": 5.0,
        "wall_s": 60.0, "steps_wall_s": 33.0, "overhead_s": 5.0, "steps_cpu_s": 22.0, "cpu_s": 1000.0,
        "server_cpu_s": 50.0,
        "stages": stages, "error": None, "refused": False, "synthetic": False,
        "result": {
            **RESULT_OF_A_RUN, "accuracy_interval": [0.93, 0.95], "verdict": None,
            "since_reference": None,
        },
        **otherwise,
    }  # fmt: skip


def leave(workspace: Path, accuracy: float = 0.941, **records: dict[str, Any]) -> None:
    """Leave the records and a summary of the final file as runs do."""
    for name, record in records.items():
        write_json(workspace / catalog.RUNS / f"{name}.json", record)
    variant = {**RESULT_OF_A_RUN, "accuracy": accuracy, "accuracy_interval": [0.93, 0.95]}
    provenance = {"evaluate": {"host": HOST, "versions": {"numpy": "2.4.6"}}}
    evaluate = {"final": "tuned-int8", "variants": {"tuned-int8": variant}}
    write_json(
        workspace / catalog.SUMMARY,
        {"final": "tuned-int8", "results": {"evaluate": evaluate}, "provenance": provenance},
    )


def test_the_last_whole_run_counts(tmp_path: Path) -> None:
    leave(
        tmp_path,
        first=a_record("2026-01-01T00:00:00+00:00"),
        second=a_record("2026-01-02T00:00:00+00:00", cpu_s=900.0),
        cached=a_record("2026-01-03T00:00:00+00:00", "UpToDate", cpu_s=6.0),
    )
    run = last_run(tmp_path)
    assert run is not None
    assert [part["id"] for part in run["runs"]] == ["second"]
    assert (run["cpu_s"], run["result"], run["host"]) == (900, RESULT_OF_A_RUN, HOST)


@pytest.mark.parametrize(
    "otherwise", [{"outcome": "Restored"}, {"synthetic": True}, {"error": "DivergedError"}]
)
def test_a_run_that_did_less_than_all_on_the_real_data_is_none(
    tmp_path: Path, otherwise: dict[str, Any]
) -> None:
    leave(tmp_path, only=a_record("2026-01-01T00:00:00+00:00", **otherwise))
    assert last_run(tmp_path) is None


def test_one_stage_that_was_up_to_date_makes_a_run_less_than_whole(tmp_path: Path) -> None:
    record = a_record("2026-01-01T00:00:00+00:00")
    record["stages"]["fetch"]["outcome"] = "UpToDate"
    leave(tmp_path, only=record)
    assert last_run(tmp_path) is None


def stopped(started: str, done: int, **otherwise: Any) -> dict[str, Any]:
    """Return the record of a run that failed after so many stages."""
    record = a_record(started, error="ConversionError", result=None, **otherwise)
    names = [step.name for step in PIPELINE]
    stages = {name: record["stages"][name] for name in names[:done]}
    return {**record, "stages": {**stages, names[done]: {"outcome": "Failed", "wall_s": 1.0}}}


def gone_on(started: str, done: int, **otherwise: Any) -> dict[str, Any]:
    """Return the record of a run that found so many stages up to date."""
    record = a_record(started, **otherwise)
    names = [step.name for step in PIPELINE]
    return {
        **record,
        "stages": {
            **record["stages"],
            **{name: {"outcome": "UpToDate", "wall_s": 0.1} for name in names[:done]},
        },
    }


def test_a_run_that_went_on_from_failed_ones_counts_with_them(tmp_path: Path) -> None:
    leave(
        tmp_path,
        before=a_record("2026-01-01T00:00:00+00:00", cpu_s=5.0),
        first=stopped("2026-01-02T00:00:00+00:00", 4),
        second=stopped("2026-01-03T00:00:00+00:00", 3, cpu_s=100.0),
        third=gone_on("2026-01-04T00:00:00+00:00", 4, cpu_s=300.0),
    )
    run = last_run(tmp_path)
    assert run is not None
    assert [part["id"] for part in run["runs"]] == ["first", "second", "third"]
    assert (run["cpu_s"], run["server_cpu_s"], run["wall_s"]) == (1400, 150, 180)
    note = claims("nightly run", {"nightly run": run})[0].note
    assert "in 3 runs: all but the last failed and were continued" in note


def test_a_run_of_another_revision_did_not_go_on_from_a_failed_one(tmp_path: Path) -> None:
    leave(
        tmp_path,
        first=stopped("2026-01-02T00:00:00+00:00", 4, git={"revision": "1" * 40, "dirty": False}),
        second=gone_on("2026-01-04T00:00:00+00:00", 4),
    )
    assert last_run(tmp_path) is None


def test_what_earlier_runs_reached_stays_beside_the_last(tmp_path: Path) -> None:
    for day, reached in enumerate((0.92, 0.93, 0.94), start=1):
        result = {**a_record("2026-01-01T00:00:00+00:00")["result"], "accuracy": reached}
        leave(
            tmp_path, reached, **{f"run{day}": a_record(f"2026-01-0{day}T00:00:00+00:00", result=result)}
        )
        collect(tmp_path)
        collect(tmp_path)
    run = read_json(tmp_path / RESULT)["runs"]["run by hand"]
    assert [(entry["id"], entry["result"]["accuracy"]) for entry in run["earlier"]] == [
        ("run1", 0.92),
        ("run2", 0.93),
    ]
    note = read_json(tmp_path / RESULT)["claims"][0]["note"]
    assert note == (
        "1 of 3 seeds; 94.00 % by tuned-int8, Some CPU, 2 cores, earlier ones 92.00 %, 93.00 %; "
        "test opened 3 times in all"
    )


def test_a_run_that_went_on_from_one_that_ended_well_is_not_whole(tmp_path: Path) -> None:
    leave(
        tmp_path,
        whole=a_record("2026-01-01T00:00:00+00:00"),
        failed=stopped("2026-01-02T00:00:00+00:00", 3),
        last=gone_on("2026-01-03T00:00:00+00:00", 4),
    )
    run = last_run(tmp_path)
    assert run is not None
    assert [part["id"] for part in run["runs"]] == ["whole"]


def test_a_summary_of_another_result_is_refused(tmp_path: Path) -> None:
    leave(tmp_path, accuracy=0.95, only=a_record("2026-01-01T00:00:00+00:00"))
    with pytest.raises(ContractError, match=r"summary\.json is not of only, the last whole run there"):
        last_run(tmp_path)


def made(accuracy: float, cpu_s: float = 2000.0, num_bytes: int = 90_000) -> dict[str, Any]:
    """Return a run as the result holds it."""
    result = {**RESULT_OF_A_RUN, "accuracy": accuracy, "bytes": num_bytes}
    return {"runs": [{}], "result": result, "cpu_s": cpu_s, "server_cpu_s": 50.0, "host": HOST}


def test_the_mean_counts_and_the_costliest_run_with_its_server() -> None:
    by_hand = [made(0.930), made(0.940, cpu_s=2960.0), made(0.947, num_bytes=100_001)]
    runs = dict(zip(KINDS["run by hand"].profiles, by_hand, strict=True))
    accuracy, size, spent = claims("run by hand", runs)
    assert accuracy.measured == pytest.approx(0.939)
    assert (accuracy.verdict(accuracy.must), accuracy.verdict(0.942)) == ("met", "not met")
    assert (size.measured, size.verdict(size.must)) == (100_001, "not met")
    assert (spent.measured, spent.verdict(spent.must)) == (3010, "not met")


def test_each_night_has_a_bound_of_its_own() -> None:
    runs = dict(zip(KINDS["nightly run"].profiles, [made(0.942), made(0.950)], strict=True))
    mean, lowest, *_ = claims("nightly run", runs)
    assert (mean.measured, mean.verdict(mean.must)) == (pytest.approx(0.946), "met")
    assert (lowest.measured, lowest.verdict(lowest.must)) == (0.942, "not met")


@pytest.mark.parametrize("name", list(KINDS))
def test_nothing_is_measured_before_all_seeds_are(name: str) -> None:
    first = next(iter(KINDS[name].profiles))
    told = claims(name, {first: made(0.95)})
    assert {claim.measured for claim in told} == {None}
    assert told[0].note.startswith(f"1 of {len(KINDS[name].profiles)} seeds; 95.00 %")


def test_a_run_with_another_seed_differs_in_nothing_else() -> None:
    plain = read_params(catalog.PARAMS)
    for profile in ("second-seed", "third-seed"):
        overlay = read_yaml(Path("profiles") / f"{profile}.yaml")
        assert list(overlay) == ["seed"]
        assert overlay["seed"] != plain.seed


def test_a_run_that_is_not_here_keeps_what_was_measured_before(tmp_path: Path) -> None:
    night = workspace_folder(tmp_path, RUNS["nightly run"])
    leave(night, only=a_record("2026-01-01T00:00:00+00:00"))
    collect(tmp_path)
    first = read_json(tmp_path / RESULT)["runs"]
    assert list(first) == ["nightly run"]
    (night / catalog.RUNS / "only.json").unlink()
    leave(tmp_path, only=a_record("2026-01-02T00:00:00+00:00"))
    collect(tmp_path)
    second = read_json(tmp_path / RESULT)["runs"]
    assert set(second) == {"nightly run", "run by hand"}
    assert second["nightly run"] == first["nightly run"]


def test_without_a_run_the_error_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="`make run` in a fresh clone"):
        collect(tmp_path)
