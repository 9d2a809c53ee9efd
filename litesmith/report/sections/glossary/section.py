"""Words of the field that the page uses; the template holds them."""

from litesmith.report.inputs import ReportInputs
from litesmith.report.section import Section


def build(_: ReportInputs) -> None:
    """Return nothing: the words are the same for every run."""


SECTION = Section("glossary", "Glossary", build)
