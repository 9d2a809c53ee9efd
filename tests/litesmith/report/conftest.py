import pytest
from markupsafe import Markup


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the figures out of pages, which take most of the time."""
    monkeypatch.setattr("litesmith.report.drawing.drawn", lambda *_, **__: Markup("<svg></svg>"))
