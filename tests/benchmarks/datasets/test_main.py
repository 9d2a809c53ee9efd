"""Tests of benchmarks.datasets.__main__."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks.datasets import __main__ as benchmark
from benchmarks.datasets import measuring, running
from benchmarks.datasets.plan import DATA_SETS
from benchmarks.record import Claim
from litesmith.errors import ContractError
from litesmith.files import read_json
from litesmith.wording import count

NAMES = [chosen.name for chosen in DATA_SETS]


def figures(high: float = 0.02, same: int = 99) -> dict[str, Any]:
    """Return what `measure` does, of a run that went well."""
    reached = {
        "accuracy": 0.97, "accuracy_interval": [0.96, 0.98], "balanced_accuracy": 0.965,
        "worst_class": {"name": "disc", "recall": 0.9},
    }  # fmt: skip
    return {
        "num_test": 500, "final": {"name": "tuned-int8", **reached, "bytes": 40_000}, "baseline_fit": reached,
        "final_minus_baseline": {"mean": 0.0, "low": -0.01, "high": high},
        "predict": {"num_pictures": 100, "as_evaluated": same, "interval": [0.9, 1.0], "refused": 0},
        "num_runs": 1, "cpu_s": 900.0,
    }  # fmt: skip


class Machine:
    """Stands for clone, commands and evaluation; what it was asked for is in ``asked``."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.failing: set[str] = set()

    def clone(self, project: Path, clone: Path) -> str:
        self.asked.append("clone")
        return "0" * 40

    def run(self, chosen: Any, clone: Path, sources: Path, profiles: Any) -> dict[str, Any]:
        self.asked.append(chosen.name)
        if chosen.name in self.failing:
            raise ContractError(f"{chosen.name} ended with 1;\nno space left")
        height, width, channels, ground = chosen.form
        described = {"height": height, "width": width, "channels": channels, "ground": ground}
        return {"describing_cpu_s": 2.0, "command": "python -m flows retrain", "described": described}

    def forget(self, chosen: Any, clone: Path, profiles: Any) -> None:
        self.asked.append(f"forget {chosen.name}")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(running, "clone_project", machine.clone)
    monkeypatch.setattr(running, "run_data_set", machine.run)
    monkeypatch.setattr(running, "forget", machine.forget)
    monkeypatch.setattr(measuring, "measure", lambda workspace: figures())
    return machine


def test_every_set_runs_once_and_is_kept(machine: Machine) -> None:
    assert benchmark.main([]) == 0
    assert machine.asked == ["clone", *NAMES]
    result = read_json(benchmark.RESULT)
    assert list(result["sets"]) == NAMES
    assert {claim["verdict"] for claim in result["claims"]} == {"met"}
    assert result["claims"][-1]["measured"] == 8 * 902
    assert result["sets"]["colour"]["as_declared"] is True
    assert result["sets"]["colour"]["revision"] == "0" * 40
    benchmark.main([])
    assert machine.asked == ["clone", *NAMES]


def test_named_sets_alone_run_and_the_others_are_not_measured(machine: Machine) -> None:
    assert benchmark.main(["table", "digits"]) == 0
    assert machine.asked == ["clone", "digits", "table"]
    claims = read_json(benchmark.RESULT)["claims"]
    assert [claim["verdict"] for claim in claims[:4]] == ["met", "met", "not measured", "not measured"]
    assert claims[-1]["verdict"] == "not measured"


def test_a_set_that_fails_stops_no_other_and_is_tried_again(machine: Machine) -> None:
    machine.failing = {"mirror"}
    assert benchmark.main([]) == 0
    assert machine.asked == ["clone", *NAMES]
    result = read_json(benchmark.RESULT)
    assert result["sets"]["mirror"]["error"] == "mirror ended with 1;\nno space left"
    row = 2 * NAMES.index("mirror")
    assert [claim["verdict"] for claim in result["claims"]].count("not met") == 2
    assert result["claims"][row]["note"] == "mirror ended with 1;"
    machine.failing = set()
    benchmark.main([])
    assert machine.asked[-2:] == ["clone", "mirror"]
    assert "error" not in read_json(benchmark.RESULT)["sets"]["mirror"]


def test_again_begins_from_nothing(machine: Machine) -> None:
    benchmark.main(["two"])
    benchmark.main(["two", "--again"])
    assert machine.asked == ["clone", "two", "clone", "forget two", "two"]


def test_an_unknown_set_is_told(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        benchmark.main(["toads"])
    assert "there is no data set toads" in capsys.readouterr().err
    assert machine.asked == []


def of(name: str, claims: list[Claim]) -> list[str]:
    return [claim.verdict(claim.must) for claim in claims if claim.what.endswith(f", {name}")]


def test_a_file_that_is_worse_beyond_the_interval_or_answered_otherwise_misses_its_bound() -> None:
    entry = {**figures(), "describing_cpu_s": 2.0}
    measured = {
        "digits": {**entry, **figures(high=-0.001)},
        "table": {**entry, **figures(same=94)},
        "npz": {**entry, **figures(high=0.0, same=95)},
    }
    claims = benchmark.claims(measured)
    assert of("digits", claims) == ["not met", "met"]
    assert of("table", claims) == ["met", "not met"]
    assert of("npz", claims) == ["met", "met"]
    assert claims[0].note == (
        "real digits of 8 x 8, .npz: 97.00 %, balanced 96.50 %, worst class disc 90.00 %, "
        f"{count(40_000)} bytes; "
        "fit 97.00 %; 500 test images, 900 CPU-s"
    )
