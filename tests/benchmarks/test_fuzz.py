from collections import Counter
from pathlib import Path
from random import Random

import pytest

from benchmarks.fuzz import idx_files, models, mutations, pictures, yaml_files
from benchmarks.fuzz.kinds import KINDS, Kind
from benchmarks.fuzz.trying import Config, Tried, claims, read_config, try_inputs
from benchmarks.fuzz.workers import Limits, Outcome, attempt, run_all
from benchmarks.readme import _WRITTEN
from litesmith.files import write_bytes
from litesmith.wording import count
from tests.benchmarks import ends

LIMITS = Limits(wall_s=3.0, memory_bytes=2_000_000_000)
BY_NAME = {kind.name: kind for kind in KINDS}
NAMES = list(BY_NAME)


def a_config(**changes: object) -> Config:
    return read_config().model_copy(update={"limit_s": 3.0, "num_workers": 2, **changes})


def test_every_end_is_that_of_its_job_and_the_next_one_runs(tmp_path: Path) -> None:
    jobs = [
        "answer",
        "refuse",
        "raise",
        "leave",
        "abort",
        "answer",
        "kill",
        "exit",
        "swell",
        "hang",
        "answer",
    ]
    outcomes = dict(zip(enumerate(jobs), run_all(jobs, ends.end, LIMITS, 2, tmp_path), strict=True))
    assert [(how, outcome.end, outcome.what) for (_, how), outcome in outcomes.items()] == [
        ("answer", "answered", ""),
        ("refuse", "refused", "DataError"),
        ("raise", "exception", "ValueError"),
        ("leave", "exception", "SystemExit"),
        ("abort", "signal", "SIGABRT"),
        ("answer", "answered", ""),
        ("kill", "signal", "SIGKILL"),
        ("exit", "signal", "exit code 7"),
        ("swell", "exception", "MemoryError"),
        ("hang", "hang", "no answer within 3 s"),
        ("answer", "answered", ""),
    ]
    details = {how: outcome.detail for (_, how), outcome in outcomes.items()}
    assert details["refuse"] == "it is broken."
    assert "ValueError: a slip" in details["raise"]
    assert "in end" in details["abort"]
    assert "in end" in details["hang"]
    assert [outcome.failed for outcome in outcomes.values()] == [False] * 2 + [True] * 3 + [False] + [
        True
    ] * 4 + [False]


def test_an_exception_is_placed_in_the_project(tmp_path: Path) -> None:
    outcome = attempt(idx_files.draw_images, None)  # type: ignore[arg-type]
    assert outcome.what == "TypeError"
    outcome = attempt(lambda _: write_bytes(None, b""), None)  # type: ignore[arg-type]
    assert outcome.what.startswith("AttributeError at litesmith/files.py:")
    assert outcome.what.endswith(" replacing")


def test_where_a_worker_fails_the_users_way_decides(tmp_path: Path) -> None:
    hows = ["answer", "abort", "answer", "raise", "refuse", "answer"]
    kinds = {Random(f"3 made-up {number}").random(): how.encode() for number, how in enumerate(hows)}
    kind = Kind(
        "made-up",
        lambda rng: {"how": kinds[rng.random()]},
        ends.answer_what_answers,
        ends.end_as_written,
    )
    tried = try_inputs(a_config(seed=3, confirm_every=5), kind, range(6), tmp_path)
    assert [outcome.end for _, outcome in sorted(tried.outcomes.items())] == [
        "answered",
        "refused",
        "answered",
        "refused",
        "refused",
        "answered",
    ]
    assert tried.to_plain() == {
        "tried": 6,
        "distinct": 4,
        "answered": 3,
        "refused": {"DataError": 3},
        "failed": 0,
        "failures": {},
        "used_as_a_user_does": 4,
        "ended_in_worker": {"exception: ValueError": 1, "signal: SIGABRT": 1},
    }
    assert [path for path in (tmp_path / "made-up").iterdir() if path.is_dir()] == []


def test_the_files_of_a_failure_are_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    kind = Kind("made-up", lambda rng: {"how": b"raise"}, ends.end_as_written)
    tried = try_inputs(a_config(), kind, [4], tmp_path)
    assert tried.to_plain()["failures"] == {"4": "exception: ValueError"}
    assert (tmp_path / "made-up/4/how").read_bytes() == b"raise"
    assert "ValueError: a slip" in (tmp_path / "made-up/4.txt").read_text()
    assert f"made-up 4: exception: ValueError; see {tmp_path / 'made-up/4'}" in caplog.text


def test_claims_count_what_was_tried_and_what_failed() -> None:
    ended = [
        Outcome("answered"),
        Outcome("refused", "DataError"),
        Outcome("hang", "no answer within 20 s"),
    ]
    both = {
        "idx": Tried(dict(enumerate(ended)), 3),
        "yaml": Tried({0: Outcome("refused", "ParamsError")}, 1),
    }
    num, failed, spent = claims(a_config(min_inputs=4, max_cpu_s=9.0), both, 10.0)
    assert (num.measured, num.verdict(num.must), num.note) == (4, "met", "3 idx, 1 yaml")
    assert (failed.measured, failed.verdict(failed.must)) == (1, "not met")
    assert failed.note == "1 answered, 2 refused with an error of litesmith.errors"
    assert (spent.measured, spent.verdict(spent.must)) == (10.0, "not met")
    assert _WRITTEN["inputs"](6000) == count(6000)


def test_what_the_issue_asks_for_is_asked() -> None:
    config = read_config()
    assert set(config.num_inputs) == set(NAMES)
    assert sum(config.num_inputs.values()) >= config.min_inputs >= 2000
    assert config.max_cpu_s <= 1000


@pytest.mark.parametrize("name", NAMES)
def test_an_input_follows_from_its_number(name: str, tmp_path: Path) -> None:
    def content(number: int, folder: str) -> dict[str, bytes]:
        BY_NAME[name].write(5, number, tmp_path / folder)
        paths = [path for path in (tmp_path / folder).rglob("*") if path.is_file()]
        return {path.name: path.read_bytes() for path in paths}

    assert content(1, "a") == content(1, "b")
    assert len({str(sorted(content(number, f"{number}").items())) for number in range(30)}) >= 28


def test_checksums_of_a_changed_png_are_right() -> None:
    import zlib

    content = pictures.seeds()["colour.png"]
    for number in range(20):
        changed = mutations.png_changed(Random(number), content)
        for name, data in mutations._png_chunks(changed):
            assert zlib.crc32(name + data).to_bytes(4, "big") in changed


def test_changed_tables_are_a_sound_flatbuffer() -> None:
    from litesmith.tflite.slimming import unpack

    content = models.seeds()["int8.tflite"]
    for number in range(20):
        changed = models._restructured(Random(number), content)
        assert changed[4:8] == b"TFL3"
        assert len(unpack(changed).subgraphs) == 1


@pytest.mark.parametrize("name", ["picture", "tflite"])
def test_seeds_are_answered(name: str, tmp_path: Path) -> None:
    module = {"picture": pictures, "tflite": models}[name]
    use = BY_NAME[name].quick or BY_NAME[name].use
    for number, (file, content) in enumerate(module.seeds().items()):
        write_bytes(tmp_path / str(number) / ("model.tflite" if name == "tflite" else file), content)
        assert attempt(use, tmp_path / str(number)) == Outcome("answered"), file


def test_seeds_of_parameters_are_answered(tmp_path: Path) -> None:
    seeds = yaml_files.seeds()
    profiles = {name: text for name, text in seeds.items() if name.startswith("profiles/")}
    assert len(profiles) > 3
    for name, profile in profiles.items():
        project = tmp_path / name
        for file in seeds.keys() - profiles.keys():
            write_bytes(project / file, seeds[file].encode())
        write_bytes(project / f"profiles/{yaml_files.PROFILE}.yaml", profile.encode())
        assert attempt(BY_NAME["yaml"].use, project) == Outcome("answered"), name


@pytest.mark.slow
def test_seeds_of_idx_files_are_answered(tmp_path: Path) -> None:
    for name, content in idx_files.seeds().items():
        write_bytes(tmp_path / name, content)
    assert attempt(BY_NAME["idx"].use, tmp_path) == Outcome("answered")


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_tenth_of_the_mutated_inputs_is_answered_or_refused(name: str, tmp_path: Path) -> None:
    # One worker: each begins with seconds of imports.
    config, kind = read_config().model_copy(update={"num_workers": 1}), BY_NAME[name]
    numbers = config.numbers(kind, 0.1)
    tried = try_inputs(config, kind, numbers, tmp_path)
    assert tried.to_plain()["failures"] == {}
    assert len(tried.outcomes) == len(numbers) == config.num_inputs[name] / 10
    ended = Counter(outcome.end for outcome in tried.outcomes.values())
    assert min(ended["answered"], ended["refused"]) >= len(numbers) / 20, ended
