import gzip
import json
import os
from pathlib import Path

import numpy as np
import pytest

from litesmith.data.formats.idx import read_images, read_labels
from litesmith.errors import DataError, RefusedError
from litesmith.files import read_json
from litesmith.params.loading import read_params
from tasks import catalog
from tasks.steps.validate import Ins, Outs, validate
from tests.conftest import ROLES, SmallSet, write_idx

pytestmark = pytest.mark.slow
PAGE = catalog.REFUSALS / "validate.html"


@pytest.fixture
def here(small_set: SmallSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ins:
    """Make a workspace whose raw files are the small set, and enter it."""
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    small_set.folder.rename("data/raw")
    return Ins()


def run(small_set: SmallSet) -> None:
    validate.function(ins=Ins(), outs=Outs(), **validate.arguments(small_set.params))


def test_a_sound_set_passes_and_an_old_refusal_goes(small_set: SmallSet, here: Ins) -> None:
    PAGE.parent.mkdir(parents=True)
    PAGE.write_text("old")
    run(small_set)
    assert not PAGE.exists()
    results, metrics = read_json(Outs().results), read_json(Outs().metrics)
    assert results["passed"] is True
    assert metrics["train"]["num_images"] == results["files"]["train"]["num_images"] == 100
    assert "[" not in json.dumps(metrics)
    shown = results["thumbnails"]
    assert tuple(picture["name"] for picture in shown["classes"]) == small_set.params.dataset.classes
    assert len(shown["suspicious"]) == small_set.params.validate_.max_thumbnails


def test_results_are_the_same_each_time(small_set: SmallSet, here: Ins) -> None:
    run(small_set)
    first = Outs().results.read_bytes(), Outs().metrics.read_bytes()
    run(small_set)
    assert (Outs().results.read_bytes(), Outs().metrics.read_bytes()) == first


def refused(small_set: SmallSet, error: type[Exception] = RefusedError) -> tuple[str, str]:
    """Run, and return the error's text and the page's."""
    with pytest.raises(error) as caught:
        run(small_set)
    assert type(caught.value) is error
    assert not Outs().results.exists()
    assert not Outs().metrics.exists()
    assert f"See {PAGE.resolve()}." in str(caught.value)
    return str(caught.value), PAGE.read_text()


def test_label_ten_is_refused_by_rule_and_index(small_set: SmallSet, here: Ins) -> None:
    labels = read_labels(here.train_labels).copy()
    labels[42] = 10
    write_idx(here.train_labels, labels)
    text, page = refused(small_set)
    assert (
        "Fashion-MNIST was refused.\n"
        "label_range: expected labels from 0 to 9; got train 42 (label: 10)\n" in text
    )
    assert "train 42 (label: 10)" in page
    assert page.count('<img src="data:image/png') == 1


def test_duplicates_and_empty_images_are_shown(small_set: SmallSet, here: Ins) -> None:
    images = read_images(here.train_images).copy()
    images[7] = images[3]
    images[11] = 0
    write_idx(here.train_images, images)
    text, page = refused(small_set)
    assert "exact_duplicates: " in text
    assert "train 7 (copy of: train 3)" in text
    assert "constant_images: expected two different pixels at least; got train 11 (contrast: 0)" in text
    assert page.count("<img") == 2


def test_train_and_test_exchanged_have_the_wrong_numbers(small_set: SmallSet, here: Ins) -> None:
    for train, test in ((here.train_images, here.test_images), (here.train_labels, here.test_labels)):
        content = train.read_bytes()
        train.write_bytes(test.read_bytes())
        test.write_bytes(content)
    text, _ = refused(small_set)
    assert "header_shape: expected 100 x 28 x 28, 100, 50 x 28 x 28, 50" in text
    assert "train images (shape: 50 x 28 x 28)" in text


def test_swapped_images_and_labels(small_set: SmallSet, here: Ins) -> None:
    content = here.test_images.read_bytes()
    here.test_images.write_bytes(here.test_labels.read_bytes())
    here.test_labels.write_bytes(content)
    text, page = refused(small_set, DataError)
    assert text.count("look swapped") == page.count("look swapped") == 2
    assert "data/raw/t10k-images-idx3-ubyte.gz: wrong magic number" in text


def test_wrong_magic(small_set: SmallSet, here: Ins) -> None:
    here.train_images.write_bytes(gzip.compress(b"BM\x00\x00" + bytes(100)))
    text, page = refused(small_set, DataError)
    expected = "data/raw/train-images-idx3-ubyte.gz: wrong magic number, expected 0x00000803"
    assert expected in text
    assert "got 0x424d0000. Fetch the file again" in text
    assert expected in page


def test_truncated_gzip(small_set: SmallSet, here: Ins) -> None:
    here.train_labels.write_bytes(here.train_labels.read_bytes()[:60])
    text, page = refused(small_set, DataError)
    expected = "data/raw/train-labels-idx1-ubyte.gz is truncated: its gzip stream breaks off."
    assert expected in text
    assert expected in page


def test_missing_file(small_set: SmallSet, here: Ins) -> None:
    here.test_labels.unlink()
    text, _ = refused(small_set, DataError)
    assert "data/raw/t10k-labels-idx1-ubyte.gz is missing. Fetch the file again" in text


def test_a_warning_does_not_block(
    small_set: SmallSet, here: Ins, caplog: pytest.LogCaptureFixture
) -> None:
    images = read_images(here.test_images)
    write_idx(here.test_images, (images * np.float32(0.75)).astype(np.uint8))
    small_set.overlay["validate"]["max_mean_shift"] = 0.01
    small_set.overlay["validate"]["mean_range"] = [0.1, 0.5]
    small_set.overlay["validate"]["std_range"] = [0.1, 0.5]
    run(small_set)
    assert "intensity_shift failed (warning)" in caplog.text
    assert read_json(Outs().metrics)["rules"] == {"passed": 10, "failed": 1}


PROJECT = Path(__file__).parents[3]
MIRROR = Path(os.environ.get("LITESMITH_MIRROR") or PROJECT.parent / "shared/fashion-mnist")


@pytest.mark.skipif(
    not MIRROR.is_dir(), reason="needs Fashion-MNIST: name its folder in LITESMITH_MIRROR"
)
def test_the_real_set_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    params = read_params(PROJECT / "params.yaml")
    names = {role: MIRROR / getattr(params.fetch.files, role).name for role in ROLES}
    validate.function(ins=Ins(**names), outs=Outs(), **validate.arguments(params))
    results = read_json(Outs().results)
    assert [rule["name"] for rule in results["rules"] if not rule["success"]] == []
    train, test = results["files"]["train"], results["files"]["test"]
    assert (train["per_class"], test["per_class"]) == ([6000] * 10, [1000] * 10)
    assert (train["duplicates"], test["duplicates"], results["overlap"]) == (0, 0, 0)
    assert (round(train["mean"], 4), round(train["std"], 4)) == (0.2860, 0.3530)
