"""A project that grows, and what its commands cost."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from dvc.repo import Repo
from numpy.typing import NDArray
from PIL import Image

from litesmith.data.intake import Decoder, take_in
from litesmith.data.packing import pack
from litesmith.data.placement import place
from litesmith.data.rows import read_rows
from litesmith.files import write_json
from litesmith.host import cpu_seconds
from litesmith.params.sections.dataset import Dataset
from litesmith.records.record import write_record
from litesmith.records.service.release import no_pointers
from tasks import catalog

STEPS = (1, 10, 600, 1000)
NUM_BATCHES, BATCH_IMAGES = 100, 400
_CODE = ("litesmith", "tasks", "flows", "devices", "datasets", "profiles")
_FILES = (
    "params.yaml",
    "versions.yaml",
    "dvc.yaml",
    ".dvcignore",
    "data/accepted.yaml",
    "releases/.gitignore",
)

Moved = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def made_project(folder: Path) -> Path:
    """Create a project with git and DVC whose base is that of the present one."""
    for name in _CODE:
        shutil.copytree(name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in _FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(name, folder / name)
    for shared in (catalog.INCOMING, catalog.REGRESSIONS):
        shutil.copytree(shared, folder / shared, ignore=_only_files)
    write_json(folder / catalog.BEFORE_RELEASES, None)
    write_record(folder / catalog.IN_SERVICE, no_pointers())
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
