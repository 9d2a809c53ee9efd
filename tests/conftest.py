import gc
import hashlib
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import dvc  # noqa: F401 - its loggers keep the stderr of the moment, which must not be one that a test captures
import numpy as np
import pytest
from numpy.typing import NDArray

from litesmith.data.formats.idx import encode_idx
from litesmith.data.synthetic.garments import draw_images
from litesmith.files import read_yaml, write_bytes, write_text, yaml_text
from litesmith.params.everything import Params
from litesmith.params.loading import overlaid, parse_params
from litesmith.params.sections.dataset import PublishedBase, PublishedFile
from tasks.workspace import make_workspace

PROJECT = Path(__file__).parents[1]
ROLES = ("train_images", "train_labels", "test_images", "test_labels")

# Groups of tests that take minutes, in the order in which they begin; those of places wait more than they compute.
_LONG_GROUPS = ("kills", "places/worker", "places/server", "ends", "dask", "offline")

# The line of a module all of whose tests are slow.
_SLOW = re.compile(r"^pytestmark = .*pytest\.mark\.slow\b", re.MULTILINE)


def pytest_configure() -> None:
    """Look for no garbage while modules are imported: they stay, and it took a tenth of the time."""
    gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    # Seldom: TensorFlow's graphs are a million objects, and each look at all of them found next to nothing.
    gc.set_threshold(10_000, 10, 20)
    gc.enable()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not import modules of slow tests where those are left out: most import TensorFlow."""
    if collection_path.suffix != ".py" or "not slow" not in config.option.markexpr:
        return None
    return bool(_SLOW.search(collection_path.read_text(encoding="utf-8"))) or None


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a module in one process, and begin with what takes longest.

    What a module or a group makes once is then made once in all. Long groups that began last would leave the other
    processes idle, which `pytest-xdist` by itself does: it orders by the number of tests.
    """
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            name = f"{item.path.parent.name}/{item.path.stem.removeprefix('test_')}"
            item.add_marker(pytest.mark.xdist_group(name))
    slow = {_group(item) for item in items if item.get_closest_marker("slow")}

    def turn(item: pytest.Item) -> tuple[int, bool]:
        group = _group(item)
        if group in _LONG_GROUPS:
            # The module that is named after its group starts what the others wait for.
            return _LONG_GROUPS.index(group), item.path.stem != f"test_{group}"
        return len(_LONG_GROUPS) + (group not in slow), False

    items.sort(key=turn)


def _group(item: pytest.Item) -> str:
    marker = item.get_closest_marker("xdist_group")
    return str(marker.args[0]) if marker else ""


@dataclass(frozen=True)
class SmallSet:
    """A hundred and fifty synthetic images in four IDX files, and parameters that fit them."""

    folder: Path
    base: PublishedBase
    overlay: dict[str, Any]

    @property
    def params(self) -> Params:
        """The project's parameters, fitted to the set."""
        return self.changed({})

    def path(self, role: str) -> Path:
        part, kind = role.replace("test", "t10k").split("_")
        return self.folder / f"{part}-{kind}-idx{3 if kind == 'images' else 1}-ubyte.gz"

    def changed(self, overlay: dict[str, Any]) -> Params:
        """Return the parameters with an overlay."""
        content = overlaid(overlaid(read_yaml(PROJECT / "params.yaml"), self.overlay), overlay)
        params = parse_params(content, PROJECT)
        return params.replace(dataset=params.dataset.replace(base=self.base))

    def served_by(self, *sources: str) -> "SmallSet":
        """Return the set with other sources."""
        return replace(self, base=self.base.replace(sources=sources))

    def workspace(self, folder: Path, *overlays: dict[str, Any]) -> Path:
        """Make a workspace of the project in which the data set is this one."""
        make_workspace(folder, PROJECT, self.overlay, *overlays)
        change_dataset(folder, base=self.base.model_dump(mode="json"))
        return folder


def published(path: Path) -> PublishedFile:
    """Return a file's name, MD5 and size as they are now."""
    content = path.read_bytes()
    md5 = hashlib.md5(content).hexdigest()
    return PublishedFile(name=path.name, md5=md5, size_bytes=len(content))


def change_dataset(root: Path, **values: Any) -> None:
    """Change values of the only data set of a workspace."""
    (path,) = (root / "datasets").iterdir()
    write_text(path, yaml_text({**read_yaml(path), **values}))


def write_idx(path: Path, array: NDArray[np.uint8]) -> None:
    """Write images or labels to a file as `litesmith.data.formats.idx` reads them."""
    write_bytes(path, encode_idx(array))


@pytest.fixture
def small_set(tmp_path: Path) -> SmallSet:
    """Return a small data set in a folder of the test."""
    return make_small_set(tmp_path / "mirror")


def make_small_set(folder: Path) -> SmallSet:
    """Write a small data set into a folder and return it with parameters whose only source is that folder."""
    unknown = PublishedFile(name="none", md5=32 * "0", size_bytes=1)
    small = SmallSet(
        folder,
        PublishedBase(kind="published", sources=(str(folder),), files=(unknown,)),
        {
            "fetch": {"attempts": 3, "backoff_s": 0.0, "timeout_s": 5.0},
            "validate": {"mean_range": [0.2, 0.4], "std_range": [0.25, 0.45]},
        },
    )
    for part, num, seed in (("train", 100, 1), ("test", 50, 2)):
        images, labels = draw_images(num, 28, 28, 10, seed)
        write_idx(small.path(f"{part}_images"), images)
        write_idx(small.path(f"{part}_labels"), labels)
    files = tuple(published(small.path(role)) for role in ROLES)
    small = replace(small, base=small.base.replace(files=files))
    return small
