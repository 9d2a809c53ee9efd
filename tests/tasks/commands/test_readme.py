"""Tests of tasks.commands.readme."""

from pathlib import Path

import pytest

from litesmith.documents.readme import BEGIN, END
from litesmith.errors import ContractError, DataError
from tasks import catalog
from tasks.commands import readme


def test_what_was_written_passes_the_check_and_nothing_else(reported: Path) -> None:
    path = reported / readme.README
    path.write_text(f"# Title\n{BEGIN}\nformer\n{END}\n", encoding="utf-8")
    with pytest.raises(ContractError, match=r"Run `make readme` and commit it\."):
        readme.check(reported)
    readme.write(reported)
    readme.check(reported)
    assert "tuned-int8" in path.read_text(encoding="utf-8")


def test_readme_says_that_there_is_no_run_yet(reported: Path) -> None:
    (reported / catalog.SUMMARY).unlink()
    assert "No full run is recorded yet" in readme.render(reported)


def test_summary_of_an_older_version_is_refused(reported_before: Path) -> None:
    with pytest.raises(DataError, match=r"summary.json is not a Summary as this version writes it"):
        readme.render(reported_before)
