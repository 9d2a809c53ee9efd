"""Every command of README.md, docs and benchmarks/README.md parses, and is run by a test or shown with its output."""

import argparse
import importlib.util
import inspect
import pkgutil
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import pytest

import flows.__main__
import tasks.__main__
from benchmarks.readme import summarize
from tests.docs.commands import Command, commands, pages
from tests.docs.pages import PROJECT

ALL = [command for page in pages() for command in commands(page)]
# What runs a command, by its key: a test, or for what has other ends a sentence of the page in which it stands.
RUN_BY = {
    "python -m tasks": "tests/tasks/test_main.py::test_list_prints_a_line_for_each_step",
    "python -m flows": "tests/flows/test_main.py::test_in_another_folder_nothing_is_served",
    "python -m tasks predict": "tests/tasks/test_main.py::test_pictures_are_answered_and_broken_ones",
    "python -m tasks list": "tests/tasks/test_main.py::test_list_prints_a_line_for_each_step",
    "python -m tasks clean": "tests/tasks/test_workspace.py::test_clean_removes_workspaces",
    "python -m tasks dataset": "tests/tasks/commands/test_dataset.py::test_a_folder_of_pictures_is",
    "python -m tasks add": "tests/tasks/commands/test_batches.py::test_a_folder_becomes_one_file",
    "python -m tasks accept": "tests/tasks/commands/test_batches.py::test_a_batch_is_accepted",
    "python -m tasks regress": "tests/tasks/commands/test_judging.py::test_a_picture_is_kept",
    "python -m tasks judge": "tests/tasks/commands/test_judging.py::test_a_decision_is_replayed",
    "python -m tasks promote": "tests/tasks/commands/test_releases.py::test_a_model_is_promoted",
    "python -m tasks rollback": "tests/tasks/commands/test_releases.py::test_a_model_is_promoted",
    "python -m tasks releases": "tests/tasks/commands/test_releases.py::test_a_consumer_gets",
    "python -m tasks verify": "tests/tasks/commands/test_packages.py::test_a_good_package",
    "python -m tasks export": "tests/tasks/commands/test_packages.py::test_a_model_is_exported",
    "python -m tasks keygen": "tests/tasks/commands/test_packages.py::test_keys_are_made_once",
    "python -m flows retrain": "tests/flows/whole/test_offline.py::test_without_network_the_run",
    "python -m flows compare": "tests/flows/test_main.py::test_the_command_writes_a_page_and_names_it",
    "python -m flows serve": "tests/flows/whole/test_places.py::test_the_next_order_runs",
    "python verify.py": "tests/litesmith/release/test_verify.py::test_the_copy_in_a_package_runs_alone",
    "python classify.py": "tests/docs/test_on_a_device.py::test_the_python_program_needs_nothing",
    "./main <": "tests/docs/test_on_a_device.py::test_the_program_for_microcontrollers_names",
    "openssl pkeyutl": "tests/litesmith/release/test_signing.py::test_openssl_checks_it_too",
    "dvc repro": "tests/tasks/test_main.py::test_that_command_restores_what_dvc_cleared",
    "dvc checkout": "tests/flows/whole/test_kills.py::test_a_wrong_parameter_is_explained_and_what",
    "python benchmarks/score.py": "tests/benchmarks/test_score.py::test_the_score_is_that_of",
    "dvc metrics": "tests/flows/whole/test_dvc.py::test_metrics_show_prints_every_number",
    "dvc metrics diff": "tests/flows/whole/test_dvc.py::test_without_a_change_metrics_diff",
    "dvc plots": "tests/flows/whole/test_dvc.py::test_plots_show_draws_the_curves",
    "dvc plots show": "tests/flows/whole/test_dvc.py::test_plots_show_draws_the_curves",
    "dvc exp run": "tests/flows/whole/test_dvc.py::test_an_experiment_runs_what_the_parameter",
    "prefect deployment run": "tests/flows/whole/test_places.py::test_the_next_order_runs",
    "systemd-analyze verify": "tests/docs/test_every_night.py::test_systemd_finds_nothing_wrong",
}  # fmt: skip
# Commands that no test runs and that show nothing, with the words of their page that say so.
UNTRIED = {
    "useradd --system": "were not tried",
    "chown -R": "were not tried",
    "systemctl enable": "were not tried",
    "journalctl -u": "were not tried",
}
# What only changes the folder, or is git's own.
_NEEDS_NOTHING = ("cd", "git clone", "git commit", "pip install")
# A page says under what its outputs were written.
_VERSION = re.compile(r"outputs?\b.*\b(?:Python|LiteRT) \d+\.\d+|Python \d+\.\d+ with", re.IGNORECASE)
# What stands for a word of the reader's own where a parser knows all that there may be.
_OWN = {"STEP": "prune"}


class _ParsedError(Exception):
    """A command line was accepted by its parser."""


@pytest.fixture(name="only_parsing")
def fixture_only_parsing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every command end where its words have been parsed."""
    parse = argparse.ArgumentParser.parse_args

    def parse_args(parser: argparse.ArgumentParser, *given: Any) -> NoReturn:
        parse(parser, *given)
        raise _ParsedError

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_args)


def parses(main: Any, words: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> bool:
    """Tell whether a command's parser takes words; the command must have one."""
    monkeypatch.setattr(sys, "argv", ["command", *words])
    try:
        if inspect.signature(main).parameters:
            main(list(words))
        else:
            main()
    except _ParsedError:
        return True
    except SystemExit as stopped:
        return stopped.code == 0 and "--help" in words
    return False


def of_project(command: Command) -> bool:
    return command.words[:2] == ["python", "-m"] and command.words[2].split(".")[0] in (
        "tasks",
        "flows",
        "benchmarks",
    )


@pytest.mark.parametrize(
    "command", [each for each in ALL if of_project(each)], ids=lambda each: each.line
)
def test_the_parser_of_the_project_takes_it(
    command: Command, monkeypatch: pytest.MonkeyPatch, only_parsing: None
) -> None:
    module, *words = command.words[2:]
    words = [_OWN.get(word, word) for word in words]
    if module in ("tasks", "flows"):
        main = {"tasks": tasks.__main__.main, "flows": flows.__main__.main}[module]
        # Prose speaks of a command as a whole too.
        is_name = not command.in_block and len(words) < 2
        assert parses(main, words, monkeypatch) or (
            is_name and parses(main, [*words, "--help"], monkeypatch)
        )
        return
    spec = importlib.util.find_spec(module)
    assert spec is not None
    if spec.submodule_search_locations is not None:
        spec = importlib.util.find_spec(f"{module}.__main__")
    assert spec is not None and spec.origin is not None
    source = Path(spec.origin).read_text(encoding="utf-8")
    assert re.search(r"^def main\(", source, re.MULTILINE)
    if words:
        assert re.search(r"Parser\(", source)
        assert parses(pkgutil.resolve_name(f"{spec.name}:main"), words, monkeypatch)


@pytest.mark.parametrize(
    "command", [each for each in ALL if each.words[0] == "dvc"], ids=lambda each: each.line
)
def test_the_parser_of_dvc_takes_it(command: Command) -> None:
    from dvc.cli.parser import get_main_parser

    words = command.words[1:]
    if not command.in_block and words in (["metrics"], ["plots"]):
        words = [*words, "show"]
    get_main_parser().parse_args(words)


@pytest.mark.parametrize(
    "command", [each for each in ALL if each.words[0] == "make"], ids=lambda each: each.line
)
def test_make_has_the_target(command: Command) -> None:
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{command.words[1]}:", makefile, re.MULTILINE)


@pytest.mark.parametrize("key", sorted({each.key for each in ALL}))
def test_it_is_run_by_a_test_or_shown_with_its_output(key: str) -> None:
    used = [each for each in ALL if each.key == key]
    if key in RUN_BY:
        path, _, name = RUN_BY[key].partition("::")
        assert f"\ndef {name}" in (PROJECT / path).read_text(encoding="utf-8"), RUN_BY[key]
    elif key in UNTRIED:
        assert all(UNTRIED[key] in (PROJECT / each.page).read_text(encoding="utf-8") for each in used)
    elif key.startswith("python -m benchmarks"):
        name = key.rpartition(".")[2]
        tests = PROJECT / "tests/benchmarks"
        tested = [tests / name, tests / f"test_{name}.py", PROJECT / f"benchmarks/results/{name}.json"]
        missing = next(line for line in summarize(PROJECT) if "Not measured" in line)
        assert any(path.exists() for path in tested) or f"[{name}](#{name})" in missing
    elif not key.startswith(("make ", *_NEEDS_NOTHING)):
        assert any(each.output for each in used), [each.page for each in used]


def test_no_entry_is_about_a_command_that_stands_nowhere() -> None:
    assert {*RUN_BY, *UNTRIED} - {each.key for each in ALL} == set()


@pytest.mark.parametrize("page", pages())
def test_a_page_with_outputs_that_no_test_repeats_says_of_what_version(page: str) -> None:
    if any(each.output and each.key not in RUN_BY for each in commands(page)):
        assert _VERSION.search((PROJECT / page).read_text(encoding="utf-8"))


def test_an_unknown_option_is_found(monkeypatch: pytest.MonkeyPatch, only_parsing: None) -> None:
    assert parses(tasks.__main__.main, ["add", "x", "--data", "y"], monkeypatch)
    assert not parses(tasks.__main__.main, ["add", "x", "--dta", "y"], monkeypatch)
    assert not parses(flows.__main__.main, ["serve", "--prt", "1"], monkeypatch)


def test_what_readme_shows_of_predict_is_what_it_prints(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shown,) = [each for each in commands("README.md") if each.in_block and "predict" in each.line]
    (tmp_path / "docs").symlink_to(PROJECT / "docs")
    monkeypatch.chdir(tmp_path)
    assert tasks.__main__.main(shown.words[3:]) == 0
    printed = capfd.readouterr()
    assert shown.output == f"{printed.err.splitlines()[0]}\n{printed.out}".strip()
