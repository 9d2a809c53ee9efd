from pathlib import Path

import numpy as np

from benchmarks.growth.__main__ import claims
from benchmarks.growth.measuring import STEPS, images_moved, moved, save
from litesmith.data.rows import Row, write_table
from litesmith.params.loading import read_params

PROJECT = Path(__file__).parents[3]


def test_times_are_added_and_growth_is_compared() -> None:
    cost = {"wall_s": 40.0, "cpu_s": 50.0}
    measured = {
        "add": cost,
        "take in": {"wall_s": 30.0, "cpu_s": 40.0},
        "one more": {"wall_s": 4.0, "cpu_s": 1.0},
        "take one in": {"wall_s": 7.0, "cpu_s": 1.0},
        "moved": {1: 0, 10: 3},
        "sizes": {"10000": 2.0, "30000": 6.0, "100000": 22.0},
    }
    first, second, added, one, linear = claims(measured)
    assert [claim.verdict(claim.must) for claim in (first, second)] == ["met", "not met"]
    assert (added.measured, added.verdict(added.must)) == (70.0, "met")
    assert (one.measured, one.verdict(one.must)) == (11.0, "not met")
    assert (linear.measured, linear.verdict(linear.must)) == (1.1, "met")


def test_no_image_moves(tmp_path: Path) -> None:
    rows = [Row("base", f"{number}", 0, "", "", f"{number:032x}") for number in range(1200)]
    write_table(tmp_path / "rows.csv", Row, rows)
    dataset = read_params(PROJECT / "params.yaml").dataset
    assert images_moved(tmp_path / "rows.csv", dataset) == dict.fromkeys(STEPS, 0)


def test_pictures_are_other_images_of_the_same_labels(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (20, 6, 6), np.uint8)
    pictures, labels = moved(images, np.arange(20, dtype=np.uint8) % 10, 30, 1)
    assert pictures.shape == (30, 6, 6)
    assert not {image.tobytes() for image in images} & {image.tobytes() for image in pictures}
    dataset = read_params(PROJECT / "params.yaml").dataset
    folder = save(tmp_path / "pictures", (pictures, labels), dataset)
    assert len(list(folder.glob("*/*.png"))) == 30
    assert [path.name for path in sorted(folder.iterdir())] == [f"{label}" for label in range(10)]
