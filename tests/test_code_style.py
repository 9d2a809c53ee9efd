"""Rules of code style that no linter checks."""

import ast
import re
import statistics
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
RINGS = ("litesmith", "tasks", "flows")
PACKAGES = (*RINGS, "benchmarks")
HEAVY = {"tensorflow", "tf_keras", "great_expectations", "matplotlib", "optuna", "sklearn"}
HEAVY |= {"prefect", "dask", "dvc"}
# A word in quotes as a subscript or as the argument of get.
STRING_SUBSCRIPT = re.compile(r"""\[f?["'][^"'\[\]]*["']\]|\.get\(\s*f?["']""")


def sources(*packages: str) -> dict[Path, str]:
    """Return the text of every module, by its path relative to the project."""
    paths = [path for package in packages for path in sorted((PROJECT / package).rglob("*.py"))]
    return {path.relative_to(PROJECT): path.read_text(encoding="utf-8") for path in paths}


def lines_of(*packages: str) -> list[str]:
    return [line for text in sources(*packages).values() for line in text.splitlines()]


def functions() -> list[tuple[int, str, bool]]:
    """Return lines without docstring, place and full annotation of every function."""
    rows = []
    for path, text in sources(*PACKAGES).items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                lines = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
                parameters = node.args.args + node.args.kwonlyargs + node.args.posonlyargs
                typed = node.returns is not None and all(
                    parameter.annotation or parameter.arg in ("self", "cls") for parameter in parameters
                )
                rows.append((lines, f"{path}:{node.lineno} {node.name}", typed))
    return rows


def first_lines(package: str) -> dict[str, int]:
    """Return the number of words in the first line of every docstring, by its place."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return {
        f"{path}:{getattr(node, 'lineno', 1)} {text.partition(chr(10))[0]}": len(
            text.partition("\n")[0].split()
        )
        for path, source in sources(package).items()
        for node in ast.walk(ast.parse(source))
        if isinstance(node, documented) and (text := ast.get_docstring(node))
    }


@pytest.mark.parametrize("package", [*PACKAGES, "tests"])
def test_folders_hold_at_most_16_modules(package: str) -> None:
    modules = [path for path in sources(package) if path.name != "__init__.py"]
    folders = Counter(path.parent.as_posix() for path in modules)
    assert {folder: number for folder, number in folders.items() if number > 16} == {}


def test_any_stands_in_at_most_one_line_of_a_hundred() -> None:
    lines = lines_of(*RINGS)
    assert len(re.findall(r"\bAny\b", "\n".join(lines))) <= len(lines) / 100


def test_string_subscripts_are_few() -> None:
    counts = {str(path): len(STRING_SUBSCRIPT.findall(text)) for path, text in sources(*RINGS).items()}
    assert sum(counts.values()) <= 130, Counter(counts).most_common(20)


@pytest.mark.parametrize(
    ("code", "number"),
    [
        ('row["loss"]', 1),
        ("row['loss'][\"mean\"]", 2),
        ('row.get("loss", 0)', 1),
        ('row[f"{name}_loss"]', 1),
        ("row[name]", 0),
        ('["loss", "mean"]', 0),
        ("row.get(name)", 0),
    ],
)
def test_string_subscripts_are_counted(code: str, number: int) -> None:
    assert len(STRING_SUBSCRIPT.findall(code)) == number


def test_at_most_one_line_of_a_hundred_is_over_105_characters() -> None:
    lines = lines_of(*PACKAGES, "tests")
    assert sum(len(line) > 105 for line in lines) <= len(lines) / 100


@pytest.mark.parametrize("package", RINGS)
def test_docstrings_begin_with_a_short_line(package: str) -> None:
    words = first_lines(package)
    assert [place for place, number in words.items() if number > 14] == []


def test_the_median_first_line_of_a_docstring_has_ten_words() -> None:
    words = [number for ring in ("litesmith", "tasks", "flows") for number in first_lines(ring).values()]
    assert statistics.median(words) <= 10


def test_functions_are_short() -> None:
    lengths = sorted(lines for lines, _, _ in functions())
    assert statistics.median(lengths) <= 10
    assert lengths[int(0.9 * (len(lengths) - 1))] <= 30
    assert [where for lines, where, _ in functions() if lines > 50] == []


def _opens_text_in_the_locales_encoding(call: ast.Call) -> bool:
    """Return whether a call opens text, or a process's pipes as text, without an encoding."""
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    owner, name = (
        getattr(getattr(call.func, "value", None), "id", ""),
        getattr(call.func, "attr", getattr(call.func, "id", "")),
    )
    if "encoding" in given or owner in ("os", "gzip", "archive", "Image", "opener"):
        return False
    if name == "read_text":
        return not call.args
    if name == "write_text":
        return isinstance(call.func, ast.Attribute) and len(call.args) == 1
    candidates = (*call.args, given.get("mode"))
    modes = [argument.value for argument in candidates if isinstance(argument, ast.Constant)]
    if name in ("open", "fdopen"):
        return not any(isinstance(mode, str) and "b" in mode and len(mode) <= 3 for mode in modes)
    return name in ("TextIOWrapper", "FileHandler") or not {"text", "universal_newlines"}.isdisjoint(
        given
    )


def _calls(source: str) -> list[ast.Call]:
    return [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]


def test_text_is_never_opened_in_the_locales_encoding() -> None:
    places = [
        f"{path}:{call.lineno}"
        for path, source in sources(*PACKAGES).items()
        for call in _calls(source)
        if _opens_text_in_the_locales_encoding(call)
    ]
    assert places == []


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
    "module",
    ["tasks.pipeline", "tasks.__main__", "litesmith.params", "tasks.workspace", "flows.__main__"],
)
def test_light_modules_import_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert HEAVY & set(loaded.stdout.split()) == set()


def test_each_line_of_make_help_fits_a_terminal() -> None:
    commands = re.findall(r"^([a-z-]+):.*## (.*)", (PROJECT / "Makefile").read_text(), re.MULTILINE)
    assert len(commands) > 10
    # `make help` writes each meaning behind seventeen columns.
    assert [name for name, meaning in commands if len(name) > 9 or 17 + len(meaning) > 79] == []


def test_make_help_shows_every_command_under_a_purpose() -> None:
    text = (PROJECT / "Makefile").read_text()
    names = re.findall(r"^([a-z-]+):.*## ", text, re.MULTILINE)
    shown = subprocess.run(["make", "--silent", "help"], cwd=PROJECT, capture_output=True, text=True)
    groups = shown.stdout.strip().split("\n\n")
    assert [group.partition(":\n")[0] for group in groups] == [
        "begin here", "set up", "run the pipeline", "check a change", "write committed files", "keep up"
    ]  # fmt: skip
    assert re.findall(r"^  make ([a-z-]+) ", shown.stdout, re.MULTILINE) == names


def test_every_module_is_named_after_its_subject() -> None:
    vague = {"utils", "helpers", "common", "manager", "misc"}
    assert [path for path in sources(*PACKAGES) if path.stem in vague] == []
