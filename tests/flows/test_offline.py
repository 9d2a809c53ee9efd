"""A run on a machine that reaches no source of the data set, from the command to the page."""

import shutil
from pathlib import Path

import pytest
import yaml

from litesmith.files import read_json
from litesmith.params import overlaid
from tasks import catalog
from tasks.workspace import make_workspace, read_profile
from tests.flows.marked import Commands

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("offline")]

ROOT = Path(__file__).parents[2]
_NO_RESULTS = {".offline", ".litesmith", ".dvc", "__pycache__"}
NOWHERE = ["env:LITESMITH_NO_SUCH_MIRROR", "no/such/folder", "http://127.0.0.1:9/fashion"]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose data set is out of reach and whose drawn images are few."""
    folder = make_workspace(tmp_path_factory.mktemp("far") / "project", ROOT, {"fetch": {"sources": NOWHERE}})
    shutil.copytree(ROOT / "profiles", folder / "profiles")
    drawn, tiny = read_profile(ROOT, "drawn"), yaml.safe_load(Path(__file__).with_name("tiny.yaml").read_text())
    content = overlaid(overlaid(yaml.safe_load((ROOT / "params.yaml").read_text()), drawn), tiny)
    sections = {name: content[name] for name in {*drawn, *tiny}}
    (folder / "profiles/drawn.yaml").write_text(yaml.safe_dump(sections))
    return folder


def test_without_network_the_whole_pipeline_runs_on_drawn_images_beside_the_project(project: Path) -> None:
    before = {path.relative_to(project) for path in project.rglob("*") if path.is_file()}
    commands = Commands(project)
    code, said = commands.run("flows", "retrain", "--offline-fallback")
    assert code == 0, said
    assert "Fashion-MNIST cannot be reached:" in said
    assert all(source in said for source in NOWHERE)
    assert "DRAWN IMAGES, not Fashion-MNIST" in said
    workspace = project / ".offline"
    assert f"report: {(workspace / catalog.REPORT).resolve()}" in said
    assert f"runs:   {(workspace / catalog.INDEX).resolve()}" in said
    assert "drawn images, not Fashion-MNIST" in (workspace / catalog.REPORT).read_text()
    made = {path.relative_to(project) for path in project.rglob("*") if path.is_file()} - before
    # Locks, logs and the bytecode of sources are nobody's results.
    assert {path for path in made if not _NO_RESULTS & set(path.parts)} == set()
    (record,) = (workspace / catalog.RUNS).glob("*.json")
    content = read_json(record)
    assert {one["outcome"] for one in content["stages"].values()} == {"Completed"}
    assert content["startup_s"] > 1
    assert content["server_cpu_s"] > 0.5
    assert content["profile"] == "drawn"
    assert commands.left_after(10) == []
