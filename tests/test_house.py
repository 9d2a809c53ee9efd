"""The rules of the house that no linter knows."""

import ast
import re
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
RINGS = ("litesmith", "tasks", "flows", "benchmarks")
HEAVY = {
    "tensorflow",
    "tf_keras",
    "great_expectations",
    "matplotlib",
    "optuna",
    "sklearn",
    "prefect",
    "dask",
    "dvc",
}


def functions() -> list[tuple[int, str, bool]]:
    """Return lines without docstring, place and full annotation of every function in the rings."""
    rows = []
    for path in (path for ring in RINGS for path in sorted((PROJECT / ring).rglob("*.py"))):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                lines = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
                named = node.args.args + node.args.kwonlyargs + node.args.posonlyargs
                typed = (
                    all(one.annotation or one.arg in ("self", "cls") for one in named)
                    and node.returns is not None
                )
                rows.append((lines, f"{path.relative_to(PROJECT)}:{node.lineno} {node.name}", typed))
    return rows


def test_functions_are_short() -> None:
    lengths = sorted(lines for lines, _, _ in functions())
    assert statistics.median(lengths) <= 10
    assert lengths[int(0.9 * (len(lengths) - 1))] <= 30
    assert [where for lines, where, _ in functions() if lines > 50] == []


def _opens_text_in_the_locales_encoding(call: ast.Call) -> bool:
    """Tell whether a call opens text, or the pipes of a process as text, and names no encoding."""
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    owner, name = (
        getattr(getattr(call.func, "value", None), "id", ""),
        getattr(call.func, "attr", getattr(call.func, "id", "")),
    )
    if "encoding" in given or owner in ("os", "gzip", "Image", "opener"):
        return False
    if name == "read_text":
        return not call.args
    if name == "write_text":
        return isinstance(call.func, ast.Attribute) and len(call.args) == 1
    modes = [one.value for one in (*call.args, given.get("mode")) if isinstance(one, ast.Constant)]
    if name in ("open", "fdopen"):
        return not any(isinstance(mode, str) and "b" in mode and len(mode) <= 3 for mode in modes)
    return name in ("TextIOWrapper", "FileHandler") or not {"text", "universal_newlines"}.isdisjoint(
        given
    )


def _calls(source: str) -> list[ast.Call]:
    return [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]


def test_text_is_never_opened_in_the_locales_encoding() -> None:
    sources = {
        path: path.read_text(encoding="utf-8")
        for ring in RINGS
        for path in (PROJECT / ring).rglob("*.py")
    }
    found = [
        f"{path.relative_to(PROJECT)}:{call.lineno}"
        for path, source in sources.items()
        for call in _calls(source)
        if _opens_text_in_the_locales_encoding(call)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("call", "refused"),
    [
        ("path.read_text()", True),
        ("(root / name).read_text(errors='replace')", True),
        ("path.read_text(encoding='utf-8')", False),
        ("path.write_text(text)", True),
        ("write_text(path, text)", False),
        ("open(path)", True),
        ("path.open('a+')", True),
        ("path.open(newline='')", True),
        ("path.open('rb')", False),
        ("path.open(mode='wb')", False),
        ("os.fdopen(3)", False),
        ("subprocess.run(command, text=True)", True),
        ("subprocess.run(command, text=True, encoding='utf-8')", False),
        ("subprocess.run(command)", False),
    ],
)
def test_calls_that_open_text_are_seen(call: str, refused: bool) -> None:
    assert _opens_text_in_the_locales_encoding(_calls(call)[0]) is refused


def test_functions_are_annotated() -> None:
    assert [where for _, where, typed in functions() if not typed] == []


@pytest.mark.parametrize(
    "door", ["tasks.pipeline", "tasks.__main__", "litesmith.params", "tasks.workspace", "flows.__main__"]
)
def test_light_doors_import_nothing_heavy(door: str) -> None:
    code = f"import sys, {door}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert HEAVY & set(loaded.stdout.split()) == set()


def test_each_line_of_make_help_fits_a_terminal() -> None:
    commands = re.findall(r"^([a-z-]+):.*## (.*)", (PROJECT / "Makefile").read_text(), re.MULTILINE)
    assert len(commands) > 10
    # `make help` writes each meaning behind twelve columns.
    assert [name for name, meaning in commands if len(name) > 11 or 12 + len(meaning) > 79] == []


def test_no_file_is_a_drawer_for_odds_and_ends() -> None:
    drawers = {"utils", "helpers", "common", "manager", "misc"}
    assert [
        path for ring in RINGS for path in (PROJECT / ring).rglob("*.py") if path.stem in drawers
    ] == []
