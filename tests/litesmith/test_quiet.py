import os
import sys

import pytest

from litesmith.quiet import hushed


def test_what_is_said_is_kept_and_not_shown(capfd: pytest.CaptureFixture[str]) -> None:
    with hushed() as output:
        os.write(2, b"native ")
        first = output()
        os.write(2, b"code")
        print("and Python", file=sys.__stderr__, flush=True)
        assert (first, output()) == ("native ", "native codeand Python\n")
    os.write(2, b"heard")
    assert capfd.readouterr().err == "heard"


def test_the_terminal_is_given_back_after_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="broken"), hushed():
        os.write(2, b"lost")
        raise ValueError("broken")
    os.write(2, b"heard")
    assert capfd.readouterr().err == "heard"
