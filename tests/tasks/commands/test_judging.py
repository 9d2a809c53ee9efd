import json
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from litesmith.errors import ContractError, DataError, ParamsError
from litesmith.files import read_yaml, write_json, write_text, yaml_text
from litesmith.judging.decide import decide
from litesmith.judging.regressions import read_regressions
from litesmith.params.loading import read_dataset
from litesmith.records.record import write_record
from tasks import catalog
from tasks.__main__ import main
from tasks.commands.judging import add_picture, replay_decision
from tasks.dag.lock import changing_regressions
from tasks.profiles import profile_overlays
from tasks.workspace import make_workspace
from tests.litesmith.judging.cases import subject, thresholds

ROOT = Path(__file__).parents[3]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project as a fresh clone has it, with another data set."""
    folder = tmp_path / "project"
    folder.mkdir()
    for name in ("params.yaml", "versions.yaml", "dvc.yaml", ".dvcignore"):
        shutil.copy(ROOT / name, folder)
    for name in ("devices", "datasets", "profiles"):
        shutil.copytree(ROOT / name, folder / name)
    content = read_yaml(ROOT / "datasets/fashion-mnist.yaml")
    own = {
        "name": "Bugs",
        "classes": ["ant", "bee"],
        "height": 6,
        "width": 6,
        "base": None,
        "sweep": None,
    }
    write_text(folder / "datasets/bugs.yaml", yaml_text({**content, **own}))
    monkeypatch.chdir(folder)
    return folder


def picture(folder: Path, level: int) -> Path:
    path = folder / f"{level}.png"
    Image.fromarray(np.arange(36, dtype=np.uint8).reshape(6, 6) + np.uint8(level)).save(path)
    return path


def test_a_decision_is_replayed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "decision.json"
    write_record(path, decide(subject(60, 10), thresholds()))
    assert main(["judge", "--replay", str(path)]) == 0
    first, *reasons = capsys.readouterr().out.splitlines()
    assert first.startswith("the same: promote. Promote new-int8: it is better than v-1")
    assert len(reasons) == 9
    assert reasons[0] == "  data, passed: The data passed their validation."


def test_an_edited_decision_is_told(tmp_path: Path) -> None:
    path = tmp_path / "decision.json"
    write_record(path, decide(subject(20, 20), thresholds()))
    content = json.loads(path.read_text())
    content["thresholds"]["comparison"]["accept_no_worse"] = True
    write_json(path, content)
    with pytest.raises(
        ContractError, match=r"outcome, merit, headline, reasons are another\. It says undecided: "
    ):
        replay_decision(path)


def test_what_is_no_decision_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        replay_decision(tmp_path / "none.json")
    write_json(tmp_path / "other.json", {"outcome": "promote"})
    with pytest.raises(DataError, match="is not a Decision"):
        replay_decision(tmp_path / "other.json")


def test_a_picture_is_kept_for_its_data_set(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["regress", "add", str(picture(tmp_path, 40)), "bee", "--data", "bugs"]) == 0
    assert "Commit data/regressions/bugs; the next run judges by it." in capsys.readouterr().out
    assert read_regressions(
        project / catalog.REGRESSIONS / "bugs", read_dataset("bugs", project), ("ant", "bee")
    ).labels.tolist() == [1]
    with pytest.raises(ParamsError, match=r"'wasp' is not a class.*ant, bee"):
        add_picture(project, picture(tmp_path, 41), "wasp", "bugs")
    assert main(["regress", "add", str(picture(tmp_path, 42)), "Bag"]) == 0
    assert (project / catalog.REGRESSIONS / "fashion-mnist/metadata.csv").is_file()


def test_a_workspace_reads_the_projects_set_and_adds_none(project: Path, tmp_path: Path) -> None:
    add_picture(project, picture(tmp_path, 40), "bee", "bugs")
    folder = make_workspace(tmp_path / "workspace", project, *profile_overlays(project, None, "bugs"))
    assert (folder / catalog.REGRESSIONS / "bugs/metadata.csv").is_file()
    assert (folder / catalog.REGRESSIONS).is_symlink()
    with pytest.raises(ParamsError, match="is a workspace"):
        add_picture(folder, picture(tmp_path, 41), "bee")


def test_additions_at_once_wait_for_each_other(project: Path, tmp_path: Path) -> None:
    paths = [picture(tmp_path, level) for level in range(4)]
    with changing_regressions(project):
        adding = [
            threading.Thread(target=add_picture, args=(project, path, "ant", "bugs")) for path in paths
        ]
        for thread in adding:
            thread.start()
        adding[0].join(0.3)
        assert not (project / catalog.REGRESSIONS).exists()
    for thread in adding:
        thread.join()
    table = (project / catalog.REGRESSIONS / "bugs/metadata.csv").read_text()
    assert len(table.splitlines()) == 5
