"""What a section of the report is."""

from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup

from litesmith.documents.templates import templates
from litesmith.report.inputs import ReportInputs


@dataclass(frozen=True)
class Section:
    """A section of the page, whose template receives one object named ``section``.

    Attributes:
        name: Of its package below ``litesmith/report/sections``, and id of its heading.
        title: In the navigation.
        build: Works out what it shows, from all that a report may show.
    """

    name: str
    title: str
    build: Callable[[ReportInputs], object]

    def render(self, inputs: ReportInputs) -> Markup:
        """Return the section as HTML."""
        template = templates().get_template(f"report/sections/{self.name}/section.html.j2")
        return Markup(template.render(section=self.build(inputs)))
