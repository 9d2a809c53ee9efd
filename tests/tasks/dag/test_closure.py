from pathlib import Path

import pytest

from tasks.dag.closure import folded, packages, sources


@pytest.fixture
def root(tmp_path: Path) -> Path:
    files = {
        "tasks/__init__.py": '"""Rooms."""',
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
    found = [path.as_posix() for path in sources("tasks.prune", root)]
    assert found == ["litesmith/keras.py", "litesmith/pruning.py", "tasks/prune.py"]


def test_templates_and_styles_come_with_their_package(root: Path) -> None:
    found = [path.as_posix() for path in sources("tasks.report", root)]
    assert found == [
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
    found = folded(sources("tasks.report", root), root)
    assert [path.as_posix() for path in found] == ["litesmith/report", "tasks/report.py"]


def test_a_package_of_which_a_module_is_not_needed_is_named_file_by_file(root: Path) -> None:
    (root / "litesmith/report/other.py").write_text("import numpy")
    found = [path.as_posix() for path in folded(sources("tasks.report", root), root)]
    assert found == [
        "litesmith/report/page.css",
        "litesmith/report/page.py",
        "litesmith/report/sections",
        "tasks/report.py",
    ]
