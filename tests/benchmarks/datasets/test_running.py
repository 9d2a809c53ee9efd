import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.datasets import running
from benchmarks.datasets.plan import data_set
from litesmith.errors import ContractError
from litesmith.files import read_yaml, write_text, yaml_text

DESCRIPTION = {
    "classes": None, "height": 8, "width": 8, "channels": 1, "fit": "pad", "ground": "dark",
    "mirror_safe": False, "shares": {"test": 0.15, "validation": 0.1, "gate": 0.1}, "base": None,
}  # fmt: skip
# Stands for `tasks` and `flows` in the clone: does what the commands do with files.
STAND_IN = f"""
import pathlib, sys
words = sys.argv[1:]
with open("calls.txt", "a") as calls:
    calls.write(" ".join([pathlib.Path(__file__).parent.name, *words]) + "\\n")
if words[0] == "dataset":
    assert pathlib.Path(words[1]).exists()
    path = pathlib.Path("datasets", words[3] + ".yaml")
    path.parent.mkdir(exist_ok=True)
    path.write_text({yaml_text(DESCRIPTION)!r})
elif pathlib.Path("broken").exists():
    print("one line\\nno space left")
    sys.exit(3)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a git repository with stand-ins for the two commands."""
    root = tmp_path / "project"
    for ring in ("tasks", "flows"):
        write_text(root / ring / "__main__.py", STAND_IN)
    git(root, "init", "--quiet")
    commit(root)
    return root


def git(root: Path, *arguments: str) -> str:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    return subprocess.run(
        ["git", *who, *arguments], cwd=root, check=True, capture_output=True, encoding="utf-8"
    ).stdout.strip()


def commit(root: Path) -> str:
    git(root, "add", "-A")
    git(root, "commit", "--quiet", "--message", "Anything")
    return git(root, "rev-parse", "HEAD")


def test_a_clone_is_of_the_last_commit_and_keeps_what_is_not_committed(project: Path) -> None:
    clone = project.parent / "clone"
    first = running.clone_project(project, clone)
    assert first == git(clone, "rev-parse", "HEAD")
    write_text(clone / ".workspaces/digits/kept", "")
    write_text(clone / "tasks/__main__.py", "edited")
    write_text(project / "later.txt", "later")
    last = commit(project)
    write_text(project / "later.txt", "not committed")
    assert running.clone_project(project, clone) == last != first
    assert git(clone, "rev-parse", "HEAD") == last
    assert (clone / "later.txt").read_text(encoding="utf-8") == "later"
    assert (clone / "tasks/__main__.py").read_text(encoding="utf-8") == STAND_IN
    assert (clone / ".workspaces/digits/kept").is_file()


def test_a_set_is_described_once_and_run_with_its_profiles(project: Path, tmp_path: Path) -> None:
    clone, sources = tmp_path / "clone", tmp_path / "sources"
    running.clone_project(project, clone)
    chosen = data_set("digits")
    ran = running.run_data_set(chosen, clone, sources, ["quick", "portable"])
    running.run_data_set(chosen, clone, sources, [])
    calls = (clone / "calls.txt").read_text(encoding="utf-8").splitlines()
    assert calls == [
        f"tasks dataset {sources / 'digits/digits.npz'} --name digits",
        "flows retrain --data digits --profile quick --profile portable",
        "flows retrain --data digits",
    ]
    assert ran["command"] == "python -m flows retrain --data digits --profile quick --profile portable"
    assert ran["described"] == {key: DESCRIPTION[key] for key in ran["described"]}
    assert set(ran["described"]) == set(DESCRIPTION) - {"base"}
    assert 0 < ran["describing_cpu_s"] < 10


def test_a_run_that_fails_is_told_with_its_last_lines(project: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    running.clone_project(project, clone)
    write_text(clone / "broken", "")
    with pytest.raises(
        ContractError, match=r"retrain --data digits ended with 3; .*\none line\nno space left"
    ):
        running.run_data_set(data_set("digits"), clone, tmp_path / "sources", [])
    assert read_yaml(clone / "datasets/digits.yaml")["height"] == 8


def test_what_is_forgotten_runs_from_nothing(project: Path, tmp_path: Path) -> None:
    clone, chosen = tmp_path / "clone", data_set("digits")
    running.clone_project(project, clone)
    for profiles, name in (([], "digits"), (["quick", "portable"], "digits-quick+portable")):
        folder = running.workspace_of(chosen, clone, profiles)
        assert folder == clone / ".workspaces" / name
        write_text(folder / "params.yaml", "")
        running.run_data_set(chosen, clone, tmp_path / "sources", profiles)
        running.forget(chosen, clone, profiles)
        assert not folder.exists()
        assert not (clone / "datasets/digits.yaml").exists()
    running.forget(chosen, clone, [])


def test_commands_run_with_this_python(project: Path, tmp_path: Path) -> None:
    write_text(project / "tasks/__main__.py", "import sys; print(sys.executable); sys.exit(1)")
    commit(project)
    running.clone_project(project, tmp_path / "clone")
    with pytest.raises(ContractError, match=f"\n{sys.executable}$"):
        running.run_data_set(data_set("digits"), tmp_path / "clone", tmp_path / "sources", [])
