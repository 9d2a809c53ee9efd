import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.dag.user import provide_user
from tests.conftest import make_small_set

ROOT = Path(__file__).parents[3]

# What Python reads as it starts, in the processes below a test too: no user has an entry.
_NO_ENTRY = """
import pwd
def _unknown(uid):
    raise KeyError(f"getpwuid(): uid not found: {uid}")
pwd.getpwuid = _unknown
"""
_NAMES = ("HOME", "USER", "LOGNAME", "LNAME", "USERNAME")


@pytest.fixture
def unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing tell the user's name or home."""

    def _unknown(uid: int) -> None:
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    monkeypatch.setattr(pwd, "getpwuid", _unknown)
    monkeypatch.setattr(
        os, "environ", {name: value for name, value in os.environ.items() if name not in _NAMES}
    )


@pytest.mark.usefixtures("unknown")
def test_who_has_neither_name_nor_home_gets_both(tmp_path: Path) -> None:
    provide_user(tmp_path)
    assert os.environ["USER"] == f"uid{os.getuid()}"
    assert Path(os.environ["HOME"]) == tmp_path / ".litesmith/home"
    assert Path(os.environ["HOME"]).is_dir()


@pytest.mark.usefixtures("unknown")
@pytest.mark.parametrize("home", ["", "~", "here"])
def test_a_home_that_is_none_to_dvc_is_replaced(tmp_path: Path, home: str) -> None:
    os.environ["HOME"] = home
    provide_user(tmp_path)
    assert Path(os.environ["HOME"]) == tmp_path / ".litesmith/home"


@pytest.mark.usefixtures("unknown")
@pytest.mark.parametrize("home", ["/", "/nonexistent"])
def test_a_home_that_is_named_stays_whatever_it_is(tmp_path: Path, home: str) -> None:
    os.environ["HOME"] = home
    provide_user(tmp_path)
    assert os.environ["HOME"] == home
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("unknown")
def test_in_a_project_that_cannot_be_written_a_home_is_named_too(tmp_path: Path) -> None:
    (tmp_path / ".litesmith").touch()
    provide_user(tmp_path)
    assert Path(os.environ["HOME"]) == tmp_path / ".litesmith/home"


@pytest.mark.usefixtures("unknown")
def test_a_name_that_is_set_stays(tmp_path: Path) -> None:
    os.environ["LOGNAME"] = "somebody"
    provide_user(tmp_path)
    assert "USER" not in os.environ


def test_who_is_known_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _NAMES:
        monkeypatch.delenv(name, raising=False)
    provide_user(tmp_path)
    assert not set(_NAMES) & os.environ.keys()
    assert list(tmp_path.iterdir()) == []


def _nameless(tmp_path: Path, **more: str) -> dict[str, str]:
    """Return the environment of processes whose user the system knows by number alone."""
    (tmp_path / "start").mkdir()
    (tmp_path / "start/sitecustomize.py").write_text(_NO_ENTRY)
    own = {name: value for name, value in os.environ.items() if name not in _NAMES}
    return {**own, "PYTHONPATH": os.pathsep.join([str(tmp_path / "start"), str(ROOT)]), **more}


@pytest.mark.slow
@pytest.mark.parametrize("home", [None, "/proc/nonexistent"])
def test_a_run_of_a_nameless_user_opens_dvc_and_imports_what_asks_for_a_home(
    tmp_path: Path, home: str | None
) -> None:
    folder = make_small_set(tmp_path / "mirror").workspace(tmp_path / "ws")
    code = (
        "import argparse, sys; from pathlib import Path; from tasks.command import run_chosen\n"
        "def work(_):\n"
        "    from flows.stages import Stages\n"
        "    with Stages(Path.cwd()) as stages:\n"
        "        print(stages.is_stale('fetch'), stages.reproduce('fetch', print, time_limit_s=60, extra={}))\n"
        "    import matplotlib.pyplot, pandas, prefect.main\n"
        "    from litesmith.data.quality.expectations import check\n"
        "    from litesmith.data.quality.rules import Rule\n"
        "    table = pandas.DataFrame({'where': ['here'], 'size': [1.0]})\n"
        "    rule = Rule('size', 'size', 'any', 'warning', 0.0, 2.0)\n"
        "    print('checked', check('sizes', table, [rule])[0].success)\n"
        "parser = argparse.ArgumentParser(); parser.set_defaults(command=work)\n"
        "sys.exit(run_chosen(parser, []))\n"
    )
    environment = _nameless(tmp_path, **({"HOME": home} if home else {}))
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "True Completed" in done.stdout
    assert "checked True" in done.stdout
    assert "getpwuid" not in done.stdout + done.stderr
