"""A run on a machine that reaches no source of the data set, and what Ctrl-C does to it."""

import shutil
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from litesmith.files import read_json, read_yaml, write_text, yaml_text
from litesmith.params.loading import overlaid
from tasks import catalog
from tasks.profiles import profile_overlays
from tasks.workspace import make_workspace
from tests.flows.marked import Commands

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("offline")]

ROOT = Path(__file__).parents[3]
NOWHERE = ["env:LITESMITH_NO_SUCH_MIRROR", "no/such/folder", "http://127.0.0.1:9/fashion"]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose data set is out of reach and whose synthetic images are few."""
    folder = make_workspace(
        tmp_path_factory.mktemp("far") / "project", ROOT, {"fetch": {"sources": NOWHERE}}
    )
    shutil.copytree(ROOT / "profiles", folder / "profiles")
    drawn, tiny = (
        profile_overlays(ROOT, "synthetic")[0],
        read_yaml(Path(__file__).parents[1] / "tiny.yaml"),
    )
    content = overlaid(overlaid(read_yaml(ROOT / "params.yaml"), drawn), tiny)
    sections = {name: content[name] for name in {*drawn, *tiny}}
    write_text(folder / "profiles/synthetic.yaml", yaml_text(sections))
    return folder


@dataclass
class Seen:
    """What was seen of a run that was stopped with Ctrl-C once it trained."""

    workspace: Path
    code: int
    said: str
    made: set[Path]
    left: list[str]
    record: dict[str, Any]


@pytest.fixture(scope="module")
def seen(project: Path) -> Seen:
    before = {path.relative_to(project) for path in project.rglob("*") if path.is_file()}
    commands = Commands(project)
    run = commands.start("flows", "retrain", "--offline-fallback")
    try:
        commands.find("-m", "tasks", "run", "baseline")
        run.send_signal(signal.SIGINT)
        code = commands.wait_for(run.poll, "the run to end after Ctrl-C", timeout_s=240)
        left = commands.left_after(10)
    finally:
        commands.stop()
    made = {path.relative_to(project) for path in project.rglob("*") if path.is_file()} - before
    (record,) = (project / ".offline" / catalog.RUNS).glob("*.json")
    return Seen(project / ".offline", code, commands.log.read_text(), made, left, read_json(record))


def test_without_network_the_run_says_so_and_goes_on_with_drawn_images(seen: Seen) -> None:
    assert "Fashion-MNIST cannot be reached:" in seen.said
    assert all(source in seen.said for source in NOWHERE)
    assert "This run uses synthetic images instead, in the workspace .offline/." in seen.said
    outcomes = {stage: one["outcome"] for stage, one in seen.record["stages"].items()}
    assert outcomes == {
        **dict.fromkeys(("fetch", "validate", "prepare"), "Completed"),
        "baseline": "Failed",
    }
    assert seen.record["profile"] == "synthetic"
    assert read_json(seen.workspace / catalog.results("validate"))["dataset"]["synthetic"] is True


def test_nothing_of_it_enters_the_project(seen: Seen) -> None:
    # Locks, logs and the bytecode of sources are nobody's results.
    ours = {
        path
        for path in seen.made
        if not {".offline", ".litesmith", ".dvc", "__pycache__"} & set(path.parts)
    }
    assert {path for path in ours if path.suffix != ".log"} == set()


def test_ctrl_c_stops_all_of_it_and_is_written_down(seen: Seen) -> None:
    assert seen.code == 130
    assert seen.said.rstrip().endswith("stopped; the next run goes on from here")
    assert "Traceback" not in seen.said
    assert seen.left == []
    assert seen.record["error"].startswith("KeyboardInterrupt")
    assert seen.record["result"] is None
    assert "✗ Stopped" in (seen.workspace / catalog.INDEX).read_text()


def test_the_record_tells_what_starting_took_and_what_the_server_cost(seen: Seen) -> None:
    assert seen.record["startup_s"] > 1
    assert seen.record["server_cpu_s"] > 0.5
