import shutil
from contextlib import nullcontext
from pathlib import Path

import pytest

from flows.__main__ import main
from flows.command import _summary
from litesmith.files import write_json
from litesmith.records.record import write_record
from tasks import catalog
from tests.flows.run_content import run_content
from tests.litesmith.release.made import make_decision

ROOT = Path(__file__).parents[2]


def test_the_last_line_has_the_time_of_the_run_and_of_starting_prefect(tmp_path: Path) -> None:
    shutil.copy(ROOT / "params.yaml", tmp_path)
    shutil.copytree(ROOT / "devices", tmp_path / "devices")
    shutil.copytree(ROOT / "datasets", tmp_path / "datasets")
    record = tmp_path / "run.json"
    took = {"wall_s": 754.2, "overhead_s": 12.3, "startup_s": 26.4}
    write_json(record, run_content("2026-11-01T00:00:00+00:00", **took))
    assert _summary(tmp_path, record)[-2:] == [
        f"run:    {record.resolve()}",
        "took:   12 min 34 s, 12 s of it around the steps; 26 s before, to start Prefect",
    ]
    write_record(tmp_path / catalog.DECISION, make_decision(b"one", "keep"))
    assert "decision: keep. The gates say: keep." in _summary(tmp_path, record)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            ["retrian"],
            "argument COMMAND: there is no 'retrian'. Did you mean retrain? Known here: retrain, serve, compare.",
        ),
        (
            ["retrain", "--profle", "quick"],
            "unrecognized arguments: --profle quick. Did you mean --profile?",
        ),
    ],
)
def test_an_unknown_word_is_refused_with_the_nearest_known_one(
    arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert expected in capsys.readouterr().err


@pytest.mark.parametrize(
    ("profiles", "expected"),
    [
        (["quikc"], "error: 'quikc' is not a profile. Did you mean quick? Known here: "),
        (
            ["quick", "../profiles/tiny"],
            "error: '../profiles/tiny' is not the name of a profile: it is a path.",
        ),
        (["quick", "portable", "quick"], "error: profile 'quick' is given twice."),
    ],
)
def test_profiles_are_refused_before_a_server_is_started(
    profiles: list[str],
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(ROOT)
    assert main(["retrain", *(word for name in profiles for word in ("--profile", name))]) == 1
    output = capsys.readouterr().err
    assert expected in output
    assert "can be watched at" not in output


def test_all_profiles_of_a_command_line_go_into_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[str | None, str | None]] = []
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("flows.__main__._api", lambda _: nullcontext())
    monkeypatch.setattr("flows.precheck.check_machine", lambda *_: None)
    monkeypatch.setattr("flows.command.run", lambda _, *choice: ran.append(choice))
    assert main(["retrain", "--profile", "quick", "--profile", "portable"]) == 0
    assert main(["retrain", "--profile", "portable+quick"]) == 0
    assert main(["retrain", "--profile", "portable", "--data", "synthetic"]) == 0
    assert ran == [("quick+portable", None), ("portable+quick", None), ("portable", "synthetic")]
