import shutil
import tempfile
from pathlib import Path

import pytest
from dvc.repo import Repo

from flows.precheck import check_dvc, check_machine, checked_choice
from litesmith.device import measurement
from litesmith.errors import MachineError, ParamsError, SourcesError
from litesmith.files import read_yaml, write_text, yaml_text
from litesmith.params.sections.retrain import RetrainParams
from tasks.profiles import Chosen

ROOT = Path(__file__).parents[2]
NOWHERE = ["env:LITESMITH_NO_SUCH_MIRROR", "no/such/folder", "http://127.0.0.1:9/fashion"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(measurement, "installed_version", lambda _: "1")
    shutil.copy(ROOT / "params.yaml", tmp_path)
    shutil.copytree(ROOT / "devices", tmp_path / "devices")
    shutil.copytree(ROOT / "datasets", tmp_path / "datasets")
    shutil.copytree(ROOT / "profiles", tmp_path / "profiles")
    _set_sources(tmp_path, NOWHERE)
    return tmp_path


def _fallen_back(project: Path, profile: Chosen) -> str | None:
    """Return the profiles to run with where synthetic images may stand in."""
    return checked_choice(project, profile, None, offline_fallback=True)[0]


def _set_sources(project: Path, sources: list[str]) -> None:
    path = project / "datasets/fashion-mnist.yaml"
    content = read_yaml(path)
    write_text(path, yaml_text({**content, "base": {**content["base"], "sources": sources}}))


def _mirror(project: Path, folder: Path) -> Path:
    """Fill a folder with files of the right names and sizes."""
    for file in read_yaml(project / "datasets/fashion-mnist.yaml")["base"]["files"]:
        with (folder / file["name"]).open("wb") as stream:
            stream.truncate(file["size_bytes"])
    return folder


def test_without_any_source_the_run_uses_synthetic_images_and_prints_why(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _fallen_back(project, None) == "synthetic"
    output = capsys.readouterr().out
    assert "Fashion-MNIST cannot be reached:" in output
    assert all(source in output for source in NOWHERE)
    assert "This run uses synthetic images instead, in the workspace .offline/." in output
    assert not (project / ".offline").exists()


def test_a_folder_of_dvc_that_cannot_be_written_is_reported_before_a_run(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Repo.init(str(project), no_scm=True).close()
    write_text(project / "dvc.yaml", "stages: {fetch: {cmd: 'true'}}\n")
    check_dvc(project)
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", "/proc/nonexistent")
    expected = r"DVC cannot work here: .*/proc/nonexistent.* set HOME or DVC_SITE_CACHE_DIR to a folder"
    with pytest.raises(MachineError, match=expected):
        check_dvc(project)


def test_an_invalid_dvc_yaml_is_reported_before_a_run(project: Path) -> None:
    Repo.init(str(project), no_scm=True).close()
    write_text(project / "dvc.yaml", "stages: {fetch: {cmd: true}}\n")
    with pytest.raises(
        MachineError, match=r"DVC cannot work in .*dvc\.yaml' validation failed.*`make dvc` writes it"
    ):
        check_dvc(project)


def test_a_source_that_answers_is_used(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    mirror = _mirror(project, tmp_path_factory.mktemp("mirror"))
    _set_sources(project, [*NOWHERE, str(mirror)])
    assert _fallen_back(project, None) is None
    assert _fallen_back(project, "quick") == "quick"
    assert _fallen_back(project, ["quick", "portable"]) == "quick+portable"


def test_synthetic_images_are_laid_over_the_requested_profiles(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _fallen_back(project, ["quick"]) == "quick+synthetic"
    assert "instead, in the workspace .workspaces/quick+synthetic/." in capsys.readouterr().out
    assert _fallen_back(project, ["synthetic", "quick"]) == "synthetic+quick"


def test_a_profile_that_is_not_there_is_refused(project: Path) -> None:
    for fallback in (False, True):
        with pytest.raises(ParamsError, match=r"'quikc' is not a profile\. Did you mean quick"):
            checked_choice(project, ["portable", "quikc"], None, offline_fallback=fallback)


def test_a_dvc_that_cannot_check_the_data_is_explained(project: Path) -> None:
    with Repo.init(str(project), no_scm=True):
        pass
    (project / "dvc.yaml").write_text("stages: [")
    with pytest.raises(MachineError, match=rf"DVC cannot work in {project}: .*dvc\.yaml"):
        _fallen_back(project, None)


def test_a_tool_that_is_missing_stops_a_run_before_it_begins(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measurement, "installed_version", lambda _: None)
    with pytest.raises(MachineError, match=r"evaluate\.measure asks for mcu \(tflite-micro\) and npu"):
        checked_choice(project, None, None, offline_fallback=False)
    assert checked_choice(project, "portable", None, offline_fallback=False) == ("portable", None)


def test_a_named_source_that_cannot_serve_stops_the_run_instead_of_synthetic_images(
    project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setattr(measurement, "installed_version", lambda _: "1")
    mine = tmp_path_factory.mktemp("mine")
    monkeypatch.setenv("MY_IMAGES", str(mine))
    _set_sources(project, [*NOWHERE, "env:MY_IMAGES"])
    reason = rf"MY_IMAGES={mine}: train-images-idx3-ubyte\.gz is missing in"
    text = rf"^MY_IMAGES cannot serve Fashion-MNIST\.\n  {reason}"
    with pytest.raises(SourcesError, match=text):
        checked_choice(project, None, None, offline_fallback=False)
    for profile in (None, "quick"):
        with pytest.raises(SourcesError, match=text):
            _fallen_back(project, profile)
    assert _fallen_back(project, "synthetic") == "synthetic"
    assert checked_choice(project, "synthetic", None, offline_fallback=False) == ("synthetic", None)


def test_a_named_source_is_checked_where_the_data_is_here_already(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.precheck._is_fetched", lambda _: True)
    assert _fallen_back(project, None) is None
    monkeypatch.setenv("LITESMITH_NO_SUCH_MIRROR", str(project / "params.yaml"))
    with pytest.raises(SourcesError, match=r"params\.yaml is not a folder\n"):
        _fallen_back(project, None)


def test_a_relative_source_that_is_named_is_seen_from_where_the_run_was_ordered(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measurement, "installed_version", lambda _: "1")
    monkeypatch.setenv("LITESMITH_NO_SUCH_MIRROR", "mine")
    monkeypatch.chdir(project)
    with pytest.raises(SourcesError, match=f"the folder {project}/mine does not exist"):
        checked_choice(project, None, None, offline_fallback=False)


def test_a_profile_may_have_a_data_set_of_its_own(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    mirror = _mirror(project, tmp_path_factory.mktemp("mirror"))
    content = read_yaml(project / "datasets/fashion-mnist.yaml")
    base = {**content["base"], "sources": [str(mirror)]}
    write_text(project / "datasets/other.yaml", yaml_text({**content, "base": base}))
    write_text(project / "profiles/mine.yaml", "dataset: other\n")
    assert _fallen_back(project, "mine") == "mine"


def test_synthetic_images_stand_in_for_published_ones_alone(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = read_yaml(project / "datasets/fashion-mnist.yaml")
    write_text(project / "datasets/other.yaml", yaml_text({**content, "name": "Other"}))
    assert checked_choice(project, "quick", "other", offline_fallback=True) == ("quick+synthetic", None)
    assert "in the workspace .workspaces/quick+synthetic/" in capsys.readouterr().out
    base = {"kind": "folder", "path": "photos"}
    write_text(project / "datasets/other.yaml", yaml_text({**content, "base": base}))
    assert checked_choice(project, "quick", "other", offline_fallback=True) == ("quick", "other")
    assert checked_choice(project, None, "fashion-mnist", offline_fallback=True) == ("synthetic", None)


def test_a_named_source_is_checked_once(
    project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    checks: list[object] = []
    monkeypatch.setenv(
        "LITESMITH_NO_SUCH_MIRROR", str(_mirror(project, tmp_path_factory.mktemp("mirror")))
    )
    monkeypatch.setattr("flows.precheck.require_named", lambda *arguments: checks.append(arguments))
    assert _fallen_back(project, None) is None
    assert len(checks) == 1


def _params(**changed: float) -> RetrainParams:
    return RetrainParams.model_validate(
        {
            "min_disk_gb": 0.0,
            "min_memory_gb": 0.0,
            "reach_s": 1.0,
            "stage_limit_s": 1.0,
            "max_archived": 3,
            "promote": "never",
            "notify": None,
            **changed,
        }
    )


def test_without_a_folder_for_temporary_files_the_error_names_tmpdir(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def _none() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr(tempfile, "gettempdir", _none)
    with pytest.raises(
        MachineError, match=r"No usable temporary directory found in \['/tmp'\]\. Set TMPDIR"
    ):
        check_machine(_params(), tmp_path)


def test_enough_is_enough(tmp_path: Path) -> None:
    check_machine(_params(), tmp_path)


def test_too_little_disk_is_reported_with_both_numbers(tmp_path: Path) -> None:
    with pytest.raises(
        MachineError, match=r"[\d.]+ GB of disk are free and 1e\+09 GB are needed .*retrain.min_disk_gb"
    ):
        check_machine(_params(min_disk_gb=1e9), tmp_path)


def test_too_little_memory_is_reported_with_both_numbers(tmp_path: Path) -> None:
    with pytest.raises(
        MachineError, match=r"GB of memory are free and 1e\+09 GB are needed .*retrain.min_memory_gb"
    ):
        check_machine(_params(min_memory_gb=1e9), tmp_path)
