"""Tests of tasks.commands.notes."""

from pathlib import Path

import pytest

from litesmith.errors import ContractError, DataError
from tasks import catalog
from tasks.commands import notes


def test_what_was_written_passes_the_check_and_nothing_else(reported: Path) -> None:
    refusal = r"optimization-notes.md does not say what reports/ holds. Run `make notes` and commit it\."
    with pytest.raises(ContractError, match=refusal):
        notes.check(reported)
    (reported / notes.NOTES).parent.mkdir()
    notes.write(reported)
    notes.check(reported)
    (reported / notes.NOTES).write_text("# Notes on optimization\n", encoding="utf-8")
    with pytest.raises(ContractError, match=refusal):
        notes.check(reported)


def test_notes_without_a_summary_are_refused(reported: Path) -> None:
    (reported / catalog.SUMMARY).unlink()
    with pytest.raises(ContractError, match=r"reports/summary.json is missing, .* Run `dvc repro`"):
        notes.render(reported)


def test_summary_of_an_older_version_is_refused(reported_before: Path) -> None:
    with pytest.raises(DataError, match=r"summary.json is not a Summary as this version writes it"):
        notes.render(reported_before)
