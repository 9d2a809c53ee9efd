from pathlib import Path

import pytest

from litesmith.errors import ParamsError
from litesmith.params.everything import Params
from litesmith.params.loading import read_params
from litesmith.records.form import DataForm
from litesmith.records.prepare import PrepareResult, SplitSummary
from litesmith.records.record import write_record
from tasks import catalog
from tasks.fitting import require_fitting

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def params() -> Params:
    return read_params(PROJECT / "params.yaml")


def prepare(root: Path, num_train: int, side: int, num_classes: int) -> None:
    """Write what the step ``prepare`` leaves of images of a size and number."""
    split = SplitSummary(num_images=num_train, per_class=(num_train,), sha256="0")
    write_record(root / catalog.results("prepare"), PrepareResult(splits={"train": split}))
    form = DataForm(
        class_names=tuple(map(str, range(num_classes))),
        height=side,
        width=2 * side,
        channels=1,
        fit="pad",
        ground="dark",
        mirror_safe=False,
    )
    write_record(root / catalog.FORM, form)


def test_parameters_of_the_project_fit_its_images(params: Params, tmp_path: Path) -> None:
    require_fitting(params, tmp_path)
    prepare(tmp_path, 50_000, 28, 10)
    require_fitting(params, tmp_path)


def test_all_that_does_not_fit_is_named_at_once(params: Params, tmp_path: Path) -> None:
    prepare(tmp_path, 60, 4, 120)
    teach = params.teach.replace(num_teachers=1)
    with pytest.raises(ParamsError) as caught:
        require_fitting(params.replace(teach=teach), tmp_path)
    first, *lines = str(caught.value).splitlines()
    assert first == "params.yaml does not fit the images of Fashion-MNIST:"
    assert "prune.recipe.batch_size is 128, and there are 60 training images: 60 at most." in lines
    assert "quantize.recipe.batch_size is 128, and there are 60 training images: 60 at most." in lines
    assert "convert.num_golden is 100, and there are 120 classes: one image of each." in lines
    assert (
        "teach.network.stage_widths asks for 2 stages, each of which halves the images, and their shorter "
        "side has 4 pixels: 1 at most." in lines
    )
    assert len(lines) >= 5
