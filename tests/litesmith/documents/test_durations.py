import pytest

from litesmith.documents.durations import duration


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (59.4, "59 s"), (754, "12 min 34 s"), (3600, "1 h 0 min"), (4000, "1 h 6 min")],
)
def test_durations_read_well(seconds: float, words: str) -> None:
    assert duration(seconds) == words
