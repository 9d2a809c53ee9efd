"""Seeds of YAML files of parameters, and mutations of values, keys, text and bytes."""

import functools
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from ruamel.yaml import YAML

from benchmarks.fuzz.mutations import mutated
from litesmith.files import yaml_text

PROJECT = Path(__file__).parents[2]
PROFILE = "mutated"

_MARK = "mutated-here"
# What may stand for a key or a value. Some are no YAML, some are no value that Python can make.
_FRAGMENTS = (
    *(
        "null",
        "~",
        "",
        "true",
        "no",
        "0",
        "-1",
        "1e999",
        ".inf",
        "-.inf",
        ".nan",
        "12:30",
        "0x1F",
        "0o17",
        "1_000",
    ),
    *(
        "9" * 400,
        "9" * 5000,
        "1e-400",
        "'1'",
        "''",
        "'\\ud800'",
        '"\\ud800"',
        '"\\x00"',
        '"\\0"',
        "text",
        "äöü",
        "😀",
    ),
    *(
        "[]",
        "{}",
        "[1, 2, 3]",
        "[[1]]",
        "{a: 1}",
        "{1: 2}",
        "{[1]: 2}",
        "{{}: 1}",
        "[null]",
        "[.nan, .inf]",
        "[a",
    ),
    *(
        "2001-12-14",
        "2001-99-99",
        "2001-12-14t21:59:43.10-05:00",
        "!!binary aGVsbG8=",
        "!!binary a",
        "!!set {a, b}",
    ),
    *(
        "!!float abc",
        "!!int abc",
        "!!bool abc",
        "!!timestamp abc",
        "!!str 5",
        "!!null x",
        "!unknown 5",
        "!<tag:a> 5",
    ),
    *(
        "!!python/object/apply:os.getcwd []",
        "!!python/name:os.system",
        "!!omap [a: 1]",
        "!!pairs [a: 1]",
        "!!map []",
    ),
    *(
        "&a [*a]",
        "&a {b: *a}",
        "*unknown",
        "&a 1",
        "<<",
        "=",
        "{<<: {a: 1}}",
        "{<<: 5}",
        "'",
        '"',
        "|",
        ">",
        "%",
        "@",
    ),
    *(
        "- 1",
        "? 1",
        ": 1",
        "a: b: c",
        "# comment",
        "\t",
        "\t1",
        "{a: 1, a: 2}",
        "[" * 60 + "]" * 60,
        "[" * 4000,
        "&",
    ),
)
_LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join(['*' + before] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
_WHOLE = (
    *(
        "",
        "\n",
        "---\n",
        "null\n",
        "5\n",
        "text",
        "[]\n",
        "- a\n- b\n",
        "{}\n",
        "# nothing\n",
        "a\n---\nb\n",
        "%YAML 9.9\n---\n",
    ),
    *(
        "{a: 1}\n",
        "\x00",
        "\ufeff",
        "\u2028",
        "[" * 5000,
        "- " * 5000,
        "a: " * 500,
        "? " * 500,
        "&a [*a]\n",
        "&a {a: *a}\n",
    ),
    *(
        "{" * 3000,
        _LAUGHS,
        "!!python/object/new:os.system [x]\n",
        "...\n",
        "seed: 1\nseed: 2\n",
        "1: 2\n",
        "null: 1\n",
    ),
)
_ENCODINGS = (
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "utf-8-sig",
    "latin-1",
    "cp1252",
    "utf-7",
    "cp037",
)


@functools.cache
def seeds() -> dict[str, str]:
    """Return the project's parameters, devices and profiles, by path in the project."""
    names = ("params.yaml", "datasets/*.yaml", "devices/*.yaml", "profiles/*.yaml")
    paths = [path for name in names for path in sorted(PROJECT.glob(name))]
    return {path.relative_to(PROJECT).as_posix(): path.read_text("utf-8") for path in paths}


def make(rng: Random) -> dict[str, bytes]:
    """Return parameters, devices and a profile, one of them mutated."""
    texts = {name: text for name, text in seeds().items() if not name.startswith("profiles/")}
    texts[f"profiles/{PROFILE}.yaml"] = rng.choice(
        [text for name, text in seeds().items() if name.startswith("profiles/")]
    )
    files = {name: text.encode() for name, text in texts.items()}
    name = rng.choice(list(texts))
    files[name] = _changed(rng, texts[name])
    return files


def _changed(rng: Random, text: str) -> bytes:
    draw = rng.random()
    if draw < 0.55:
        for _ in range(rng.randint(1, 3)):
            text = _restructured(rng, text)
        return text.encode("utf-8", "surrogatepass")
    if draw < 0.7:
        return _retyped(rng, text).encode("utf-8", "surrogatepass")
    if draw < 0.8:
        return f"# für écran\n{text}".encode(rng.choice(_ENCODINGS), "replace")
    if draw < 0.85:
        return rng.choice(_WHOLE).encode()
    return mutated(rng, text.encode(), [other.encode() for other in seeds().values()])


def _restructured(rng: Random, text: str) -> str:
    """Change a key or a value of a YAML file, which afterwards may be none any more."""
    try:
        content = YAML(typ="safe").load(text)
        mapping, key = rng.choice(list(_places(content)))
    except Exception:  # the parser raises nearly every one, but here it is not what is tried
        return text
    value = mapping[key]
    match rng.randrange(6):
        case 0:
            del mapping[key]
        case 1 if isinstance(mapping, dict):
            mapping[_misspelt(rng, str(key))] = mapping.pop(key)
        case 2 if isinstance(mapping, dict):
            mapping[_MARK] = mapping.pop(key)
        case 3:
            mapping[key] = [value] if rng.random() < 0.5 else {"value": value}
        case _:
            mapping[key] = _MARK
    return yaml_text(content).replace(_MARK, rng.choice(_FRAGMENTS))


def _places(content: Any, depth: int = 0) -> Iterator[tuple[Any, Any]]:
    """Yield every mapping or list with each of its keys or indices."""
    if depth > 8 or not isinstance(content, dict | list):
        return
    for key in list(content) if isinstance(content, dict) else range(len(content)):
        yield content, key
        yield from _places(content[key], depth + 1)


def _misspelt(rng: Random, word: str) -> str:
    place = rng.randrange(len(word)) if word else 0
    swapped = word[:place] + word[place + 1 : place + 2] + word[place : place + 1] + word[place + 2 :]
    return rng.choice(
        [word[:place] + word[place + 1 :], swapped, word.upper(), f"{word} ", word.replace("_", "-")]
    )


def _retyped(rng: Random, text: str) -> str:
    """Change a line as somebody does who types it: its indentation, its colon, its end."""
    lines = text.splitlines(keepends=True)
    place = rng.randrange(len(lines))
    line = lines[place]
    changes = [
        f"\t{line}",
        line.replace("  ", "\t"),
        f" {line}",
        line.lstrip(),
        line.replace(":", ""),
        line.replace(": ", ":"),
        line.replace(":", "="),
        line.rstrip("\n"),
        line.replace("\n", "\r\n"),
        line.replace("\n", "\t\n"),
        f"{line}{line}",
        line.replace("]", ""),
        line.replace(" ", "\u00a0"),
        f"{rng.choice(_FRAGMENTS)}\n",
        f"{rng.choice(_FRAGMENTS)}: {rng.choice(_FRAGMENTS)}\n",
    ]
    lines[place] = rng.choice(changes)
    return "".join(lines)
