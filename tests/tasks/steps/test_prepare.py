from pathlib import Path

import numpy as np
import pytest

from litesmith.data.formats.idx import read_images, read_labels
from litesmith.data.sources import idx_pairs
from litesmith.data.splits import read_split, sha256
from litesmith.errors import DataError, ParamsError
from litesmith.files import read_json
from tasks import catalog
from tasks.steps.prepare import Ins, Outs, prepare
from tests.conftest import SmallSet, write_idx


@pytest.fixture
def here(small_set: SmallSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ins:
    """Make a workspace whose raw files are the small set, and enter it."""
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    small_set.folder.rename("data/raw")
    return Ins()


def run(small_set: SmallSet, outs: Outs | None = None) -> None:
    prepare.function(ins=Ins(), outs=outs or Outs(), **prepare.arguments(small_set.params))


def test_every_image_lies_in_exactly_one_split(small_set: SmallSet, here: Ins) -> None:
    run(small_set)
    splits = {
        name: read_split(Path("data/prepared") / name)
        for name in ("train", "validation", "gate", "test")
    }
    assert {name: len(split.labels) for name, split in splits.items()} == {
        "train": 60,
        "validation": 20,
        "gate": 20,
        "test": 50,
    }
    ids = np.concatenate([splits[name].ids for name in ("train", "validation", "gate")])
    assert sorted(ids.tolist()) == list(range(100))
    images_file, labels_file = idx_pairs(here.raw)["train"]
    images, labels = read_images(images_file), read_labels(labels_file)
    for name in ("train", "validation", "gate"):
        np.testing.assert_array_equal(splits[name].images[..., 0], images[splits[name].ids])
        np.testing.assert_array_equal(splits[name].labels, labels[splits[name].ids])
    test_images = read_images(idx_pairs(here.raw)["test"][0])
    np.testing.assert_array_equal(splits["test"].images, test_images[..., None])


def test_results_tell_sizes_classes_and_hashes(small_set: SmallSet, here: Ins) -> None:
    run(small_set)
    results = read_json(Outs().results)["splits"]
    assert list(results) == ["train", "validation", "gate", "test"]
    assert results["gate"] == {
        "num_images": 20,
        "per_class": [2] * 10,
        "sha256": sha256(read_split(catalog.GATE)),
    }
    assert read_json(Outs().metrics)["validation"] == {"num_images": 20}


def test_seed_decides_and_bytes_repeat(small_set: SmallSet, here: Ins) -> None:
    def hashes() -> dict[str, str]:
        run(small_set)
        return {name: split["sha256"] for name, split in read_json(Outs().results)["splits"].items()}

    first, again = hashes(), hashes()
    small_set.overlay["seed"] = 1
    other = hashes()
    assert first == again
    assert [first[name] == other[name] for name in first] == [False, False, False, True]


def test_splits_larger_than_the_data_are_refused(small_set: SmallSet, here: Ins) -> None:
    small_set.overlay["prepare"]["num_gate"] = 80
    with pytest.raises(ParamsError, match="cannot choose 80 of 80 rows"):
        run(small_set)


def test_labels_that_do_not_fit_the_images_are_refused(small_set: SmallSet, here: Ins) -> None:
    _, labels = idx_pairs(here.raw)["train"]
    write_idx(labels, read_labels(labels)[:90])
    with pytest.raises(
        DataError, match=r"train-images-idx3-ubyte\.gz holds 100 images and .* 90 labels"
    ):
        run(small_set)
    assert not catalog.TRAIN.exists()


def test_validation_must_have_passed() -> None:
    assert catalog.results("validate") in [port.path for port in prepare.ins]
