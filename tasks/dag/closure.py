"""Which source files and which packages a step's result depends on, read from the import statements."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

RINGS = ("litesmith", "tasks")

# Plumbing that computes nothing: an edit there changes no result.
PLUMBING = (
    "tasks/catalog.py",
    "tasks/pipeline.py",
    "tasks/dag/",
    "litesmith/params.py",
    "litesmith/errors.py",
    "litesmith/files.py",
)

# Import names of the packages that decide numbers or pages, and their distributions.
PACKAGES = {
    "PIL": "pillow",
    "ai_edge_litert": "ai-edge-litert",
    "ai_edge_quantizer": "ai-edge-quantizer",
    "flatbuffers": "flatbuffers",
    "great_expectations": "great-expectations",
    "jinja2": "jinja2",
    "matplotlib": "matplotlib",
    "numpy": "numpy",
    "optuna": "optuna",
    "pandas": "pandas",
    "scipy": "scipy",
    "sklearn": "scikit-learn",
    "tensorflow": "tensorflow",
    "tensorflow_model_optimization": "tensorflow-model-optimization",
    "tf_keras": "tf-keras",
}


def sources(module: str, root: Path) -> list[Path]:
    """Return the first-party files that a module needs to compute, itself included, relative to ``root``.

    Files that are not Python (templates, style sheets), also in folders below, count with the package whose modules
    are needed.

    Args:
        module: Import name of a room, such as ``tasks.prune``.
        root: Folder that holds the rings.
    """
    code = _reached(module, root)
    beside = {other for path in code if path.parent.name not in RINGS for other in (root / path.parent).rglob("*")}
    data = {path.relative_to(root) for path in beside if path.is_file() and not path.name.endswith((".py", ".pyc"))}
    return sorted({*code, *data})


def folded(paths: Iterable[Path], root: Path) -> list[Path]:
    """Return sources with each package that is there as a whole named by its folder instead of file by file.

    What DVC records of a stage so stays short: it writes all of ``dvc.lock`` anew after each.

    Args:
        paths: Relative to ``root``, as of `sources`.
        root: Folder that holds the rings.
    """
    needed = set(paths)
    places = {place for path in needed for place in path.parents if len(place.parts) > 1}
    whole = {place for place in places if needed.issuperset(_held(place, root))}
    outer = {place for place in whole if not whole.intersection(place.parents)}
    return sorted(outer | {path for path in needed if not outer.intersection(path.parents)})


def packages(module: str, root: Path) -> list[str]:
    """Return the distributions, of those in `PACKAGES`, that a module and its first-party imports use."""
    tops = {name.partition(".")[0] for path in _reached(module, root) for name in _imported(root / path)}
    return sorted({PACKAGES[top] for top in tops if top in PACKAGES})


def _reached(module: str, root: Path) -> set[Path]:
    """Follow first-party imports from ``module``, plumbing left out, to every file that holds more than a docstring."""
    met: set[Path] = set()
    waiting = [module]
    while waiting:
        path = _file(waiting.pop(), root)
        if path is not None and path not in met and not path.as_posix().startswith(PLUMBING):
            met.add(path)
            waiting.extend(name for name in _imported(root / path) if name.partition(".")[0] in RINGS)
    return {path for path in met if not _is_docstring(root / path)}


def _held(folder: Path, root: Path) -> set[Path]:
    """Return the files below a folder that hold more than a docstring, relative to ``root``."""
    files = {path for path in (root / folder).rglob("*") if path.is_file() and path.suffix != ".pyc"}
    return {path.relative_to(root) for path in files if path.suffix != ".py" or not _is_docstring(path)}


def _file(name: str, root: Path) -> Path | None:
    """Return the file of an import name; names inside a module lead to that module."""
    parts = name.split(".")
    for depth in range(len(parts), 0, -1):
        stem = Path(*parts[:depth])
        for candidate in (stem.with_suffix(".py"), stem / "__init__.py"):
            if (root / candidate).is_file():
                return candidate
    return None


def _imported(path: Path) -> Iterator[str]:
    """Yield the absolute name of everything a file imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _is_docstring(path: Path) -> bool:
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in body)
