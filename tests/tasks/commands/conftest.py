from pathlib import Path

import pytest

from litesmith.files import write_json
from litesmith.records.record import write_record
from litesmith.records.summary import Summary
from litesmith.report.page import make_report
from tasks import catalog
from tests.litesmith.report.report_inputs import report_inputs


@pytest.fixture(scope="session")
def summary() -> Summary:
    """Return the summary of a report."""
    return make_report(report_inputs()).summary


@pytest.fixture
def reported(tmp_path: Path, summary: Summary) -> Path:
    """Return a folder that holds the summary of a report."""
    (tmp_path / catalog.SUMMARY).parent.mkdir(parents=True)
    write_record(tmp_path / catalog.SUMMARY, summary)
    return tmp_path


@pytest.fixture
def reported_before(reported: Path) -> Path:
    """Return a folder that holds a summary of an older version."""
    write_json(reported / catalog.SUMMARY, {"kind": "litesmith summary", "schema_version": 1})
    return reported
