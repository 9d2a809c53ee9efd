import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.sweep import plan, sets
from benchmarks.sweep.__main__ import main
from benchmarks.sweep.collecting import RESULT, claims, collect, share_of
from benchmarks.sweep.plan import (
    Config,
    default_search,
    random_search,
    read_config,
    search_folder,
    workers_file,
)
from benchmarks.sweep.progress import Incumbent, cpu_s_until, incumbents
from litesmith.errors import ContractError, ParamsError
from litesmith.files import read_json, read_yaml, write_json, write_text, yaml_text
from litesmith.params.loading import overlaid, read_params
from litesmith.params.sections.sweep import SearchParams
from tests.litesmith import make_tiny
from tests.litesmith.make_tiny import tiny_form
from tests.tasks.steps.training_workspace import in_small_workspace

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
        **content["searches"],
        "sets": {name: {"num_train": 100, "num_validation": 50} for name in ("one", "other")},
        "num_random": 2,
    }
    workers = {"num_trials": 2, "rounds": 1}
    return {**overlaid(content, {"seeds": [1, 2], "workers": workers}), "searches": searches}


def config() -> Config:
    return Config.model_validate(small_content())


def params() -> SearchParams:
    return default_search(PROJECT)


def outcome(name: str, seed: int, share: float | None) -> dict[str, Any]:
    return {"set": name, "seed": seed, "share": share}


def four(*shares: float | None) -> list[dict[str, Any]]:
    places = [(name, seed) for name in ("one", "other") for seed in (1, 2)]
    return [outcome(name, seed, share) for (name, seed), share in zip(places, shares, strict=True)]


TIMED = {"speedup": 1.6, "second_worker": 1.9, "second_thread": 1.19}


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


def test_the_figure_is_the_median_of_all_searches() -> None:
    assert share_of(four(0.2, 0.6, 0.05, 0.3)) == 0.25
    assert share_of(four(0.2, None, 0.3, 0.1)) == 0.25
    assert share_of([]) is None


def test_if_most_never_got_there_the_bound_is_missed() -> None:
    share, never, worse, _ = claims(config(), four(0.2, None, None, None), None)
    assert share.to_plain()["verdict"] == "not met"
    assert (never.measured, worse.measured) == (3, 3)
    assert share.note == "4 of 4 searches: one 0.200, never; other never, never"


def test_nothing_counts_before_all_searches_are_there() -> None:
    checks = claims(config(), four(0.2, 0.1, 0.1, 0.1)[:3], None)
    assert [claim.to_plain()["verdict"] for claim in checks] == ["not measured"] * 4
    assert checks[0].note == "3 of 4 searches: one 0.200, 0.100; other 0.100"


def test_one_search_may_end_worse_and_none_may_never_get_there() -> None:
    checks = claims(config(), four(0.2, 0.1, None, 0.1), TIMED)
    assert [claim.to_plain()["verdict"] for claim in checks] == ["met", "not met", "met", "met"]
    assert checks[3].note == "a second worker is worth 1.9 times one, a second thread 1.19 times"


def test_the_committed_bounds_are_those_of_the_issue() -> None:
    committed = read_config()
    assert (committed.max_share, committed.max_worse, committed.min_speedup) == (0.25, 1, 1.5)
    assert committed.seeds == [1, 2, 3]
    assert committed.searches.num_random == 24


def test_a_seed_or_a_data_set_that_does_not_count_is_told() -> None:
    with pytest.raises(ParamsError, match=r"7 is no seed of sweep\.yaml\. Expected one of \[1, 2\]"):
        search_folder(config(), params(), "one", 7)
    with pytest.raises(
        ParamsError, match=r"mine is no data set of .* Expected one of \['one', 'other'\]"
    ):
        search_folder(config(), params(), "mine", 1)


def test_the_search_is_the_defaults_and_not_that_of_its_data_set() -> None:
    pinned = read_params(PROJECT / "params.yaml").sweep
    assert len(pinned.space.widths) < len(params().space.widths)
    assert params().first_trials


def test_other_numbers_go_on_with_nothing() -> None:
    def folder(searches: dict[str, Any], search: SearchParams) -> Path:
        content = overlaid(small_content(), {"searches": searches})
        return search_folder(Config.model_validate(content), search, "one", 1)

    same = folder({}, params())
    assert folder({}, params().replace(max_asks=3)) != same
    assert folder({"sets": {"one": {"num_train": 101}}}, params()) != same
    assert folder({"sets": {"other": {"num_train": 101}}}, params()) == same


def test_the_result_holds_what_is_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("benchmarks.sweep.collecting.default_search", params)
    with pytest.raises(ContractError, match="nothing of the sweep is measured"):
        collect(config())
    folder = search_folder(config(), params(), "other", 2)
    write_json(folder / "outcome.json", outcome("other", 2, 0.2))
    write_json(workers_file(config()), TIMED)
    collect(config())
    result = read_json(RESULT)
    assert result["searches"] == [outcome("other", 2, 0.2)]
    assert [claim["verdict"] for claim in result["claims"]] == [*["not measured"] * 3, "met"]
    assert result["search"]["space"]["widths"] == list(params().space.widths)


def test_digits_are_ten_classes_of_500_written_dark_on_light() -> None:
    (images, labels), form = sets.SETS["digits"]()
    assert (images.shape[:3], images.dtype) == ((5000, 28, 28), np.uint8)
    assert np.bincount(labels).tolist() == [500] * 10
    assert not form.mirror_safe
    assert images[:, 0, 0].max() == 0 and images.max() == 255


class InProcess:
    """A pool that runs jobs here."""

    def map(self, function: Any, jobs: Any) -> Any:
        return map(function, jobs)

    def __enter__(self) -> "InProcess":
        return self

    def __exit__(self, *_: object) -> None: ...


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Go to a folder with small splits, parameters, numbers of the benchmark and data sets."""
    in_small_workspace(tmp_path, monkeypatch)
    write_text(tmp_path / "sweep.yaml", yaml_text(small_content()))
    monkeypatch.setattr(plan, "CONFIG", tmp_path / "sweep.yaml")
    made = make_tiny.images(150, 1), tiny_form(8)
    monkeypatch.setattr(sets, "SETS", {"one": lambda: made, "other": lambda: made})


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_both_searches_run_once_and_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks.sweep import searching

    assert main(["search", "one", "1"]) == 0
    folder = search_folder(config(), default_search(), "one", 1)
    record = read_json(folder / "outcome.json")
    assert record["random"]["num_trials"] == 2
    assert record["ours"]["num_trials"][0] == 2
    assert record["mark"] == record["random"]["incumbents"][-1]["accuracy"]
    reached = record["ours"]["cpu_s_until_mark"]
    assert record["share"] == (
        None if reached is None else pytest.approx(reached / record["random"]["cpu_s"], abs=1e-4)
    )

    def refuse(_: Any) -> Any:
        raise AssertionError("a finished trial was trained again")

    monkeypatch.setattr(searching, "run_trial", refuse)
    assert main(["search", "one", "1"]) == 0
    (folder / "outcome.json").unlink()
    assert main(["search", "one", "1"]) == 0
    again = read_json(folder / "outcome.json")
    assert {**again, "cpu_s_in_all": None} == {**record, "cpu_s_in_all": None}


def test_random_trials_are_all_trained_in_full() -> None:
    ours, random = params(), random_search(params(), 24)
    assert random.rungs == ours.rungs[-1:]
    assert random.startup_trials > random.num_trials == random.batch_trials == 24
    assert (random.space, random.augmentations, random.schedule) == (
        ours.space, ours.augmentations, ours.schedule,
    )  # fmt: skip
    assert (random.first_trials, random.max_work) == ((), None)


def test_what_the_random_search_has_not_changes_nothing_of_it() -> None:
    other = params().replace(batch_trials=3, first_trials=(), max_work=1e9)
    assert random_search(other, 24) == random_search(params(), 24)


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_workers_train_the_same_trials_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks.sweep import timing

    trained: list[tuple[int, int]] = []
    monkeypatch.setattr(timing, "worker_pool", lambda _: InProcess())
    monkeypatch.setattr(timing, "run_trial", lambda job: trained.append((job.num_threads, job.number)))
    assert main(["workers"]) == 0
    assert trained == [(num, number) for _ in range(2) for num in (1, 2, 1) for number in (0, 1)]
    timed = read_json(workers_file(config()))
    assert {way: len(rates) for way, rates in timed["trials_per_minute"].items()} == dict.fromkeys(
        timing.WAYS, 1
    )
    assert timed["speedup"] > 0


@pytest.mark.slow
def test_the_speedup_is_of_medians_without_the_first_round() -> None:
    from benchmarks.sweep.timing import ONE_THREAD, TWO_THREADS, TWO_WORKERS, summary

    rates = {
        TWO_WORKERS: [1.0, 6.0, 9.0, 12.0],
        TWO_THREADS: [8.0, 5.0, 6.0, 7.0],
        ONE_THREAD: [1.0, 5.0, 5.0, 5.0],
    }
    summed = summary(rates)
    assert (summed["speedup"], summed["second_worker"], summed["second_thread"]) == (1.5, 1.8, 1.2)
    assert summed["trials_per_minute"][TWO_THREADS] == [5.0, 6.0, 7.0]


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_a_search_runs_in_a_process_of_its_own() -> None:
    """The number of threads can be fixed in a process that has computed nothing yet."""
    program = (
        "import sys, benchmarks.sweep.plan as plan; plan.CONFIG = plan.Path('sweep.yaml')\n"
        "from benchmarks.sweep import sets\n"
        "from tests.litesmith import make_tiny\n"
        "sets.SETS = {'other': lambda: (make_tiny.images(150, 1), make_tiny.tiny_form(8))}\n"
        "from benchmarks.sweep.__main__ import main; sys.exit(main(['search', 'other', '2']))"
    )
    path = {**os.environ, "PYTHONPATH": str(PROJECT)}
    ended = subprocess.run(
        [sys.executable, "-c", program], env=path, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    folder = search_folder(config(), default_search(), "other", 2)
    assert read_json(folder / "outcome.json")["random"]["num_trials"] == 2
