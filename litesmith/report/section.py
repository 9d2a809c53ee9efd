"""What a section of the report is."""

from collections.abc import Callable
from dataclasses import dataclass

from litesmith.report.inputs import ReportInputs


@dataclass(frozen=True)
class Section:
    """A section: its template receives as ``section`` the one object that ``build`` returns.

    Attributes:
        name: Of its package below ``litesmith/report/sections`` and of its anchor in the page.
        title: Its heading, also in the navigation.
        build: What it shows, from all that a report may show.
    """

    name: str
    title: str
    build: Callable[[ReportInputs], object]

    @property
    def template(self) -> str:
        """Path of its template below ``litesmith/report``."""
        return f"sections/{self.name}/section.html.j2"
