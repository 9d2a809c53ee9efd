"""The programs of docs/on-a-device.md answer as the project does."""

import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from litesmith.inference.predict import Prediction, predict_pictures
from litesmith.params.sections.dataset import Fit, Ground
from litesmith.release import verify
from litesmith.tflite.metadata import parse_metadata
from tasks.commands.packages import export_package
from tests.docs.pages import program
from tests.litesmith.make_tiny import images
from tests.litesmith.release.packages import change_json, make_tiny_package

PAGE = "docs/on-a-device.md"
# What the compiler needs for TensorFlow Lite Micro: folders of headers, definitions, the library.
MICRO = "LITESMITH_TFLITE_MICRO"


@pytest.fixture(name="package")
def fixture_package(tmp_path: Path) -> Path:
    return make_tiny_package(tmp_path / "package")


def draw_pictures(folder: Path) -> list[Path]:
    """Draw opaque pictures of several sizes, shapes and kinds, with no clear ground."""
    random = np.random.default_rng(7)
    shapes: dict[str, tuple[int, ...]] = {
        "exact.png": (8, 8),
        "wide.png": (30, 90, 3),
        "tall.jpg": (120, 41),
        "small.png": (3, 5, 3),
        "large.png": (200, 200),
    }
    paths = []
    for name, shape in shapes.items():
        values = random.integers(100, 130, shape, dtype=np.uint8)
        values[:, : shape[1] // 2] += 25
        Image.fromarray(values).save(folder / name)
        paths.append(folder / name)
    return paths


@pytest.fixture(name="classify_py", scope="module")
def fixture_classify_py(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("program") / "classify.py"
    path.write_text(program(PAGE, "python"), encoding="utf-8")
    return path


@pytest.mark.parametrize(("fit", "ground"), [("pad", "any"), ("crop", "dark"), ("stretch", "light")])
def test_the_python_program_answers_as_predict(
    package: Path, tmp_path: Path, classify_py: Path, fit: Fit, ground: Ground
) -> None:
    form = parse_metadata(package / verify.FORM).input.replace(fit=fit, ground=ground)
    change_json(package, verify.FORM, input=form.model_dump(mode="json"), training=None)
    names = runpy.run_path(str(classify_py))
    pictures = draw_pictures(tmp_path)
    for picture, outcome in predict_pictures(
        package / verify.MODEL, pictures, package / verify.FORM, num_guesses=1
    ):
        assert isinstance(outcome, Prediction)
        assert not any("inverted" in change for change in outcome.changes)
        (guess,) = outcome.guesses
        assert names["classify"](package, picture) == (guess.name, guess.probability), picture


def test_the_python_program_needs_nothing_of_the_project(
    package: Path, tmp_path: Path, classify_py: Path
) -> None:
    picture = draw_pictures(tmp_path)[0]
    ((_, outcome),) = predict_pictures(package / verify.MODEL, [picture], num_guesses=1)
    assert isinstance(outcome, Prediction)
    command = [sys.executable, "-I", classify_py, package, picture]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == outcome.lines()[-1].strip()


def header(package: Path, folder: Path) -> str:
    export_package(package, folder / "model.h")
    return (folder / "model.h").read_text(encoding="utf-8")


def test_the_header_defines_all_that_the_program_for_microcontrollers_uses(
    package: Path, tmp_path: Path
) -> None:
    defined = set(re.findall(r"^#define (LITESMITH_\w+)", header(package, tmp_path), re.MULTILINE))
    used = set(re.findall(r"\bLITESMITH_\w+", program(PAGE, "cpp")))
    assert used and used <= defined


def exported(package: Path, folder: Path) -> tuple[bytes, int]:
    """Return the model in a header, and the bytes of its arena."""
    text = header(package, folder)
    arena = re.search(r"LITESMITH_ARENA_BYTES (\d+)u", text)
    array = text.partition("litesmith_model[LITESMITH_MODEL_BYTES] = {")[2].partition("};")[0]
    assert arena
    return bytes(int(byte, 16) for byte in re.findall(r"0x(..)", array)), int(arena[1])


def golden(package: Path) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    with np.load(package / verify.GOLDEN) as arrays:
        return arrays["inputs"], arrays["outputs"]


def test_the_array_answers_in_its_arena_under_the_interpreter_for_microcontrollers(
    package: Path, tmp_path: Path
) -> None:
    runtime = pytest.importorskip("tflite_micro", reason="needs `make extras`").runtime
    model, arena_bytes = exported(package, tmp_path)
    assert model == (package / verify.MODEL).read_bytes()
    interpreter = runtime.Interpreter.from_bytes(model, arena_size=arena_bytes)
    for taken, given in zip(*golden(package), strict=True):
        interpreter.set_input(taken[None], 0)
        interpreter.invoke()
        assert np.abs(interpreter.get_output(0)[0].astype(int) - given).max() <= 1


@pytest.mark.skipif(not shutil.which("c++"), reason="needs a C++ compiler")
@pytest.mark.skipif(
    MICRO not in os.environ,
    reason=f"needs a build of TensorFlow Lite Micro; {MICRO} holds the options to compile with it",
)
def test_the_program_for_microcontrollers_names_what_is_on_pictures(
    package: Path, tmp_path: Path
) -> None:
    header(package, tmp_path)
    (tmp_path / "main.cc").write_text(program(PAGE, "cpp"), encoding="utf-8")
    options = shlex.split(os.environ[MICRO])
    compiler = ["c++", "-std=c++17", "-Wall", "-I.", "main.cc", *options, "-o", "main"]
    subprocess.run(compiler, cwd=tmp_path, check=True)
    drawn, labels = images(30, seed=5)
    done = subprocess.run(
        [tmp_path / "main"], input=drawn.tobytes(), capture_output=True, check=True
    ).stdout.decode()
    names = parse_metadata(package / verify.FORM).class_names
    assert [line.split("%  ")[1] for line in done.splitlines()] == [names[label] for label in labels]
