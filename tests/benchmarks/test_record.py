import json
from pathlib import Path

import pytest

from benchmarks.record import Claim, write_result


@pytest.mark.parametrize(("measured", "verdict"), [(0.93, "met"), (0.928, "met"), (0.927, "not met")])
def test_at_least(measured: float, verdict: str) -> None:
    assert Claim("accuracy", "accuracy", measured, 0.928, most=False).verdict(0.928) == verdict


@pytest.mark.parametrize(("measured", "verdict"), [(0.2, "met"), (0.25, "met"), (0.26, "not met")])
def test_at_most(measured: float, verdict: str) -> None:
    assert Claim("share", "share", measured, 0.25, most=True).verdict(0.25) == verdict


def test_what_is_not_measured_is_neither_met_nor_missed() -> None:
    plain = Claim("accuracy", "accuracy", None, 0.9, most=False, goal=0.95).to_plain()
    assert (plain["verdict"], plain["goal_verdict"]) == ("not measured", "not measured")


def test_what_never_came_is_missed() -> None:
    assert Claim("share", "share", None, 0.25, most=True, never=True).to_plain()["verdict"] == "not met"


def test_must_and_goal_are_judged_apart() -> None:
    plain = Claim("accuracy", "accuracy", 0.93, 0.928, most=False, goal=0.935).to_plain()
    assert (plain["verdict"], plain["goal_verdict"]) == ("met", "not met")


def test_a_result_says_where_it_was_measured(tmp_path: Path) -> None:
    write_result(tmp_path / "some.json", {"figure": 1}, [Claim("share", "share", 0.2, 0.25, most=True)])
    written = json.loads((tmp_path / "some.json").read_text())
    assert written["figure"] == 1
    assert written["claims"][0]["verdict"] == "met"
    assert written["host"]["cores"] >= 1
    assert "numpy" in written["versions"]
