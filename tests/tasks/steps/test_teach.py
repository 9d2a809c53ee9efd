from pathlib import Path
from typing import Any

import pytest

from litesmith.files import read_json
from litesmith.params.sections.recipe import Distillation
from litesmith.records.form import DataForm
from litesmith.records.record import read_record, write_record
from litesmith.records.teach import TeachResult
from litesmith.training.backend import load_h5
from litesmith.training.distillation import read_targets
from tasks.steps.teach import Ins, Outs, teach
from tests.tasks.steps.training_workspace import HISTORY_COLUMNS, in_small_workspace, read_columns

pytestmark = pytest.mark.slow

DISTILLATION = Distillation(weight=0.9, temperature=2.0)


def run(folder: Path, patch: pytest.MonkeyPatch, num_teachers: int, *, mirror_safe: bool = True) -> Any:
    params = in_small_workspace(folder, patch)
    form = read_record(Ins.form, DataForm)
    write_record(Ins.form, form.model_copy(update={"mirror_safe": mirror_safe}))
    work = folder / "work"
    work.mkdir(exist_ok=True)
    arguments = teach.arguments(params)
    arguments["params"] = arguments["params"].model_copy(update={"num_teachers": num_teachers})
    teach.function(ins=Ins(), outs=Outs(), work=work, **arguments)
    return params


def test_teachers_are_trained_and_scored_and_predict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = run(tmp_path, monkeypatch, 2)
    results = read_json(Outs.results)
    assert list(results["validation"]) == ["teacher1", "teacher2", "ensemble"]
    assert results["validation"]["teacher1"] != results["validation"]["teacher2"]
    assert [load_h5(path).name for path in sorted(Outs.teachers.iterdir())] == ["teacher1", "teacher2"]
    assert read_columns(Outs.history) == HISTORY_COLUMNS
    targets = read_targets(Outs.targets, DISTILLATION)
    assert targets is not None
    assert targets.answers.shape == (2, 150, 3)
    assert targets.augmentation.erase_share == params.teach.recipe.augmentation.erase_share


def test_teachers_flip_no_image_whose_mirror_image_may_be_of_another_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = run(tmp_path, monkeypatch, 1, mirror_safe=False)
    targets, result = read_targets(Outs.targets, DISTILLATION), read_record(Outs.results, TeachResult)
    assert params.teach.recipe.augmentation.flip
    assert targets is not None and not targets.augmentation.flip
    assert not result.recipe.augmentation.flip
    assert result.validation["ensemble"].loss == pytest.approx(
        result.validation["teacher1"].loss, abs=1e-6
    )


def test_no_teacher_leaves_empty_targets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path, monkeypatch, 0)
    assert read_targets(Outs.targets, DISTILLATION) is None
    assert list(Outs.teachers.iterdir()) == []
    assert Outs.history.read_text() == ",".join(HISTORY_COLUMNS) + "\n"
    assert read_json(Outs.metrics) == {"num_teachers": 0, "validation": {}}
