from pathlib import Path

import pytest

from litesmith.files import write_json
from litesmith.records.record import write_record
from tasks import catalog
from tests.litesmith.report.report_inputs import report_summary


@pytest.fixture
def reported(tmp_path: Path) -> Path:
    """Return a folder that holds the summary of a report."""
    (tmp_path / catalog.SUMMARY).parent.mkdir(parents=True)
    write_record(tmp_path / catalog.SUMMARY, report_summary())
    return tmp_path


@pytest.fixture
def reported_before(reported: Path) -> Path:
    """Return a folder that holds a summary of an older version."""
    write_json(reported / catalog.SUMMARY, {"kind": "litesmith summary", "schema_version": 1})
    return reported
