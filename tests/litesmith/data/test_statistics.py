from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from litesmith.data.statistics import (
    Finding,
    LabelledImages,
    Offender,
    classes_table,
    describe_files,
    files_table,
    images_table,
    read_raw,
    sets_table,
)
from litesmith.errors import DataError
from litesmith.records.validate import RawFiles
from tests.conftest import write_idx


def random_images(num: int, seed: int) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (num, 4, 5), dtype=np.uint8)


@pytest.fixture
def raw() -> dict[str, LabelledImages]:
    train, test = random_images(6, 1), random_images(4, 2)
    return {
        "train": LabelledImages(train, np.array([0, 1, 2, 0, 1, 2], np.uint8)),
        "test": LabelledImages(test, np.array([0, 1, 2, 2], np.uint8)),
    }


def test_files_are_described_with_what_is_expected(raw: dict[str, LabelledImages]) -> None:
    table = files_table(raw, height=4, width=6)
    assert table["file"].tolist() == ["train images", "train labels", "test images", "test labels"]
    assert table["shape"].tolist() == ["6 x 4 x 5", "6", "4 x 4 x 5", "4"]
    assert table["expected_shape"].tolist() == ["6 x 4 x 6", "6", "4 x 4 x 6", "4"]
    assert set(table["dtype"]) == {"uint8"}


def test_every_image_has_its_statistics(raw: dict[str, LabelledImages]) -> None:
    images = raw["test"].images
    images[1] = 7
    images[2] = 0
    images[2, 0, 0] = 200
    table = images_table(raw)
    assert table["file"].tolist() == ["train"] * 6 + ["test"] * 4
    assert table["index"].tolist() == [0, 1, 2, 3, 4, 5, 0, 1, 2, 3]
    assert table["label"].tolist() == [0, 1, 2, 0, 1, 2, 0, 1, 2, 2]
    assert table["contrast"].tolist()[7:9] == [0, 200]
    assert table["ink_share"].tolist()[7:9] == [1.0, 0.05]
    assert table["mean"].tolist()[7] == pytest.approx(7 / 255)


def test_copies_name_the_first_of_their_file(raw: dict[str, LabelledImages]) -> None:
    train = raw["train"].images
    train[3] = train[5] = train[1]
    table = images_table(raw)
    assert table["copy_of"].tolist() == ["", "", "", "train 1", "", "train 1", "", "", "", ""]
    assert (table["overlap_with"] == "").all()


def test_overlap_names_the_train_image_and_is_no_copy(raw: dict[str, LabelledImages]) -> None:
    raw["train"].images[4] = raw["train"].images[2]
    raw["test"].images[3] = raw["train"].images[2]
    table = images_table(raw)
    assert table["overlap_with"].tolist()[-4:] == ["", "", "", "train 2"]
    assert table["copy_of"].tolist()[-4:] == [""] * 4
    assert (table["overlap_with"] != "").sum() == 1


def test_copies_and_overlaps_are_those_that_a_search_of_all_pairs_finds() -> None:
    rng = np.random.default_rng(3)
    raw = {
        name: LabelledImages(rng.integers(0, 2, (num, 2, 2), np.uint8), np.zeros(num, np.uint8))
        for name, num in (("train", 12), ("test", 9))
    }
    table = images_table(raw)
    copies, overlaps = table["copy_of"].tolist(), table["overlap_with"].tolist()
    for name, pair in raw.items():
        for row, image in enumerate(pair.images):
            same = [other for other in range(row + 1) if np.array_equal(image, pair.images[other])]
            assert copies.pop(0) == (f"{name} {same[0]}" if same[0] < row else "")
            train = [other for other in range(12) if np.array_equal(image, raw["train"].images[other])]
            assert overlaps.pop(0) == (f"train {train[0]}" if name == "test" and train else "")
    assert copies == overlaps == []
    assert 0 < (table["overlap_with"] != "").sum() < 9


def test_classes_are_counted_and_foreign_labels_left_out(raw: dict[str, LabelledImages]) -> None:
    raw["test"].labels[0] = 9
    table = classes_table(raw, num_classes=4)
    assert table["num_images"].tolist() == [2, 2, 2, 0, 0, 1, 2, 0]
    assert table["share"].tolist()[:4] == [1 / 3, 1 / 3, 1 / 3, 0]


def test_brightness_is_that_of_all_pixels(raw: dict[str, LabelledImages]) -> None:
    table = sets_table(raw)
    assert table["mean"].tolist() == [pytest.approx(pair.images.mean() / 255) for pair in raw.values()]
    assert table["std"].tolist() == [pytest.approx(pair.images.std() / 255) for pair in raw.values()]
    assert table["mean_shift"].tolist() == [0, pytest.approx(abs(table["mean"][1] - table["mean"][0]))]


def test_summary_of_files(raw: dict[str, LabelledImages]) -> None:
    raw["test"].images[0] = 0
    raw["train"].images[3] = raw["train"].images[1]
    tables = images_table(raw), classes_table(raw, 3), sets_table(raw)
    described = describe_files(*tables, min_ink_share=0.1)
    assert list(described) == ["train", "test"]
    assert described["train"] == RawFiles(
        num_images=6,
        mean=described["train"].mean,
        std=described["train"].std,
        per_class=(2, 2, 2),
        near_empty=0,
        duplicates=1,
    )
    pixels = raw["train"].images / 255
    assert described["train"].mean == pytest.approx(pixels.mean())
    assert described["train"].std == pytest.approx(pixels.std())
    assert (described["test"].near_empty, described["test"].duplicates) == (1, 0)


def test_all_unreadable_files_are_named_at_once(raw: dict[str, LabelledImages], tmp_path: Path) -> None:
    images, labels = tmp_path / "images.gz", tmp_path / "labels.gz"
    write_idx(images, raw["train"].images)
    write_idx(labels, raw["train"].labels)
    pair = read_raw({"train": (images, labels)})["train"]
    np.testing.assert_array_equal(pair.labels, raw["train"].labels)
    with pytest.raises(DataError) as caught:
        read_raw({"train": (labels, images), "test": (images, tmp_path / "none.gz")})
    lines = str(caught.value).splitlines()
    assert ["look swapped" in line for line in lines] == [True, True, False]
    assert "none.gz is missing" in lines[2]


def test_a_finding_blocks_only_if_critical_and_failed() -> None:
    def finding(severity: str, success: bool) -> Finding:
        return Finding(
            name="rule",
            severity=severity,
            table="images",
            success=success,
            expected="this",
            observed="that",
            num_unexpected=0,
            offenders=(),
            rows=(),
        )

    assert finding("critical", False).blocks
    assert not finding("critical", True).blocks
    assert not finding("warning", False).blocks
    assert str(finding("warning", False)) == "rule failed (warning): expected this; observed that"
    assert str(finding("critical", True)) == "rule passed: expected this; observed that"


def test_an_offender_names_file_and_index() -> None:
    assert str(Offender("train", 5, "label: 10")) == "train 5 (label: 10)"
    assert str(Offender("test labels", None, "shape: 4")) == "test labels (shape: 4)"
