import shutil
from pathlib import Path
from typing import Any

import pytest

from litesmith.errors import ParamsError
from litesmith.files import read_json, read_yaml, write_json, write_text, yaml_text
from litesmith.params.loading import read_params
from litesmith.records.record import read_record
from litesmith.records.service.release import Pointers, no_pointers
from tasks import catalog
from tasks.incoming import require_project
from tasks.profiles import chosen_dataset, profile_overlays
from tasks.workspace import make_workspace, open_workspace, workspace_folder

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the real parameters and profiles, and a data set of two classes."""
    folder = tmp_path / "project"
    folder.mkdir()
    for name in ("params.yaml", "versions.yaml"):
        shutil.copy(ROOT / name, folder)
    write_text(folder / "dvc.yaml", "stages: {}\n")
    for name in ("profiles", "devices", "datasets"):
        shutil.copytree(ROOT / name, folder / name)
    describe(folder, "digits", name="Digits")
    return folder


def describe(project: Path, key: str, **values: Any) -> None:
    """Write a data set like the synthetic one with other values."""
    content = read_yaml(project / "datasets/synthetic.yaml")
    write_text(project / f"datasets/{key}.yaml", yaml_text({**content, **values}))


@pytest.mark.parametrize(
    ("profile", "data", "folder"),
    [
        (None, None, ""),
        (None, "fashion-mnist", ""),
        ("quick", None, ".workspaces/quick"),
        ("quick", "fashion-mnist", ".workspaces/quick"),
        ("synthetic", None, ".offline"),
        (None, "synthetic", ".workspaces/synthetic"),
        (None, "digits", ".workspaces/digits"),
        ("quick", "digits", ".workspaces/digits-quick"),
        (["quick", "portable"], "digits", ".workspaces/digits-quick+portable"),
    ],
)
def test_each_choice_has_its_folder(project: Path, profile: Any, data: str | None, folder: str) -> None:
    assert workspace_folder(project, profile, data) == project / folder


def test_a_workspace_holds_the_chosen_data_set_and_the_profiles(project: Path) -> None:
    params = read_params(open_workspace(project, "quick", "digits") / "params.yaml")
    assert (params.dataset.key, params.dataset.name) == ("digits", "Digits")
    assert (params.report.data, params.report.profile, params.baseline.epochs) == ("digits", "quick", 1)
    params = read_params(open_workspace(project, None, "digits") / "params.yaml")
    assert (params.dataset.key, params.report.profile, params.baseline.epochs) == ("digits", None, 10)
    assert params.report.data == "digits"
    assert open_workspace(project, None, "fashion-mnist") == project


def test_two_choices_of_one_folder_are_refused(project: Path) -> None:
    shutil.copy(project / "profiles/quick.yaml", project / "profiles/digits.yaml")
    for profile, data in ((None, "digits"), ("digits", None)):
        with pytest.raises(ParamsError) as caught:
            workspace_folder(project, profile, data)
        assert str(caught.value) == (
            ".workspaces/digits would be the workspace of data set digits and of profile digits. Rename "
            "the file of one of them in datasets/ or profiles/."
        )
    describe(project, "digits-quick")
    with pytest.raises(ParamsError, match="data set digits with profile quick and of data set digits-q"):
        workspace_folder(project, None, "digits-quick")
    with pytest.raises(ParamsError, match="would be the workspace of"):
        workspace_folder(project, "quick", "digits")


def test_a_profile_that_is_for_one_data_set_goes_with_no_other(project: Path) -> None:
    for data in ("digits", "fashion-mnist"):
        with pytest.raises(ParamsError) as caught:
            open_workspace(project, ["quick", "synthetic"], data)
        assert str(caught.value) == (
            f"profile 'synthetic' is for the data set 'synthetic', and {data!r} was chosen. Leave one of "
            "them out, or copy profiles/synthetic.yaml without its line `dataset`."
        )
    folder = open_workspace(project, "synthetic", "synthetic")
    assert read_params(folder / "params.yaml").dataset.synthetic


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("../digits", "it is a path"),
        ("/etc/passwd", "it is a path"),
        (".hidden", "it begins with a dot"),
        ("", "it is empty"),
        ("digits ", "it begins or ends with a space"),
        ("a\nb", "it has a character that cannot be shown"),
    ],
)
def test_what_is_no_name_of_a_data_set_is_refused_and_makes_no_folder(
    project: Path, name: str, wrong: str
) -> None:
    before = sorted(project.parent.rglob("*"))
    for act in (chosen_dataset, lambda *given: open_workspace(given[0], None, given[1])):
        with pytest.raises(ParamsError) as caught:
            act(project, name)
        assert str(caught.value) == (
            f"{name!r} is not the name of a data set: {wrong}. A data set is a file datasets/NAME.yaml, "
            "and NAME alone is given."
        )
    assert sorted(project.parent.rglob("*")) == before


def test_an_unknown_data_set_is_refused_with_those_that_are_known(project: Path) -> None:
    with pytest.raises(ParamsError, match=r"'digit'\. Did you mean digits\? Known here: digits, fash"):
        open_workspace(project, None, "digit")
    with pytest.raises(ParamsError, match="too long for a data set with its profiles"):
        workspace_folder(project, "quick", "n" * 199)
    assert not (project / ".workspaces").exists()


def test_a_run_from_before_releases_is_one_of_the_projects_own_data_set(project: Path) -> None:
    write_json(project / catalog.BEFORE_RELEASES, {"of": "fashion-mnist"})
    assert read_json(open_workspace(project, None, "digits") / catalog.BEFORE_RELEASES) is None
    workspace = open_workspace(project, "quick")
    assert read_json(workspace / catalog.BEFORE_RELEASES) == {"of": "fashion-mnist"}
    ws = make_workspace(project / "ws", project, *profile_overlays(project, "synthetic"))
    assert read_json(ws / catalog.BEFORE_RELEASES) is None


def test_a_workspace_reads_the_releases_of_its_project(project: Path) -> None:
    folder = open_workspace(project, None, "digits")
    assert (folder / catalog.RELEASES).readlink() == Path("../../releases")
    assert read_record(folder / catalog.IN_SERVICE, Pointers) == no_pointers()
    write_text(project / catalog.RELEASES_LOG, "{}")
    assert (open_workspace(project, None, "digits") / catalog.RELEASES_LOG).read_text() == "{}"
    with pytest.raises(ParamsError, match=r"is a workspace, which reads the releases.*Run this in"):
        require_project(folder, catalog.RELEASES, "releases")
