"""The sources and packages on which the result of a step depends."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grimp import ImportGraph
    from grimp.application.ports.filesystem import AbstractFileSystem
    from grimp.application.ports.modulefinder import AbstractModuleFinder
    from grimp.application.ports.packagefinder import AbstractPackageFinder

RINGS = ("litesmith", "tasks")

# Plumbing that computes nothing: an edit there changes no result.
PLUMBING = (
    "tasks/__init__.py",
    "tasks/catalog.py",
    "tasks/pipeline.py",
    "tasks/dag/",
    "litesmith/params/",
    "litesmith/errors.py",
    "litesmith/files.py",
)

# Import names of the packages that decide numbers or pages, and their distributions.
PACKAGES = {
    "PIL": "pillow",
    "ai_edge_litert": "ai-edge-litert",
    "flatbuffers": "flatbuffers",
    "great_expectations": "great-expectations",
    "jinja2": "jinja2",
    "litert_quantizer": "litert-quantizer",
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
    """Return the first-party files that a module needs, itself included.

    Files that are not Python (templates, style sheets) count with the modules of their package, and with
    whatever names them. A file directly in a ring that nothing names counts with every module. Paths are
    relative to ``root``, the folder of the rings.
    """
    tree = _tree(root)
    paths = {_path(name, root) for name in tree.upstream(module) if name.partition(".")[0] in RINGS}
    code = {path for path in paths if not _is_plumbing(path) and not _is_docstring(root / path)}
    return sorted({*code, *tree.data(code)}) if code else []


def folded(paths: Iterable[Path], root: Path) -> list[Path]:
    """Return paths from `sources`, with whole packages replaced by their folder.

    This keeps ``dvc.lock`` short, all of which DVC writes again after each stage.
    """
    needed = set(paths)
    folders = {folder for path in needed for folder in path.parents if len(folder.parts) > 1}
    whole = {folder for folder in folders if needed.issuperset(_counted(folder, root))}
    outer = {folder for folder in whole if not whole.intersection(folder.parents)}
    return sorted(outer | {path for path in needed if not outer.intersection(path.parents)})


def packages(module: str, root: Path) -> list[str]:
    """Return the distributions in `PACKAGES` that a module and its imports use."""
    imported = {name.partition(".")[0] for name in _tree(root).upstream(module)}
    return sorted(PACKAGES[name] for name in imported if name in PACKAGES)


@dataclass(frozen=True)
class _Tree:
    """The rings below one folder.

    Attributes:
        graph: Which module imports which, without the imports of plumbing.
        owners: For each data file the modules of its package and all files that name it.
    """

    graph: "ImportGraph"
    owners: dict[Path, frozenset[Path]]

    def upstream(self, module: str) -> set[str]:
        """Return the names of a module and of its direct and indirect imports."""
        known = module in self.graph.modules
        return {module, *self.graph.find_upstream_modules(module)} if known else set()

    def data(self, code: Iterable[Path]) -> set[Path]:
        """Return the data files that modules may read."""
        needed, waiting = set(code), set(self.owners)
        while ready := {path for path in waiting if not self.owners[path] or self.owners[path] & needed}:
            needed |= ready
            waiting -= ready
        return needed & set(self.owners)


def _tree(root: Path) -> _Tree:
    files = sorted(path for ring in RINGS for path in _files(root / ring))
    return _read_tree(root, tuple((path.relative_to(root), path.stat().st_mtime_ns) for path in files))


@lru_cache(maxsize=1)
def _read_tree(root: Path, files: tuple[tuple[Path, int], ...]) -> _Tree:
    """Read the rings; ``files`` with their times key the cache."""
    paths = [path for path, _ in files]
    graph = _graph(root)
    for module in sorted(graph.modules):
        package = module.rpartition(".")[0]
        if package in graph.modules:  # Python runs its __init__.py first
            graph.add_import(importer=module, imported=package)
    for module in (_name(path) for path in paths if _is_plumbing(path) and _is_module(path)):
        for imported in graph.find_modules_directly_imported_by(module):
            graph.remove_import(importer=module, imported=imported)
    return _Tree(graph, _owners(root, paths))


def _graph(root: Path) -> "ImportGraph":
    """Return all imports below ``root``, also those inside functions."""
    import grimp
    from grimp.application.config import settings

    before = {name: getattr(settings, name) for name in ("PACKAGE_FINDER", "MODULE_FINDER")}
    settings.configure(PACKAGE_FINDER=_packages_below(root), MODULE_FINDER=_all_modules())
    try:
        return grimp.build_graph(*RINGS, include_external_packages=True, cache_dir=None)
    finally:
        settings.configure(**before)


def _packages_below(root: Path) -> "AbstractPackageFinder":
    """Return a finder of packages below ``root``, unlike grimp's own."""
    from grimp.application.ports.packagefinder import AbstractPackageFinder

    class Finder(AbstractPackageFinder):
        def determine_package_directories(
            self, package_name: str, file_system: "AbstractFileSystem"
        ) -> set[str]:
            return {str(root / package_name)}

    return Finder()


def _all_modules() -> "AbstractModuleFinder":
    """Return a finder that, unlike grimp's, enters folders without ``__init__.py``."""
    from grimp.application.ports.modulefinder import AbstractModuleFinder, FoundPackage, ModuleFile
    from grimp.domain.valueobjects import Module

    class Finder(AbstractModuleFinder):
        def find_package(
            self, package_name: str, package_directory: str, file_system: "AbstractFileSystem"
        ) -> FoundPackage:
            folder = Path(package_directory)
            paths = [path.relative_to(folder.parent) for path in _files(folder) if _is_module(path)]
            modules = frozenset(ModuleFile(Module(_name(path)), mtime=0) for path in paths)
            return FoundPackage(package_name, package_directory, modules)

    return Finder()


def _owners(root: Path, paths: list[Path]) -> dict[Path, frozenset[Path]]:
    """Return the data files with the files that may read them."""
    texts = {path: (root / path).read_text(encoding="utf-8", errors="ignore") for path in paths}

    def _may_read(other: Path, path: Path) -> bool:
        # A module directly in a ring has no package of its own.
        beside = other.suffix == ".py" and len(other.parts) > 2 and other.parent in path.parents
        return other != path and (beside or path.name in texts[other])

    data = [path for path in paths if path.suffix != ".py"]
    return {path: frozenset(other for other in paths if _may_read(other, path)) for path in data}


def _is_plumbing(path: Path) -> bool:
    return path.as_posix().startswith(PLUMBING)


def _counted(folder: Path, root: Path) -> set[Path]:
    """Return the files below a folder that can change a result."""
    files = _files(root / folder)
    return {file.relative_to(root) for file in files if file.suffix != ".py" or not _is_docstring(file)}


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder that are neither hidden nor compiled."""
    for path in folder.rglob("*"):
        inner = path.relative_to(folder).parts
        if path.is_file() and path.suffix != ".pyc" and not any(part.startswith(".") for part in inner):
            yield path


def _is_module(path: Path) -> bool:
    return path.suffix == ".py" and path.stem.isidentifier()


def _name(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _path(module: str, root: Path) -> Path:
    """Return the file of a module, relative to ``root``."""
    path = Path(*module.split("."))
    return path / "__init__.py" if (root / path / "__init__.py").is_file() else path.with_suffix(".py")


def _is_docstring(path: Path) -> bool:
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in body)
