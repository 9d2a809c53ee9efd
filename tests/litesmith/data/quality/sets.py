"""Small sets of images in batches, for tests of how they are judged."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from litesmith.data.quality.intake import Intake
from litesmith.files import read_yaml
from litesmith.params.sections.dataset import Shares
from litesmith.params.sections.validate import ValidateParams
from litesmith.records.form import DataForm

# As steps run: two threads take longer for small matrices, and wait for each other where all cores are busy.
threadpool_limits(1, user_api="blas")

CLASSES = ("disc", "bar", "cross", "frame")
SIDE = 16
PARAMS = ValidateParams.model_validate(read_yaml(Path(__file__).parents[4] / "params.yaml")["validate"])
SHARES = Shares(test=0.0, validation=0.1, gate=0.1)


def params(**values: Any) -> ValidateParams:
    return PARAMS.replace(**values)


def form(**values: Any) -> DataForm:
    own: dict[str, Any] = {"class_names": CLASSES, "height": SIDE, "width": SIDE, "channels": 1, "fit": "pad",
                           "ground": "dark", "mirror_safe": True}  # fmt: skip
    return DataForm(**{**own, **values})


@dataclass(frozen=True)
class Part:
    """A batch, or the train or test images of the base."""

    name: str
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    given: str = ""

    def of(self, **values: Any) -> "Part":
        return replace(self, **values)


def draw(name: str, num: int, seed: int, given: str = "") -> Part:
    """Draw shapes of four classes, evenly many, each at a place, in a tone and with noise of its own."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(num) % len(CLASSES)).astype(np.int64)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    images = np.zeros((num, SIDE, SIDE, 1), np.uint8)
    for number, label in enumerate(labels):
        down, right = rng.uniform(6, 9, 2)
        size, tone = rng.uniform(3, 5), rng.uniform(120, 220)
        y, x = np.abs(rows - down), np.abs(columns - right)
        far = np.maximum(y, x)
        shapes = (np.hypot(y, x) < size, (y < 1.5) & (x < size + 1), (y < 1) & (x < size) | (x < 1) & (y < size),
                  (far < size + 0.5) & (far > size - 1))  # fmt: skip
        values = tone * shapes[label] + rng.normal(0, 30, (SIDE, SIDE)) * shapes[label]
        images[number, :, :, 0] = np.clip(values, 0, 255).astype(np.uint8)
    return Part(name, images, labels, given)


def base(num: int = 600, seed: int = 1) -> tuple[Part, Part]:
    """Return the train and test images of a base."""
    return draw("base", num, seed, "train"), draw("base", num // 6, seed + 1000, "test")


def intake(parts: Sequence[Part], shape: DataForm | None = None, by_hand: Sequence[str] = ()) -> Intake:
    """Return parts as the step ``intake`` leaves them; parts of one name are one batch."""
    tables = [
        pd.DataFrame({
            "batch": part.name,
            "file": [f"{part.given or 'image'}[{row}]" for row in range(len(part.labels))],
            "label": part.labels,
            "group": "",
            "given": part.given,
            "digest": [digest(image) for image in part.images],
        })
        for part in parts
    ]  # fmt: skip
    rows = pd.concat(tables, ignore_index=True)
    names = list(dict.fromkeys(part.name for part in parts))
    sizes = [sum(len(part.labels) for part in parts if part.name == name) for name in names]
    listed = pd.DataFrame({"batch": names, "digest": [batch_digest(name) for name in names], "kind": "folder",
                           "num_images": sizes, "num_unreadable": 0})  # fmt: skip
    images = np.concatenate([part.images for part in parts])
    nothing = pd.DataFrame({"batch": [], "file": [], "reason": []}, dtype=object)
    return Intake(shape or form(), images, rows, nothing, listed, frozenset(by_hand))


def digest(image: NDArray[np.uint8]) -> str:
    return hashlib.blake2b(image.tobytes(), digest_size=16).hexdigest()


def batch_digest(name: str) -> str:
    return hashlib.blake2b(name.encode(), digest_size=16).hexdigest()


def write_intake(folder: Path, made: Intake) -> None:
    """Write the files of the step ``intake``."""
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "images.npy", made.images)
    for name in ("rows", "unreadable", "batches"):
        table: pd.DataFrame = getattr(made, name)
        table.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
    foreign = pd.DataFrame({"row": made.foreign.keys(), "label": made.foreign.values()})
    foreign.to_csv(folder / "foreign.csv", index=False, lineterminator="\n")
    (folder / "form.json").write_text(made.form.model_dump_json())
