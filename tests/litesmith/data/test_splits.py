import re
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from litesmith.data.splits import (
    Split,
    describe_splits,
    read_split,
    sample_rows,
    sha256,
    write_split,
)
from litesmith.errors import DataError, ParamsError
from litesmith.records.prepare import PrepareResult, SplitSummary

LABELS = np.random.default_rng(0).permutation(np.repeat(np.arange(10), 30)).astype(np.uint8)
IMAGES = np.random.default_rng(1).integers(0, 256, (300, 4, 4, 1), dtype=np.uint8)


@pytest.mark.parametrize("shape", [(300, 4, 4), (300, 4, 4, 2)])
def test_images_without_an_axis_for_their_channels_are_refused(
    tmp_path: Path, shape: tuple[int, ...]
) -> None:
    write_split(tmp_path, Split(np.zeros(shape, np.uint8), LABELS, np.arange(300)))
    reason = (
        rf"holds images of shape {re.escape(str(shape))}, expected \(n, height, width, channels\) of 1"
    )
    with pytest.raises(DataError, match=reason):
        read_split(tmp_path)


def of_rows(rows: NDArray[np.int64]) -> Split:
    return Split(IMAGES[rows], LABELS[rows], rows)


def test_more_rows_than_there_are_are_refused() -> None:
    with pytest.raises(ParamsError, match=r"cannot choose 301 of 300 rows\. Ask for fewer rows"):
        sample_rows(LABELS, 301, seed=1)


@pytest.mark.parametrize("num_rows", [1, 5, 295, 299])
def test_where_not_every_class_can_be_on_both_sides_classes_differ_by_a_row(num_rows: int) -> None:
    rows = sample_rows(LABELS, num_rows, seed=1)
    assert len(set(rows.tolist())) == num_rows
    assert np.ptp(np.bincount(LABELS[rows], minlength=10)) <= 1
    assert rows.tolist() == sorted(rows.tolist()) == sample_rows(LABELS, num_rows, seed=1).tolist()
    assert rows.tolist() != sample_rows(LABELS, num_rows, seed=2).tolist()


def test_a_class_of_one_row_is_sampled_as_others_are() -> None:
    labels = np.array([0] * 60 + [1] * 39 + [255], np.uint8)
    chosen = np.stack([np.isin(np.arange(100), sample_rows(labels, 50, seed)) for seed in range(40)])
    assert np.all(chosen.sum(axis=1) == 50)
    assert 5 < chosen[:, 99].sum() < 35
    assert np.all(np.abs(chosen[:, :60].sum(axis=1) - 30) <= 1)


def test_sampled_rows_keep_the_classes_even() -> None:
    rows = sample_rows(LABELS, 100, seed=5)
    assert rows.dtype == np.int64
    assert np.bincount(LABELS[rows]).tolist() == [10] * 10
    assert len(set(rows.tolist())) == 100


def test_all_rows_can_be_sampled() -> None:
    np.testing.assert_array_equal(sample_rows(LABELS, 300, seed=5), np.arange(300))


def test_a_split_comes_back_memory_mapped(tmp_path: Path) -> None:
    split = of_rows(np.array([2, 5, 7]))
    write_split(tmp_path / "gate", split)
    written = read_split(tmp_path / "gate")
    assert isinstance(written.images, np.memmap)
    assert sorted(path.name for path in (tmp_path / "gate").iterdir()) == [
        "ids.npy",
        "images.npy",
        "labels.npy",
    ]
    np.testing.assert_array_equal(written.images, IMAGES[[2, 5, 7]])
    np.testing.assert_array_equal(written.labels, LABELS[[2, 5, 7]])
    assert written.ids.tolist() == [2, 5, 7]
    assert sha256(written) == sha256(split)


def test_hash_sees_every_part_and_the_shape() -> None:
    split = of_rows(np.array([2, 5, 7]))
    others = [
        Split(split.images ^ 1, split.labels, split.ids),
        Split(split.images, split.labels ^ 1, split.ids),
        Split(split.images, split.labels, split.ids + 1),
        Split(split.images.reshape(3, 2, 8), split.labels, split.ids),
    ]
    assert len({sha256(other) for other in [split, *others]}) == 5


def test_a_missing_array_is_named(tmp_path: Path) -> None:
    write_split(tmp_path / "gate", of_rows(np.array([1])))
    (tmp_path / "gate" / "labels.npy").unlink()
    with pytest.raises(DataError, match=r"gate is not a split, .*labels\.npy.* Prepare the data again"):
        read_split(tmp_path / "gate")


def test_description_counts_all_classes() -> None:
    split = of_rows(np.flatnonzero(LABELS == 3))
    described = describe_splits({"gate": split}, num_classes=10)
    counts = (0, 0, 0, 30, 0, 0, 0, 0, 0, 0)
    gate = SplitSummary(num_images=30, per_class=counts, sha256=sha256(split))
    assert described == PrepareResult(splits={"gate": gate})
