"""The kinds of inputs: how each is built, and which part of the project takes it."""

import contextlib
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from benchmarks.fuzz import idx_files, models, pictures, yaml_files
from litesmith.errors import LitesmithError
from litesmith.files import write_text
from tasks import catalog

PROJECT = Path(__file__).parents[2]
MODEL = PROJECT / "benchmarks/models/fashion-mnist-16000.tflite"


@dataclass(frozen=True)
class Kind:
    """A kind of inputs.

    Attributes:
        name: As the configuration has it.
        make: Returns the files of a mutated input, by name in their folder.
        use: Gives the files in a folder to the project, as a user would. Returns for an answer, raises
            for a refusal.
        quick: Does the same without the process of its own that ``use`` starts, so that it may die of
            its input: all inputs go there first, and to ``use`` those that it fails on, and some others.
            None if ``use`` is quick.
    """

    name: str
    make: Callable[[Random], dict[str, bytes]]
    use: Callable[[Path], None]
    quick: Callable[[Path], None] | None = None

    def write(self, seed: int, number: int, folder: Path) -> str:
        """Make an input, write its files to a folder, and return a hash of all of them."""
        files = self.make(Random(f"{seed} {self.name} {number}"))
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()


def predict_for(folder: Path) -> None:
    """Name what is on a picture."""
    from litesmith.inference.predict import predict_pictures

    ((_, outcome),) = predict_pictures(MODEL, list(folder.iterdir()))
    if isinstance(outcome, LitesmithError):
        raise outcome


def read_here(folder: Path) -> None:
    """Read a picture in this process, as `predict` does before its model's process sees it."""
    from litesmith.inference.picture import read_picture
    from litesmith.tflite.metadata import read_metadata

    (picture,) = folder.iterdir()
    known = read_metadata(MODEL)
    read_picture(picture, known.input, known.training)


def prepare_set(project: Path) -> None:
    """Take in a data set, judge it and divide it, as the steps of these names do."""
    from tasks.steps import intake, prepare, validate

    params = idx_files.params()
    with contextlib.chdir(project):
        write_text(catalog.ACCEPTED, "[]\n")
        for module, run in (
            (intake, intake.intake), (validate, validate.validate), (prepare, prepare.prepare)
        ):  # fmt: skip
            cache = {"cache": catalog.CACHE / run.name} if "cache" in run.keywords else {}
            run.function(ins=module.Ins(), outs=module.Outs(), **run.arguments(params), **cache)


def open_profile(project: Path) -> None:
    """Make the workspace of a profile, and read its parameters as a step does."""
    from litesmith.params.loading import read_params
    from tasks import catalog
    from tasks.workspace import open_workspace, workspace_folder

    # DVC takes a second to begin a folder of its own, and has no part in reading parameters.
    (workspace_folder(project, yaml_files.PROFILE) / ".dvc").mkdir(parents=True)
    read_params(open_workspace(project, yaml_files.PROFILE) / catalog.PARAMS)


def run_apart(folder: Path) -> None:
    """Run a mutated model in a process of its own, as `predict` does."""
    from litesmith.inference.foreign import open_foreign

    with open_foreign(folder / "model.tflite") as model:
        model.probabilities(_slope(*model.shape))


def run_here(folder: Path) -> None:
    """Run a mutated model in this process."""
    from litesmith.tflite.runtime import LiteModel

    model = LiteModel(folder / "model.tflite")
    model.probabilities(_slope(*model.input.shape[1:]))


def _slope(height: int, width: int, channels: int) -> NDArray[np.uint8]:
    """Return one image, dark on the left and bright on the right, uint8 (1, height, width, channels)."""
    row = np.linspace(0, 255, width).astype(np.uint8)
    return np.tile(row[:, None], (1, height, 1, channels))


KINDS = (
    Kind("picture", pictures.make, predict_for, read_here),
    Kind("idx", idx_files.make, prepare_set),
    Kind("yaml", yaml_files.make, open_profile),
    Kind("tflite", models.make, run_apart, run_here),
)
