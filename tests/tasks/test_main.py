from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tasks.__main__ import main
from tasks.pipeline import PIPELINE

PROJECT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)


def test_list_prints_each_step_with_its_files(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    blocks = capsys.readouterr().out.split("\n\n")
    by_step = {block.partition(":")[0]: block for block in blocks}
    assert list(by_step) == [one.name for one in PIPELINE]
    assert "  makes  models/pruned.h5" in by_step["prune"]
    assert "  reads  data/prepared/test" in by_step["evaluate"]


def test_an_unknown_step_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["run", "prun"])
    assert stopped.value.code == 2
    assert "prun" in capsys.readouterr().err


def test_a_picture_for_a_model_that_is_not_there_is_told_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(np.full((40, 40), 255, np.uint8)).save(tmp_path / "shoe.png")
    assert main(["predict", str(tmp_path / "none.tflite"), str(tmp_path / "shoe.png")]) == 1
    told = capsys.readouterr().err
    assert told.startswith("error: ")
    assert "none.tflite" in told
    assert "Traceback" not in told
