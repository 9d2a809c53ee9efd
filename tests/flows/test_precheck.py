import shutil
from pathlib import Path

import pytest
import yaml
from dvc.repo import Repo

from flows.precheck import check, drawn_if_unreachable
from litesmith import device
from litesmith.errors import MachineError, SourcesError

ROOT = Path(__file__).parents[2]
NOWHERE = ["env:LITESMITH_NO_SUCH_MIRROR", "no/such/folder", "http://127.0.0.1:9/fashion"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "params.yaml", tmp_path)
    shutil.copytree(ROOT / "profiles", tmp_path / "profiles")
    _set_sources(tmp_path, NOWHERE)
    return tmp_path


def _set_sources(project: Path, sources: list[str]) -> None:
    content = yaml.safe_load((project / "params.yaml").read_text())
    content["fetch"]["sources"] = sources
    (project / "params.yaml").write_text(yaml.safe_dump(content))


def _mirror(project: Path, folder: Path) -> Path:
    """Fill a folder with files of the right names and sizes."""
    for file in yaml.safe_load((project / "params.yaml").read_text())["fetch"]["files"].values():
        with (folder / file["name"]).open("wb") as stream:
            stream.truncate(file["size_bytes"])
    return folder


def test_without_any_source_the_run_uses_drawn_images_and_says_why(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert drawn_if_unreachable(project, None) == "drawn"
    said = capsys.readouterr().out
    assert "Fashion-MNIST cannot be reached:" in said
    assert all(source in said for source in NOWHERE)
    assert "This run uses drawn images instead, in the workspace .offline/." in said
    assert not (project / ".offline").exists()


def test_a_source_that_answers_is_used(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    mirror = _mirror(project, tmp_path_factory.mktemp("mirror"))
    _set_sources(project, [*NOWHERE, str(mirror)])
    assert drawn_if_unreachable(project, None) is None
    assert drawn_if_unreachable(project, "quick") == "quick"


def test_a_dvc_that_cannot_say_whether_the_data_is_here_is_explained(project: Path) -> None:
    with Repo.init(str(project), no_scm=True):
        pass
    (project / "dvc.yaml").write_text("stages: [")
    with pytest.raises(MachineError, match=r"DVC cannot work here: .*dvc\.yaml"):
        drawn_if_unreachable(project, None)


def test_a_tool_that_is_missing_stops_a_run_before_it_begins(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "_installed", lambda _: None)
    with pytest.raises(MachineError, match=r"evaluate\.measure asks for mcu \(tflite-micro\) and npu"):
        check(project, None)
    check(project, "portable")


def test_a_named_source_that_cannot_serve_stops_the_run_instead_of_drawn_images(
    project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setattr(device, "_installed", lambda _: "1")
    mine = tmp_path_factory.mktemp("mine")
    monkeypatch.setenv("MY_IMAGES", str(mine))
    _set_sources(project, [*NOWHERE, "env:MY_IMAGES"])
    text = rf"^MY_IMAGES cannot serve Fashion-MNIST\.\n  MY_IMAGES={mine}: train-images-idx3-ubyte\.gz is missing in"
    with pytest.raises(SourcesError, match=text):
        check(project, None)
    for profile in (None, "quick"):
        with pytest.raises(SourcesError, match=text):
            drawn_if_unreachable(project, profile)
    assert drawn_if_unreachable(project, "drawn") == "drawn"
    check(project, "drawn")


def test_a_named_source_is_looked_at_where_the_data_is_here_already(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.precheck._is_fetched", lambda _: True)
    assert drawn_if_unreachable(project, None) is None
    monkeypatch.setenv("LITESMITH_NO_SUCH_MIRROR", str(project / "params.yaml"))
    with pytest.raises(SourcesError, match=r"params\.yaml is not a folder\n"):
        drawn_if_unreachable(project, None)


def test_a_relative_source_that_is_named_is_seen_from_where_the_run_was_ordered(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "_installed", lambda _: "1")
    monkeypatch.setenv("LITESMITH_NO_SUCH_MIRROR", "mine")
    monkeypatch.chdir(project)
    with pytest.raises(SourcesError, match=f"the folder {project}/mine does not exist"):
        check(project, None)


def test_a_profile_may_have_sources_of_its_own(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    mirror = _mirror(project, tmp_path_factory.mktemp("mirror"))
    (project / "profiles/mine.yaml").write_text(yaml.safe_dump({"fetch": {"sources": [str(mirror)]}}))
    assert drawn_if_unreachable(project, "mine") == "mine"
