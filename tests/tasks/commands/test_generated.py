"""Tests of the files that are written from the last summary."""

from pathlib import Path

import pytest

from litesmith.documents.readme import BEGIN, END
from litesmith.errors import ContractError, DataError
from tasks import catalog
from tasks.commands.generated import FILES

NOTES, README = FILES["notes"], FILES["readme"]


def test_notes_pass_the_check_as_written_and_not_otherwise(reported: Path) -> None:
    refusal = r"optimization-notes.md is not what reports/ holds. Run `make notes` and commit it\."
    with pytest.raises(ContractError, match=refusal):
        NOTES.check(reported)
    (reported / NOTES.path).parent.mkdir()
    NOTES.write(reported)
    NOTES.check(reported)
    (reported / NOTES.path).write_text("# Notes on optimization\n", encoding="utf-8")
    with pytest.raises(ContractError, match=refusal):
        NOTES.check(reported)


def test_notes_without_a_summary_are_refused(reported: Path) -> None:
    (reported / catalog.SUMMARY).unlink()
    with pytest.raises(ContractError, match=r"reports/summary.json is missing, .* Run `dvc repro`"):
        NOTES.render(reported)


def test_readme_passes_the_check_as_written_and_not_otherwise(reported: Path) -> None:
    path = reported / README.path
    path.write_text(f"# Title\n{BEGIN}\nformer\n{END}\n", encoding="utf-8")
    refusal = r"results table is not what reports/ and benchmarks/results hold\. Run `make readme` and commit it\."
    with pytest.raises(ContractError, match=refusal):
        README.check(reported)
    README.write(reported)
    README.check(reported)
    text = path.read_text(encoding="utf-8")
    assert "tuned-int8" in text
    path.write_text(text.replace("tuned-int8", "tuned-int4"), encoding="utf-8")
    with pytest.raises(ContractError, match=refusal):
        README.check(reported)


def test_readme_without_a_summary_names_no_run(reported: Path) -> None:
    (reported / catalog.SUMMARY).unlink()
    (reported / README.path).write_text(f"{BEGIN}{END}", encoding="utf-8")
    assert "No full run is recorded yet" in README.render(reported)


@pytest.mark.parametrize("name", ["notes", "readme"])
def test_a_summary_of_an_older_version_is_refused(reported_before: Path, name: str) -> None:
    with pytest.raises(
        DataError, match=r"summary.json is not a (FullResults|RunFigures) as this version writes it"
    ):
        FILES[name].render(reported_before)
