"""Growing data: images that move between splits, and what taking batches in costs.

    python -m benchmarks.growth

In a project of its own, in a temporary folder, whose base is the 70,000 images of `data/raw`, which `dvc
repro fetch` writes. Batches are its training images moved by a pixel or two, saved as PNG files. The
commands are those of users, with the start of Python and DVC's hashing and copying in their times.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.growth.measuring import (
    BATCH_IMAGES,
    NUM_BATCHES,
    decoded,
    fill,
    images_moved,
    made_project,
    moved,
    save,
    timed,
)
from benchmarks.record import Claim, write_result
from litesmith.data.formats.idx import read_pair
from litesmith.data.sources import idx_pairs
from litesmith.params.loading import read_params
from tasks import catalog

RESULT = Path("benchmarks/results/growth.json")
NUM_PICTURES = 50_000
SIZES = (10_000, 30_000, 100_000)
MOST_ADD_S, MOST_NEW_S = 180.0, 10.0


def main() -> None:
    """Measure and write the result."""
    pairs = idx_pairs(catalog.RAW)
    images, labels = read_pair(*pairs["train"])
    dataset = read_params(catalog.PARAMS).dataset
    with tempfile.TemporaryDirectory(prefix="litesmith-") as name:
        root = Path(name)
        project = made_project(root / "project")
        many = save(root / "many", moved(images, labels, NUM_PICTURES, 1), dataset)
        measured: dict[str, Any] = {"command": "python -m benchmarks.growth"}
        repro = [sys.executable, "-m", "dvc", "repro", "--quiet", "intake"]
        measured["base"] = timed(project, repro)
        add = [sys.executable, "-m", "tasks", "add", str(many)]
        measured["add"], measured["take in"] = timed(project, add), timed(project, repro)
        measured["moved"] = images_moved(project / catalog.INTAKE / "rows.csv", dataset)
        fill(project, root, images, labels, dataset)
        measured["batches"] = timed(project, repro)
        one = save(root / "one", moved(images, labels, BATCH_IMAGES, 999), dataset)
        measured["one more"] = timed(project, [*add[:-1], str(one)])
        measured["take one in"] = timed(project, repro)
        measured["nothing new"] = timed(project, repro)
        measured["sizes"] = {
            str(size): decoded(root / str(size), moved(images, labels, size, size), dataset)
            for size in SIZES
        }
    write_result(RESULT, measured, claims(measured))


def claims(measured: dict[str, Any]) -> list[Claim]:
    """Return the claims about what was measured."""
    added = measured["add"]["wall_s"] + measured["take in"]["wall_s"]
    one = measured["one more"]["wall_s"] + measured["take one in"]["wall_s"]
    each = [number / int(size) for size, number in measured["sizes"].items()]
    return [
        *(
            Claim(f"images that move between splits as {number} are added", "inputs", count, 0, True)
            for number, count in measured["moved"].items()
        ),
        Claim(
            f"{NUM_PICTURES:,} PNG files, `add` and what it takes to read them in",
            "s",
            round(added, 1),
            MOST_ADD_S,
            True,
            note=f"{measured['add']['wall_s']:.1f} s for `add`",
        ),
        Claim(
            f"one more batch of {BATCH_IMAGES}, the same, after {NUM_BATCHES + 1} others",
            "s",
            round(one, 1),
            MOST_NEW_S,
            True,
            note="validation not included",
        ),
        Claim(
            f"CPU-seconds for each image at {SIZES[-1]:,} images, against {SIZES[0]:,}",
            "times",
            round(each[-1] / each[0], 2),
            1.25,
            True,
            note="read from PNG files in archives, nothing in the cache",
        ),
    ]


if __name__ == "__main__":
    main()
