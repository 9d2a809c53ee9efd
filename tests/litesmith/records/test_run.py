import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from litesmith.errors import DataError
from litesmith.files import read_json, write_json
from litesmith.records.record import write_record
from litesmith.records.run import Outcome, read_run

RUNS = sorted((Path(__file__).parents[3] / "reports/runs").glob("*.json"))
FIRST = RUNS[0]
_RENAMED = {"drawn": "synthetic"}


def _held(part: Any, whole: Any) -> bool:
    """Tell whether a record holds all that an older one holds; a moment may be written otherwise."""
    if isinstance(part, dict):
        named = {_RENAMED.get(name, name): value for name, value in part.items()}
        return all(name in whole and _held(value, whole[name]) for name, value in named.items())
    if isinstance(part, str) and part.endswith("+00:00"):
        return datetime.fromisoformat(part) == datetime.fromisoformat(whole)
    return bool(part == whole)


@pytest.mark.parametrize("path", RUNS, ids=lambda path: path.stem)
def test_every_committed_record_is_read_and_loses_nothing(path: Path, tmp_path: Path) -> None:
    record = read_run(path)
    assert path.stem == f"{record.started.astimezone(UTC):%Y%m%dT%H%M%SZ}-{record.name}"
    written = tmp_path / path.name
    write_record(written, record)
    assert _held({**read_json(path), "version": record.version}, read_json(written))
    assert read_run(written) == record


def test_the_committed_records_are_of_all_versions() -> None:
    shapes = {tuple(sorted(read_json(path))) for path in RUNS}
    assert len(shapes) >= 3


def test_what_the_first_version_did_not_know_is_none() -> None:
    record = read_run(FIRST)
    unknown = (
        record.startup_s,
        record.steps_cpu_s,
        record.server_cpu_s,
        record.synthetic,
        record.result,
    )
    assert unknown == (None,) * 5
    assert (record.version, record.refused, record.git.unknown) == (7, False, None)
    assert record.stages["fetch"].step_wall_s == 0.7


def test_what_version_4_did_not_know_is_none() -> None:
    older = [path for path in RUNS if read_json(path).get("version", 1) < 5]
    results = [run.result for run in map(read_run, older) if run.result]
    assert results and all((result.balance, result.worst_class) == (None, None) for result in results)


def test_what_version_5_did_not_know_is_none() -> None:
    older = [path for path in RUNS if read_json(path).get("version", 1) < 6]
    results = [run.result for run in map(read_run, older) if run.result]
    told = {(result.gate, result.cost, result.conditions) for result in results}
    assert told == {(None, None, None)}


def test_what_version_6_did_not_know_is_none() -> None:
    of_version_6 = [path for path in RUNS if read_json(path).get("version") == 6]
    conditions = [run.result.conditions for run in map(read_run, of_version_6) if run.result]
    assert conditions and all(one and one.parameters and one.deciding is None for one in conditions)


def test_the_local_time_of_a_record_is_kept(tmp_path: Path) -> None:
    record = read_run(_changed(tmp_path, started="2026-11-02T00:30:00+01:00"))
    assert record.started == datetime(2026, 11, 1, 23, 30, tzinfo=UTC)
    write_record(tmp_path / "again.json", record)
    assert read_json(tmp_path / "again.json")["started"] == "2026-11-02T00:30:00+01:00"


def test_a_stage_that_ran_no_step_has_no_times_of_it() -> None:
    stages = {stage.outcome: stage for path in RUNS for stage in read_run(path).stages.values()}
    assert stages[Outcome.UP_TO_DATE].step_wall_s is None
    assert stages[Outcome.UP_TO_DATE].step_cpu_s is None


def _changed(folder: Path, **changed: object) -> Path:
    path = folder / "run.json"
    write_json(path, {**read_json(RUNS[1]), **changed})
    return path


@pytest.mark.parametrize("synthetic", [True, False])
def test_synthetic_images_that_the_result_alone_tells_of_are_known(
    tmp_path: Path, synthetic: bool
) -> None:
    result = read_json(RUNS[1])["result"]
    assert read_run(_changed(tmp_path, result={**result, "drawn": synthetic})).synthetic is synthetic


def test_a_moment_that_lost_its_zone_is_in_utc(tmp_path: Path) -> None:
    record = read_run(_changed(tmp_path, started="2026-11-02T00:00:00"))
    assert record.started == datetime(2026, 11, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"version": 8}, "version: input should be 7"),
        ({"wall_s": "long"}, "wall_s: input should be a valid number"),
        ({"stages": {"fetch": {"outcome": "Half"}}}, "stages.fetch.outcome: input should be 'uptodate'"),
        ({"stages": None}, "stages: input should be an object"),
        ({"git": None}, "git: input should be an object"),
        ({"colour": "red"}, "colour: extra inputs are not permitted"),
    ],
)
def test_what_is_no_record_is_refused(tmp_path: Path, changed: dict[str, object], wrong: str) -> None:
    with pytest.raises(DataError, match=r"run.json is not a RunRecord") as refused:
        read_run(_changed(tmp_path, **changed))
    assert wrong in str(refused.value)


@pytest.mark.parametrize("text", ["", "[]", "null", json.dumps({"name": "x"})])
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "run.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"run\.json is not"):
        read_run(path)
