import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from benchmarks.sweep import plan
from benchmarks.sweep.__main__ import main
from benchmarks.sweep.collecting import RESULT, claims, collect, share_of
from benchmarks.sweep.plan import Config, read_config, seed_folder, workers_file
from benchmarks.sweep.progress import Incumbent, cpu_s_until, incumbents
from litesmith.errors import ContractError, ParamsError
from litesmith.files import read_json, read_yaml, write_json, write_text, yaml_text
from litesmith.params.everything import Params
from litesmith.params.loading import overlaid, read_params
from tasks import catalog
from tests.tasks.steps.training_workspace import in_small_workspace, small_params

PROJECT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Trial:
    rung: int
    accuracy: float
    cpu_s: float


def small_content() -> dict[str, Any]:
    """Return the content of ``sweep.yaml``, made small."""
    content = read_yaml(PROJECT / "benchmarks/sweep.yaml")
    searches = {
        "full": {"epochs": 2, "num_rows": 100},
        "num_random": 2,
        "halving": {
            "num_trials": 2,
            "batch_trials": 2,
            "startup_trials": 2,
            "reduction": 2,
            "short": [{"epochs": 1, "num_rows": 60}],
        },
        "space": {"widths": [8], "depths": [1], "batch_sizes": [32]},
        "schedule": {"refresh_rows": 60},
    }
    trial = {"num_rows": 100, "network": {"stem_width": 4, "stage_widths": [8], "stage_blocks": [0]}}
    trial["recipe"] = {"epochs": 1, "batch_size": 32, "refresh_rows": 60}
    workers = {
        "num_trials": 2,
        "rounds": 1,
        "trials": dict.fromkeys(content["workers"]["trials"], trial),
    }
    return overlaid(content, {"seeds": [1, 2], "searches": searches, "workers": workers})


def config() -> Config:
    return Config.model_validate(small_content())


def outcome(seed: int, until_s: float | None, random_s: float = 100.0) -> dict[str, Any]:
    return {
        "seed": seed,
        "share": None if until_s is None else until_s / random_s,
        "longest_trial_cpu_s": 10.0 + seed,
    }


def faster(*speedups: float) -> dict[str, Any]:
    """Return what the timing of the workers comes to, with a speed-up for each kind of trial."""
    kinds = config().workers.trials
    return {
        "trials": {kind: {"speedup": speedup} for kind, speedup in zip(kinds, speedups, strict=True)}
    }


def test_only_what_was_trained_in_full_is_an_incumbent_and_all_is_counted() -> None:
    results = [
        Trial(0, 0.9, 2.0),
        Trial(0, 0.7, 3.0),
        Trial(1, 0.8, 10.0),
        Trial(0, 0.99, 2.5),
        Trial(1, 0.85, 11.0),
    ]
    assert incumbents(results, last_rung=1) == [Incumbent(15.0, 0.8), Incumbent(28.5, 0.85)]


def test_a_worse_or_equal_trial_is_no_incumbent() -> None:
    results = [Trial(0, 0.8, 1.0), Trial(0, 0.8, 1.0), Trial(0, 0.7, 1.0), Trial(0, 0.9, 1.0)]
    assert incumbents(results, last_rung=0) == [Incumbent(1.0, 0.8), Incumbent(4.0, 0.9)]


def test_the_mark_is_reached_by_the_first_that_is_as_good() -> None:
    best = [Incumbent(15.0, 0.8), Incumbent(28.5, 0.85), Incumbent(40.0, 0.9)]
    assert cpu_s_until(best, 0.85) == 28.5
    assert cpu_s_until(best, 0.91) is None
    assert cpu_s_until([], 0.1) is None


def test_the_figure_is_the_median_of_the_seeds() -> None:
    assert share_of([outcome(1, 20.0), outcome(2, 60.0), outcome(3, 10.0, 200.0)]) == 0.2
    assert share_of([outcome(1, 20.0), outcome(2, None), outcome(3, 30.0)]) == 0.3
    assert share_of([]) is None


def test_if_most_seeds_never_got_there_the_bound_is_missed() -> None:
    outcomes = [outcome(1, 20.0), outcome(2, None)]
    assert share_of(outcomes) is None
    share, *_ = claims(config(), outcomes, None)
    assert share.to_plain()["verdict"] == "not met"
    assert share.note == "2 of 2 seeds: 0.200, never"


def test_nothing_counts_before_all_seeds_are_there() -> None:
    share, *others = claims(config(), [outcome(1, 20.0)], None)
    assert [claim.to_plain()["verdict"] for claim in (share, *others)] == ["not measured"] * 4
    assert share.note == "1 of 2 seeds: 0.200"


def test_all_bounds_are_judged() -> None:
    checks = claims(config(), [outcome(1, 20.0), outcome(2, 40.0)], faster(1.6, 1.4))
    assert [claim.measured for claim in checks] == [0.3, 12.0, 1.6, 1.4]
    assert [claim.to_plain()["verdict"] for claim in checks] == ["not met", "met", "met", "not met"]
    assert [claim.what.rpartition(", ")[2] for claim in checks[2:]] == [
        "trials drawn above",
        "trials of the pipeline's sweep",
    ]


def test_the_committed_bounds_are_those_of_the_issue() -> None:
    committed = read_config()
    assert (committed.max_share, committed.max_trial_cpu_s, committed.min_speedup) == (0.25, 60.0, 1.5)
    assert committed.seeds == [1, 2, 3]
    assert committed.searches.full.num_rows == 10000


def test_a_seed_that_does_not_count_is_told() -> None:
    with pytest.raises(ParamsError, match=r"7 is no seed of sweep\.yaml\. Expected one of \[1, 2\]"):
        seed_folder(config(), small_params(), 7)


def test_other_numbers_go_on_with_nothing() -> None:
    params = small_params()

    def changed(section: str, **other: Any) -> Config:
        return Config.model_validate(overlaid(small_content(), {section: other} if section else other))

    assert seed_folder(changed("searches", num_random=3), params, 1) != seed_folder(config(), params, 1)
    assert seed_folder(changed("workers", rounds=7), params, 1) == seed_folder(config(), params, 1)
    assert workers_file(changed("workers", rounds=7)) != workers_file(config())
    assert workers_file(changed("", max_share=0.5)) == workers_file(config())


def test_the_result_names_the_seeds_that_are_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    params = small_params()
    with pytest.raises(ContractError, match="nothing of the sweep is measured"):
        collect(config(), params)
    write_json(seed_folder(config(), params, 2) / "outcome.json", outcome(2, 20.0))
    write_json(workers_file(config()), faster(1.6, 1.7))
    collect(config(), params)
    result = read_json(RESULT)
    assert result["missing_seeds"] == [1]
    assert [claim["verdict"] for claim in result["claims"]] == [
        "not measured",
        "not measured",
        "met",
        "met",
    ]
    assert result["numbers"]["seeds"] == [1, 2]


class InProcess:
    """A pool that runs jobs here."""

    def map(self, function: Any, jobs: Any) -> Any:
        return map(function, jobs)

    def __enter__(self) -> "InProcess":
        return self

    def __exit__(self, *_: object) -> None: ...


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Params:
    """Go to a folder with small splits, parameters, and numbers of the benchmark."""
    in_small_workspace(tmp_path, monkeypatch)
    write_text(tmp_path / "sweep.yaml", yaml_text(small_content()))
    monkeypatch.setattr(plan, "CONFIG", tmp_path / "sweep.yaml")
    return read_params(catalog.PARAMS)


@pytest.mark.slow
def test_both_searches_run_once_and_are_counted(small: Params, monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks.sweep import searching

    assert main(["seed", "1"]) == 0
    folder = seed_folder(config(), small, 1)
    record = read_json(folder / "outcome.json")
    assert record["random"]["num_trials"] == 2
    assert record["ours"]["num_trials"][0] == 2
    assert record["mark"] == record["random"]["incumbents"][-1]["accuracy"]
    assert 0 < record["longest_trial_cpu_s"] <= max(record["random"]["cpu_s"], record["ours"]["cpu_s"])
    reached = record["ours"]["cpu_s_until_mark"]
    assert record["share"] == (
        None if reached is None else pytest.approx(reached / record["random"]["cpu_s"], abs=1e-4)
    )

    def refuse(_: Any) -> Any:
        raise AssertionError("a finished trial was trained again")

    monkeypatch.setattr(searching, "run_trial", refuse)
    assert main(["seed", "1"]) == 0
    again = read_json(folder / "outcome.json")
    assert {**again, "cpu_s_in_all": None} == {**record, "cpu_s_in_all": None}


@pytest.mark.slow
def test_a_seed_is_searched_in_a_process_of_its_own(small: Params) -> None:
    """The number of threads can be fixed in a process that has computed nothing yet."""
    program = "import sys, benchmarks.sweep.plan as plan; plan.CONFIG = plan.Path('sweep.yaml')\n"
    program += "from benchmarks.sweep.__main__ import main; sys.exit(main(['seed', '2']))"
    path = {**os.environ, "PYTHONPATH": str(PROJECT)}
    ended = subprocess.run(
        [sys.executable, "-c", program], env=path, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert read_json(seed_folder(config(), small, 2) / "outcome.json")["random"]["num_trials"] == 2


@pytest.mark.slow
def test_random_trials_are_all_trained_in_full_and_ours_are_halved(small: Params) -> None:
    from benchmarks.sweep.searching import halving_plan, random_plan

    folder = seed_folder(config(), small, 1)
    random, ours = (make(config().searches, small, folder) for make in (random_plan, halving_plan))
    assert [rung.epochs for rung in random.params.rungs] == [2]
    assert random.params.startup_trials > random.params.num_trials * random.params.max_asks
    assert ours.params.rungs[-1] == random.params.rungs[0]
    assert [rung.num_rows for rung in ours.params.rungs] == [60, 100]
    assert ours.params.space == random.params.space
    assert (ours.limits, ours.form) == (random.limits, random.form)


@pytest.mark.slow
def test_workers_train_the_same_trials_in_turns(small: Params, monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks.sweep import timing

    trained: list[tuple[int, int, int]] = []
    monkeypatch.setattr(timing, "worker_pool", lambda _: InProcess())
    monkeypatch.setattr(
        timing,
        "run_trial",
        lambda job: trained.append((job.spec.stem_stride, job.num_threads, job.number)),
    )
    assert main(["workers"]) == 0

    def trials(stride: int, *threads: int) -> list[tuple[int, int, int]]:
        return [(stride, num, number) for num in threads for number in (0, 1)]

    assert trained == [*trials(2, 2, 1), *trials(1, 2, 1), *trials(2, 1, 2), *trials(1, 1, 2)]
    for measured in read_json(workers_file(config()))["trials"].values():
        assert {
            way: len(rates) for way, rates in measured["trials_per_minute"].items()
        } == dict.fromkeys(timing.WAYS, 1)
        assert measured["speedup"] > 0


@pytest.mark.slow
def test_the_speedup_is_of_medians_without_the_first_round() -> None:
    from benchmarks.sweep.timing import summary

    rates = {
        "two_workers_of_one_thread": [1.0, 6.0, 9.0, 12.0],
        "one_worker_of_two_threads": [8.0, 5.0, 6.0, 7.0],
    }
    assert summary(rates)["speedup"] == 1.5
    assert summary(rates)["trials_per_minute"]["one_worker_of_two_threads"] == [5.0, 6.0, 7.0]
