from pathlib import Path

import pytest

from tasks.dag.closure import folded, packages, sources
from tasks.pipeline import PIPELINE

PROJECT = Path(__file__).parents[3]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    files = {
        "tasks/__init__.py": '"""Steps."""',
        "tasks/prune.py": "from litesmith import pruning\nfrom tasks import catalog\nfrom tasks.dag.step import step\n",
        "tasks/catalog.py": "from litesmith import plots",
        "tasks/dag/step.py": "import numpy",
        "litesmith/__init__.py": '"""Only a docstring."""',
        "litesmith/pruning.py": "def prune():\n    from litesmith.keras import keras\n    import numpy.linalg",
        "litesmith/keras.py": "import tensorflow as tf",
        "litesmith/plots.py": "import matplotlib",
        "litesmith/report/__init__.py": "",
        "litesmith/report/page.py": "import jinja2",
        "litesmith/report/page.css": "body {}",
        "litesmith/report/sections/top.html.j2": "<h1>",
        "tasks/report.py": "from litesmith.report.page import render",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_follows_imports_also_inside_functions_and_leaves_plumbing_out(root: Path) -> None:
    assert [path.as_posix() for path in sources("tasks.prune", root)] == [
        "litesmith/keras.py",
        "litesmith/pruning.py",
        "tasks/prune.py",
    ]


def test_templates_and_styles_come_with_their_package(root: Path) -> None:
    assert [path.as_posix() for path in sources("tasks.report", root)] == [
        "litesmith/report/page.css",
        "litesmith/report/page.py",
        "litesmith/report/sections/top.html.j2",
        "tasks/report.py",
    ]


def test_packages_are_those_the_code_imports_not_those_of_the_plumbing(root: Path) -> None:
    assert packages("tasks.prune", root) == ["numpy", "tensorflow"]
    assert packages("tasks.report", root) == ["jinja2"]


def test_a_package_that_is_needed_as_a_whole_stands_as_its_folder(root: Path) -> None:
    (root / "litesmith/report/__pycache__").mkdir()
    (root / "litesmith/report/__pycache__/page.cpython-311.pyc").write_bytes(b"")
    places = folded(sources("tasks.report", root), root)
    assert [path.as_posix() for path in places] == ["litesmith/report", "tasks/report.py"]


def test_a_package_of_which_a_module_is_not_needed_is_named_file_by_file(root: Path) -> None:
    (root / "litesmith/report/other.py").write_text("import numpy")
    places = [path.as_posix() for path in folded(sources("tasks.report", root), root)]
    assert places == [
        "litesmith/report/page.css",
        "litesmith/report/page.py",
        "litesmith/report/sections",
        "tasks/report.py",
    ]


def closure(module: str, root: Path) -> set[str]:
    return {path.as_posix() for path in sources(module, root)}


@pytest.mark.parametrize(
    "line",
    [
        "import litesmith.drawing as d",
        "import litesmith.drawing",
        "from litesmith.drawing import draw as d",
        "from litesmith import drawing, keras",
        "from . import drawing",
        "from .drawing import draw",
        "from .drawing import *",
        "def late():\n    import litesmith.drawing as d",
        "def late():\n    from . import drawing",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from litesmith.drawing import Ink",
        "try:\n    from litesmith.drawing import draw\nexcept ImportError:\n    draw = None",
    ],
)
def test_every_way_to_write_an_import_is_followed(line: str, root: Path) -> None:
    (root / "litesmith/drawing.py").write_text(
        "import scipy.ndimage as nd\nfrom PIL.Image import open as read"
    )
    (root / "litesmith/pruning.py").write_text(line)
    assert "litesmith/drawing.py" in closure("tasks.prune", root)
    assert {"pillow", "scipy"} <= set(packages("tasks.prune", root))


@pytest.mark.parametrize(
    "line", ["from ..keras import keras", "from .. import keras", "from ..report import page"]
)
def test_an_import_from_the_folder_above_is_followed(line: str, root: Path) -> None:
    (root / "litesmith/report/page.py").write_text(line)
    (root / "litesmith/report/other.py").write_text("from .page import render")
    (root / "tasks/report.py").write_text("from litesmith.report import other")
    assert {"litesmith/report/other.py", "litesmith/report/page.py"} <= closure("tasks.report", root)
    assert "report" in line or "litesmith/keras.py" in closure("tasks.report", root)


def test_a_package_whose_own_file_computes_counts_with_its_modules(root: Path) -> None:
    (root / "litesmith/report/__init__.py").write_text("import pandas\nfrom litesmith import keras")
    assert {"litesmith/report/__init__.py", "litesmith/keras.py"} <= closure("tasks.report", root)
    assert packages("tasks.report", root) == ["jinja2", "pandas", "tensorflow"]


def test_modules_in_a_folder_without_init_file_are_followed(root: Path) -> None:
    (root / "litesmith/formats").mkdir()
    (root / "litesmith/formats/webp.py").write_text("from litesmith import keras")
    (root / "tasks/report.py").write_text("from litesmith.formats import webp")
    assert {"litesmith/formats/webp.py", "litesmith/keras.py"} <= closure("tasks.report", root)


def test_a_change_is_seen_by_the_same_process(root: Path) -> None:
    before = closure("tasks.report", root)
    (root / "tasks/report.py").write_text(
        "from litesmith.report.page import render\nimport litesmith.keras as k"
    )
    assert closure("tasks.report", root) - before == {"litesmith/keras.py"}


def test_a_template_at_the_top_of_the_library_counts_with_the_modules_that_name_it(root: Path) -> None:
    (root / "litesmith/refusal.html.j2").write_text("{% include 'parts.html.j2' %}")
    (root / "litesmith/parts.html.j2").write_text("<p>")
    (root / "litesmith/refusal.py").write_text("template = load('refusal.html.j2')")
    (root / "tasks/validate.py").write_text("from litesmith import refusal")
    assert closure("tasks.validate", root) == {
        "litesmith/parts.html.j2",
        "litesmith/refusal.html.j2",
        "litesmith/refusal.py",
        "tasks/validate.py",
    }
    assert not any(name.endswith(".j2") for name in closure("tasks.prune", root))


def test_a_data_file_at_the_top_that_nothing_names_counts_with_every_step(root: Path) -> None:
    (root / "litesmith/table.csv").write_text("1,2")
    assert all(
        "litesmith/table.csv" in closure(module, root) for module in ("tasks.prune", "tasks.report")
    )


def test_a_style_sheet_of_another_package_counts_with_the_module_that_names_it(root: Path) -> None:
    (root / "litesmith/pruning.py").write_text("STYLE = HERE / 'report/page.css'")
    assert closure("tasks.prune", root) == {
        "litesmith/pruning.py",
        "litesmith/report/page.css",
        "tasks/prune.py",
    }


def test_files_that_editors_and_systems_hide_do_not_count(root: Path) -> None:
    before = closure("tasks.report", root)
    for name in ("litesmith/.DS_Store", "litesmith/report/.page.py.swp"):
        (root / name).write_text("page.py")
    assert closure("tasks.report", root) == before


def test_the_pages_of_a_refusal_are_written_anew_when_their_template_changes() -> None:
    readers = {
        step.name
        for step in PIPELINE
        if Path("litesmith/documents/refusal.html.j2") in sources(step.module, PROJECT)
    }
    # Judge and report share the templates' environment with all documents.
    assert readers == {"validate", "judge", "report"}
