"""The data: what validation found."""

from typing import Any

from litesmith.report.formats import NONE
from litesmith.report.inputs import Records, ReportInputs
from litesmith.report.records import Absent, plain


def shown(_records: Records, _inputs: ReportInputs) -> dict[str, Any]:
    """Return what the section shows besides what was recorded."""
    return {"words": words}


def words(value: Any) -> Any:
    """Write what a rule expected or observed, whatever its shape, in words."""
    if isinstance(value, Absent):
        return value
    content = plain(value, NONE)
    if isinstance(content, dict):
        return ", ".join(f"{key} {words(item)}" for key, item in content.items())
    if isinstance(content, list):
        return ", ".join(str(words(item)) for item in content)
    return f"{content:.6g}" if isinstance(content, float) else str(content)
