from pathlib import Path
from typing import Any

import numpy as np
import pytest

from litesmith.data.intake import Decoder, take_in
from litesmith.data.rows import read_rows
from litesmith.data.splits import read_split, sha256
from litesmith.errors import DataError
from litesmith.files import read_json
from litesmith.params.sections.dataset import KeyedDivision
from litesmith.records.form import DataForm
from litesmith.records.record import read_record
from tasks import catalog
from tasks.steps.prepare import Ins, Outs, prepare
from tests.batch_sets import SIDE, form, shares, write_arrays, write_pictures

SPLITS = {
    "train": catalog.TRAIN,
    "validation": catalog.VALIDATION,
    "gate": catalog.GATE,
    "test": catalog.TEST,
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Enter a workspace with a base of pictures and a batch, all of them accepted."""
    monkeypatch.chdir(tmp_path)
    write_pictures(catalog.RAW, 40, 1)
    write_arrays(catalog.INCOMING / "a.npz", 60, 2)
    read_in()
    return tmp_path


def read_in() -> None:
    take_in(catalog.RAW, catalog.INCOMING, catalog.INTAKE, form(), Decoder(Path("cache"), form(), 1))
    accept(len(read_rows(catalog.INTAKE / "rows.csv")))


def accept(num_rows: int, *left_out: int) -> None:
    """Write verdicts that accept all rows but some."""
    lines = ["0,why" if row in left_out else "1," for row in range(num_rows)]
    catalog.VERDICTS.write_text("\n".join(["accepted,reason", *lines]) + "\n")


def run(**values: Any) -> dict[str, list[int]]:
    """Run the step and return the rows of each split."""
    own = {"shares": shares(), "min_per_class": 1, "split_seed": 3, "key": "bugs"}
    dataset = KeyedDivision(**{**own, **values})
    prepare.function(ins=Ins(), outs=Outs(), dataset=dataset)
    return {name: read_split(folder).ids.tolist() for name, folder in SPLITS.items()}


def test_every_accepted_image_lies_in_exactly_one_split(here: Path) -> None:
    accept(180, 5, 170)
    ids = run()
    assert sorted(row for rows in ids.values() for row in rows) == [
        row for row in range(180) if row not in (5, 170)
    ]
    images, rows = np.load(catalog.INTAKE / "images.npy"), read_rows(catalog.INTAKE / "rows.csv")
    for folder in SPLITS.values():
        split = read_split(folder)
        assert split.images.shape[1:] == (SIDE, SIDE, 1)
        np.testing.assert_array_equal(split.images, images[split.ids])
        assert split.labels.tolist() == [rows[row].label for row in split.ids]
        assert split.labels.dtype == np.uint8
    assert read_record(catalog.FORM, DataForm) == read_record(catalog.INTAKE / "form.json", DataForm)


def test_results_tell_sizes_classes_and_hashes(here: Path) -> None:
    ids = run()
    results = read_json(Outs().results)["splits"]
    assert list(results) == list(SPLITS)
    gate = read_split(catalog.GATE)
    assert results["gate"] == {
        "num_images": len(ids["gate"]),
        "per_class": np.bincount(gate.labels, minlength=3).tolist(),
        "sha256": sha256(gate),
    }
    assert read_json(Outs().metrics)["validation"] == {"num_images": len(ids["validation"])}


def test_growth_moves_no_image_and_the_seed_of_the_data_set_decides(here: Path) -> None:
    before = run()
    write_arrays(catalog.INCOMING / "b.npz", 100, 5)
    read_in()
    after = run()
    for name, rows in before.items():
        assert [row for row in after[name] if row < 180] == rows
    assert run(split_seed=4) != after


def test_a_given_test_set_stays_the_only_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_pictures(catalog.RAW / "train", 30, 1)
    write_pictures(catalog.RAW / "test", 5, 2)
    write_arrays(catalog.INCOMING / "a.npz", 60, 2)
    read_in()
    rows = read_rows(catalog.INTAKE / "rows.csv")
    assert run()["test"] == [number for number, row in enumerate(rows) if row.given == "test"]


def test_a_label_that_is_no_class_is_in_no_split(here: Path) -> None:
    write_pictures(catalog.INCOMING / "b", 10, 6, ("wasp",))
    read_in()
    assert max(row for rows in run().values() for row in rows) < 180


def test_too_few_images_of_a_class_are_refused(here: Path) -> None:
    with pytest.raises(DataError, match=r"3 of 3 classes .* \(min_per_class of datasets/bugs\.yaml\)"):
        run(min_per_class=20)
    assert not catalog.TRAIN.exists()


def test_verdicts_of_other_images_are_refused(here: Path) -> None:
    accept(179)
    with pytest.raises(DataError, match=r"verdicts\.csv has 179 rows, expected 180\. Run validate"):
        run()
    catalog.VERDICTS.write_text("accepted\n1\n")
    with pytest.raises(DataError, match="has not the columns accepted, reason alone"):
        run()
