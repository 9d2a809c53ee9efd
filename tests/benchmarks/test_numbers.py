import re
from pathlib import Path

import pytest

from benchmarks.numbers import read_numbers
from litesmith.errors import ParamsError
from litesmith.files import write_text
from litesmith.params.section import Count, Section


class Numbers(Section):
    repeats: Count
    names: list[str]


def test_numbers_are_read(tmp_path: Path) -> None:
    write_text(tmp_path / "one.yaml", "{repeats: 3, names: [a]}")
    assert read_numbers(tmp_path / "one.yaml", Numbers) == Numbers(repeats=3, names=["a"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{repeats: 0, names: [a]}", "\nrepeats: Input should be greater than or equal to 1, got 0"),
        ("{repeats: .inf, names: [no, 5]}", "\nnames.1: Input should be a valid string, got 5"),
        ("{repeats: 1}", "\nnames: Field required, got {'repeats': 1}"),
        ("{repeats: 1, names: [], repeat: 2}", "\nrepeat: Extra inputs are not permitted, got 2"),
        ("", "\nthe file: Input should be a valid dictionary"),
        ("[1, 2]", "\nthe file: Input should be a valid dictionary"),
        ("{repeats: [", "is not valid YAML"),
    ],
)
def test_what_is_wrong_is_named_with_its_file(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "one.yaml"
    write_text(path, content)
    with pytest.raises(ParamsError, match=re.escape(message)) as caught:
        read_numbers(path, Numbers)
    assert str(caught.value).startswith(str(path))
