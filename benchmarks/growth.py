"""Growing data: images that move between splits, and what taking batches in costs.

    python -m benchmarks.growth

In a project of its own, in a temporary folder, whose base is the 70,000 images of `data/raw`, which `dvc
repro fetch` writes. Batches are its training images moved by a pixel or two, saved as PNG files. The
commands are those of users, with the start of Python and DVC's hashing and copying in their times.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from dvc.repo import Repo
from numpy.typing import NDArray
from PIL import Image

from benchmarks.record import Claim, write_result
from litesmith.data.formats.idx import read_pair
from litesmith.data.intake import Decoder, take_in
from litesmith.data.packing import pack
from litesmith.data.placement import place
from litesmith.data.rows import read_rows
from litesmith.data.sources import idx_pairs
from litesmith.host import cpu_seconds
from litesmith.params.loading import read_params
from litesmith.params.sections.dataset import Dataset
from tasks import catalog

RESULT = Path("benchmarks/results/growth.json")
STEPS = (1, 10, 600, 1000)
NUM_PICTURES = 50_000
NUM_BATCHES, BATCH_IMAGES = 100, 400
SIZES = (10_000, 30_000, 100_000)
MOST_ADD_S, MOST_NEW_S = 180.0, 10.0
_CODE = ("litesmith", "tasks", "flows", "devices", "datasets", "profiles")
_FILES = ("params.yaml", "versions.yaml", "dvc.yaml", ".dvcignore", "data/accepted.yaml")

Moved = tuple[NDArray[np.uint8], NDArray[np.uint8]]


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


def made_project(folder: Path) -> Path:
    """Create a project with git and DVC whose base is that of the present one."""
    for name in _CODE:
        shutil.copytree(name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in _FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(name, folder / name)
    shutil.copytree(catalog.INCOMING, folder / catalog.INCOMING, ignore=_only_files)
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    with Repo.init(str(folder)) as repo, repo.config.edit() as config:
        config["core"].update(analytics=False, check_update=False)
    return folder


def _only_files(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if (Path(folder) / name).is_dir() or name.endswith(".dvc")]


def timed(project: Path, command: Sequence[str]) -> dict[str, float]:
    """Run a command in a project and return its cost."""
    spent, began = cpu_seconds(), time.perf_counter()
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    mirror = {"LITESMITH_MIRROR": str(catalog.RAW.resolve())}
    subprocess.run(command, cwd=project, env={**os.environ, **mirror, "PATH": path}, check=True)
    wall_s, cpu_s = time.perf_counter() - began, cpu_seconds() - spent
    return {"wall_s": round(wall_s, 2), "cpu_s": round(cpu_s, 2)}


def moved(images: NDArray[np.uint8], labels: NDArray[np.uint8], num_images: int, seed: int) -> Moved:
    """Draw images, uint8 (n, height, width), each moved by one or two pixels, with their labels."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, len(images), num_images)
    ways = rng.integers(1, 3, (num_images, 2)) * rng.choice([-1, 1], (num_images, 2))
    pairs = zip(images[rows], ways, strict=True)
    return np.stack([np.roll(image, way, (0, 1)) for image, way in pairs]), labels[rows]


def save(folder: Path, pictures: Moved, dataset: Dataset) -> Path:
    """Save pictures as PNG files, a folder for each class by its number."""
    for label in range(len(dataset.classes or ())):
        (folder / f"{label}").mkdir(parents=True)
    for number, (image, label) in enumerate(zip(*pictures, strict=True)):
        Image.fromarray(image).save(folder / f"{label}" / f"{number:06}.png")
    return folder


def fill(
    project: Path, root: Path, images: NDArray[np.uint8], labels: NDArray[np.uint8], dataset: Dataset
) -> None:
    """Put batches into a project, as `add` does."""
    folder = project / catalog.INCOMING / dataset.key
    for number in range(NUM_BATCHES):
        pictures = moved(images, labels, BATCH_IMAGES, 1000 + number)
        source = save(root / f"batch{number}", pictures, dataset)
        pack(source, folder / f"{next_in(folder)}.zip")
        shutil.rmtree(source)


def next_in(folder: Path) -> str:
    """Return a name that sorts last in a folder, by number."""
    return f"9999-{len(list(folder.iterdir())):04}"


def images_moved(path: Path, dataset: Dataset) -> dict[int, int]:
    """Return how many images change their split as so many others come."""
    rows = read_rows(path)
    shares = dataset.shares.replace(test=0.0)

    def _places(number: int) -> NDArray[np.int8]:
        some = rows[:number]
        digests, groups, given = zip(*[(row.digest, row.group, row.given) for row in some], strict=True)
        return place(digests, groups, given, shares, dataset.split_seed)

    whole = _places(len(rows))
    before = {more: _places(len(rows) - more) for more in STEPS}
    return {more: int(np.sum(places != whole[: len(places)])) for more, places in before.items()}


def decoded(folder: Path, pictures: Moved, dataset: Dataset) -> float:
    """Return the CPU-seconds that reading pictures takes, in batches of 1,000, from archives."""
    incoming = folder / "incoming"
    for number, start in enumerate(range(0, len(pictures[1]), 1000)):
        part = pictures[0][start : start + 1000], pictures[1][start : start + 1000]
        pack(save(folder / "pictures", part, dataset), incoming / f"{number:04}.zip")
        shutil.rmtree(folder / "pictures")
    (folder / "raw").mkdir()
    began = cpu_seconds()
    take_in(folder / "raw", incoming, folder / "out", dataset, Decoder(folder / "cache", dataset, 1))
    spent = cpu_seconds() - began
    shutil.rmtree(folder)
    return round(spent, 2)


if __name__ == "__main__":
    main()
