"""Three nights of a finished project: the first release, a night that cannot be judged, and the one after it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.nights.plan import TOO_FEW, TOO_HIGH, Night
from benchmarks.nights.running import Project, Seen, own_registry
from flows.serving.server import server
from litesmith.files import read_yaml, write_text, yaml_text
from litesmith.params.loading import overlaid
from tasks import catalog
from tests.flows.marked import Commands

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("kills")]

ROOT = Path(__file__).parents[3]
# The gates of the benchmark, which let every model pass; nothing that comes before them is made again.
_KEPT = ("judge", "retrain")
PERSON = ("--by", "A. Person", "--why", "it is the first one")
NIGHTS = (
    # A model of seconds may be no better than a guess: a person answers for it.
    Night("the first model", "keep", promotes=True, order=PERSON, judge=TOO_HIGH),
    Night("a poisoned batch, and too few gate images", "invalid", False, batch="poisoned", judge=TOO_FEW),
    Night("the same with enough of them, by DVC", "in service", promotes=False, way="dvc"),
)  # fmt: skip


@pytest.fixture(name="seen", scope="module")
def fixture_seen(
    reference: Commands,
    tmp_path_factory: pytest.TempPathFactory,
    with_database: Callable[[Path], Path],
) -> list[Seen]:
    """What three nights leave of a copy of the finished workspace."""
    reference.wait_for(lambda: not reference.alive(), "dvc repro", 900)
    folder = tmp_path_factory.mktemp("nights") / "project"
    ignored = shutil.ignore_patterns("tmp", ".litesmith", "*.log")
    shutil.copytree(reference.folder, folder, ignore=ignored, symlinks=True)
    own_registry(folder)
    overlay = read_yaml(ROOT / "benchmarks/nights.yaml")
    params = overlaid(
        read_yaml(folder / catalog.PARAMS), {section: overlay[section] for section in _KEPT}
    )
    write_text(folder / catalog.PARAMS, yaml_text(params))
    batches = tmp_path_factory.mktemp("batches")
    # One server for all nights: each of its own would take as long to start as the rest of the run.
    with server(with_database(tmp_path_factory.mktemp("server"))) as url:
        project = Project(folder, batches, {"PREFECT_API_URL": url})
        return [project.run(night) for night in NIGHTS]


def test_every_night_leaves_what_it_should(seen: list[Seen]) -> None:
    assert [left.wrong for left in seen] == [(), (), ()]
    assert [left.outcome for left in seen] == ["keep", "invalid", "in service"]


def test_a_night_that_cannot_be_judged_leaves_no_trace_in_the_registry(seen: list[Seen]) -> None:
    assert [left.events for left in seen] == [{"judged": 1, "promoted": 1}, {}, {}]
    assert {left.version for left in seen} == {"synthetic-wearable-0001"}
    assert [left.num_refused for left in seen] == [1, 1, 1]
