"""A run on a machine that reaches no source of the data set, stopped with Ctrl-C."""

import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from litesmith.files import read_json, read_yaml, write_text, yaml_text
from litesmith.params.loading import overlaid
from tasks import catalog
from tasks.profiles import profile_overlays
from tasks.workspace import make_workspace
from tests.conftest import change_dataset
from tests.flows.marked import Commands
from tests.flows.served import FEW

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("offline")]

ROOT = Path(__file__).parents[3]
NOWHERE = ["env:LITESMITH_NO_SUCH_MIRROR", "no/such/folder", "http://127.0.0.1:9/fashion"]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, with_database: Callable[[Path], Path]) -> Path:
    """A project whose data set is out of reach and whose synthetic images are few."""
    folder = make_workspace(tmp_path_factory.mktemp("far") / "project", ROOT)
    published = read_yaml(ROOT / "datasets/fashion-mnist.yaml")["base"]
    change_dataset(folder, base={**published, "sources": NOWHERE})
    synthetic_set = read_yaml(ROOT / "datasets/synthetic.yaml")
    write_text(
        folder / "datasets/synthetic.yaml", yaml_text({**synthetic_set, "base": FEW, "min_per_class": 1})
    )
    shutil.copytree(ROOT / "profiles", folder / "profiles")
    synthetic, tiny = (
        profile_overlays(ROOT, "synthetic")[0],
        read_yaml(Path(__file__).parents[1] / "tiny.yaml"),
    )
    content = overlaid(overlaid(read_yaml(ROOT / "params.yaml"), synthetic), tiny)
    sections = {name: content[name] for name in {*synthetic, *tiny}}
    write_text(folder / "profiles/synthetic.yaml", yaml_text(sections))
    return with_database(folder)


@dataclass
class Seen:
    """A run that was stopped with Ctrl-C once it trained."""

    workspace: Path
    code: int
    output: str
    written: set[Path]
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
    written = {path.relative_to(project) for path in project.rglob("*") if path.is_file()} - before
    (record,) = (project / ".offline" / catalog.RUNS).glob("*.json")
    return Seen(project / ".offline", code, commands.log.read_text(), written, left, read_json(record))


def test_without_network_the_run_continues_with_synthetic_images_and_a_note(seen: Seen) -> None:
    assert "Fashion-MNIST cannot be reached:" in seen.output
    assert all(source in seen.output for source in NOWHERE)
    assert "This run uses synthetic images instead, in the workspace .offline/." in seen.output
    outcomes = {name: stage["outcome"] for name, stage in seen.record["stages"].items()}
    assert outcomes == {
        **dict.fromkeys(("fetch", "arrivals", "intake", "validate", "prepare"), "Completed"),
        "baseline": "Failed",
    }
    assert seen.record["profile"] == "synthetic"
    assert read_json(seen.workspace / catalog.results("validate"))["dataset"]["synthetic"] is True


def test_nothing_of_it_enters_the_project(seen: Seen) -> None:
    # Locks, logs and the bytecode of sources are no results.
    results = {
        path
        for path in seen.written
        if not {".offline", ".litesmith", ".dvc", "__pycache__"} & set(path.parts)
    }
    assert {path for path in results if path.suffix != ".log"} == set()


def test_ctrl_c_stops_all_of_it_and_is_recorded(seen: Seen) -> None:
    assert seen.code == 130
    assert seen.output.rstrip().endswith("stopped; the next run goes on from here")
    assert "Traceback" not in seen.output
    assert seen.left == []
    assert seen.record["error"].startswith("KeyboardInterrupt")
    assert seen.record["result"] is None
    assert "✗ Stopped" in (seen.workspace / catalog.INDEX).read_text()


def test_the_record_has_the_startup_time_and_the_cost_of_the_server(seen: Seen) -> None:
    assert seen.record["startup_s"] > 1
    assert seen.record["server_cpu_s"] > 0.5
