import re
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from litesmith.data.splits import (
    Split,
    describe_splits,
    read_split,
    sample_at_most,
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


@pytest.mark.parametrize("num_rows", [301, 5])
def test_more_rows_than_there_are_and_fewer_than_classes_are_refused(num_rows: int) -> None:
    share = f"cannot choose {num_rows} of 300 rows with every class in the same share"
    with pytest.raises(ParamsError, match=rf"{share}: .* Ask for fewer rows"):
        sample_rows(LABELS, num_rows, seed=1)


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


def test_where_hardly_more_rows_are_left_all_of_them_are_taken() -> None:
    assert len(sample_at_most(LABELS, 500, seed=5)) == len(sample_at_most(LABELS, 295, seed=5)) == 300
    np.testing.assert_array_equal(sample_at_most(LABELS, 100, seed=5), sample_rows(LABELS, 100, seed=5))
