"""Tests of benchmarks.frontier.data."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.frontier.data import read_data, read_rows
from litesmith.data.sources import idx_pairs
from litesmith.errors import DataError
from tests.benchmarks.frontier.official_rows import LAST, NUM_IMAGES, VALIDATION, write_official
from tests.conftest import write_idx


def test_the_committed_rows_divide_the_official_file() -> None:
    rows = read_rows()
    assert (len(rows.validation), len(rows.last)) == (5000, 5000)
    assert len({*rows.validation, *rows.last}) == 10000
    assert min(*rows.validation, *rows.last) >= 0
    assert max(*rows.validation, *rows.last) < 60000


def test_every_image_is_learned_from_or_chosen_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_official(tmp_path, monkeypatch)
    data = read_data(tmp_path / "data/raw")
    assert data.validation.ids.tolist() == list(VALIDATION)
    assert data.training.ids.tolist()[-len(LAST) :] == list(LAST)
    assert sorted([*data.training.ids, *data.validation.ids]) == list(range(NUM_IMAGES))
    assert data.training.images.shape == (NUM_IMAGES - len(VALIDATION), 16, 16, 1)
    assert len(data.training.labels) == len(data.training.images)


def test_other_images_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_official(tmp_path, monkeypatch)
    raw = tmp_path / "data/raw"
    images = np.zeros((NUM_IMAGES, 16, 16), np.uint8)
    write_idx(idx_pairs(raw)["train"][0], images)
    with pytest.raises(DataError, match=r"raw does not hold the images that frontier_rows\.json is of"):
        read_data(raw)
