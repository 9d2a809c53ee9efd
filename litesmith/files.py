"""Atomic writing of files; reading of JSON and YAML.

Text is UTF-8 everywhere, whatever the locale says.
"""

import errno
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

from ruamel.yaml import YAML, events
from ruamel.yaml.constructor import ConstructorError, SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, StreamMark, YAMLError
from ruamel.yaml.nodes import Node, ScalarNode
from ruamel.yaml.representer import SafeRepresenter

from litesmith.errors import ConversionError, DataError, MachineError, ParamsError

# The environment of a Python process whose output is read through a pipe, whatever the locale says.
UTF8_PIPES = {"PYTHONUTF8": "1", "PYTHONIOENCODING": "utf-8"}

# Far beyond what parameters or a lock file of DVC hold; a few lines of aliases can stand for billions.
_MAX_DEPTH = 100
_MAX_VALUES = 1_000_000
_INTEGER_BITS = 63
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")  # UTF-32 begins with them too
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
# Strings that YAML 1.1 reads as truth values or numbers.
_OLD_WORDS = re.compile(r"yes|no|on|off|[-+]?\d[\d_]*(:[0-5]?\d)+(\.[\d_]*)?", re.IGNORECASE)

_IN_THE_WAY = "a file, or a link that leads nowhere, stands where a folder is expected: move it away"
_REASONS = {
    errno.ENOSPC: "the disk is full: free some space and run again",
    errno.EDQUOT: "the disk quota is used up: free some space and run again",
    errno.EACCES: "it or its folder may not be written by this user: change the permissions",
    errno.EPERM: "it or its folder may not be written by this user: change the permissions",
    errno.EEXIST: _IN_THE_WAY,
    errno.ENOTDIR: _IN_THE_WAY,
    errno.EISDIR: "a folder stands where a file is expected: move it away",
    errno.ELOOP: "links lead in a circle there: remove them",
    errno.EROFS: "the file system is mounted read-only: mount it writable or use another folder",
}


def run_module(arguments: list[str], path: Path, tool: str) -> subprocess.CompletedProcess[str]:
    """Run ``python -m`` on a model's file, in a process of its own.

    Args:
        arguments: Name of the module and its arguments.
        path: The file, for the message.
        tool: Name of the tool, for the message.

    Raises:
        ConversionError: The process failed: the last lines of its output.
    """
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        env={**os.environ, **UTF8_PIPES, "PYTHONPATH": str(Path(__file__).resolve().parents[1])},
        capture_output=True,
        check=False,
        encoding="utf-8",
        errors="replace",
    )
    if done.returncode != 0:
        reason = "\n".join((done.stdout + done.stderr).strip().splitlines()[-3:])
        raise ConversionError(f"{path.name} does not run under {tool}: {reason}")
    return done


@contextmanager
def explaining(path: Path | None = None) -> Iterator[None]:
    """Turn an error of the file system into `MachineError`.

    ``path`` is the file to write; None stands for the file that the system names, which may have been
    read.

    Raises:
        MachineError: A folder cannot be written, a file not read, or the disk is full; no file is left
            half-written.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _REASONS:
            raise
        what = path or error.filename or "a file"
        if path is None and Path(what).exists() and not os.access(what, os.R_OK):
            text = f"cannot read {what}: this user may not. Change its permissions."
        else:
            text = f"cannot write {what}: {_REASONS[error.errno]}. No file is left half-written."
        raise MachineError(text) from error


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a name beside ``path``, then rename it into place.

    The folder of ``path`` is made if missing. The name has the same suffix, so that writers which look
    at suffixes behave.

    Raises:
        MachineError: The folder cannot be written or the disk is full. ``path`` is unchanged.
    """
    part = path.with_name(f".{path.stem}.part{os.getpid()}{path.suffix}")
    try:
        with explaining(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield part
            part.replace(path)
    finally:
        with suppress(OSError):  # a folder that cannot be entered holds no part either
            part.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write bytes in one step, as `replacing` does."""
    with replacing(path) as part:
        part.write_bytes(content)


def write_text(path: Path, content: str) -> None:
    """Write text in UTF-8 in one step, as `replacing` does.

    Python holds the bytes of a name in another encoding as surrogates, which UTF-8 cannot encode: they
    become the original text if they are UTF-8 after all, as under ``LC_ALL=C``, or a question mark.
    """
    try:
        encoded = content.encode("utf-8")
    except UnicodeEncodeError:
        with suppress(UnicodeEncodeError):
            content = content.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        encoded = content.encode("utf-8", "replace")
    write_bytes(path, encoded)


def write_json(path: Path, content: object) -> None:
    """Write indented JSON in one step, with a final newline.

    Raises:
        ValueError: ``content`` holds a NaN or an infinity, which JSON cannot express.
    """
    write_text(path, json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Return the content of a JSON file.

    Raises:
        DataError: It is a folder, is not UTF-8, is not JSON, or holds a NaN or an infinity.
        FileNotFoundError: There is no such file.
    """
    try:
        return json.loads(path.read_bytes().decode("utf-8-sig"), parse_constant=_refuse_constant)
    except IsADirectoryError as error:
        raise DataError(f"{path} is a folder, and a JSON file was expected. Move it away.") from error
    except RecursionError as error:
        text = f"{path} is nested too deeply for JSON that was written here. Restore the file."
        raise DataError(text) from error
    except ValueError as error:
        raise DataError(f"{path} is not JSON: {error}. Correct the file, or restore it.") from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number that JSON knows")


def read_yaml(path: Path) -> Any:
    """Return the content of a YAML 1.2 file in UTF-8.

    DVC reads it alike: ``no`` is a word, ``1e-06`` a number.

    Raises:
        ParamsError: It is missing, cannot be read, is not UTF-8 or not YAML; the text names file and
            line.
    """
    text = _read_utf8(path)
    try:
        _require_one_small_document(YAML(typ="safe").parse(text))
        yaml = YAML(typ="safe")
        yaml.Constructor = _Constructor
        return yaml.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{path}, line {mark.line + 1}," if mark else f"{path}"
        raise ParamsError(f"{place} is not valid YAML: {_complaint(error, text)}") from error
    except YAMLError as error:
        raise ParamsError(f"{path} is not valid YAML: {' '.join(str(error).split())}.") from error


def yaml_text(content: object, width: int = 80) -> str:
    """Return plain content as YAML in the order of keys.

    Words that are no strings in YAML 1.1 are quoted: not every reader knows 1.2.
    """
    # The pure one alone writes text instead of bytes.
    yaml = YAML(typ="safe", pure=True)
    yaml.Representer = _Representer
    yaml.allow_unicode, yaml.width, yaml.default_flow_style = True, width, False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # declared as None alone
    stream = io.StringIO()
    yaml.dump(content, stream)
    return stream.getvalue()


class _Constructor(SafeConstructor):
    """A constructor that names the line of an impossible value."""

    def construct_object(self, node: Node, deep: bool = False) -> object:
        try:
            value = super().construct_object(node, deep)
        except (ValueError, TypeError, OverflowError, LookupError) as error:
            problem = f"{str(node.value)[:40]!r} is not a value of this kind ({error})"
            raise ConstructorError(None, None, problem, node.start_mark) from error
        if isinstance(value, int) and value.bit_length() > _INTEGER_BITS:
            problem = f"a whole number must fit into 64 bits, got {node.value[:40]}"
            raise ConstructorError(None, None, problem, node.start_mark)
        return value

    def construct_mapping(self, node: Node, deep: bool = False) -> object:
        # Called after `construct_object` has returned, since a mapping may hold itself.
        try:
            return super().construct_mapping(node, deep)
        except TypeError as error:
            problem = f"a name must be a word or a number, not a list or a mapping ({error})"
            raise ConstructorError(None, None, problem, node.start_mark) from error


class _Representer(SafeRepresenter):
    """A representer that quotes truth values of YAML 1.1."""

    def represent_str(self, data: str) -> ScalarNode:
        style = "'" if _OLD_WORDS.fullmatch(data) else None
        return self.represent_scalar("tag:yaml.org,2002:str", data, style=style)


_Representer.add_representer(str, _Representer.represent_str)


def _read_utf8(path: Path) -> str:
    """Return the text of a file that people write."""
    expected = "and a YAML file was expected."
    if path.is_dir():
        raise ParamsError(f"{path} is a folder, {expected} Move it away and restore the file.")
    if path.exists() and not path.is_file():
        raise ParamsError(f"{path} is a pipe or a device, {expected} Restore the file.")
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        text = f"{path} is missing. Run from the project's folder, or restore the file."
        if path.is_symlink():
            text = f"{path} is a link to {path.readlink()}, which is missing. Restore the file."
        raise ParamsError(text) from error
    except OSError as error:
        raise ParamsError(f"{path} cannot be read: {error.strerror}. Change its permissions.") from error
    if content.startswith(_UTF16_MARKS):
        raise ParamsError(f"{path}, line 1, is UTF-16, and UTF-8 was expected. Save the file as UTF-8.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, byte = content.count(b"\n", 0, error.start) + 1, content[error.start]
        raise ParamsError(
            f"{path}, line {line}, is not UTF-8: it has the byte 0x{byte:02x}, as Latin-1 and others "
            "have it. Save the file as UTF-8."
        ) from error
    if odd := _CONTROL.search(text):
        line, what = text.count("\n", 0, odd.start()) + 1, f"the control character {odd[0]!r}"
        raise ParamsError(
            f"{path}, line {line}, has {what}; UTF-16 has many. Remove it, or save the file as UTF-8."
        )
    return text


def _require_one_small_document(parsed: Iterable[events.Event]) -> None:
    """Raise `MarkedYAMLError` for several documents, deep nesting and huge aliases.

    The check looks at a document's events, which cost no more than the file is long.
    """
    open_nodes: list[tuple[str | None, int]] = []
    sizes: dict[str, int] = {}
    num_documents, num_values = 0, 0
    for event in parsed:
        mark, added = event.start_mark, 1
        if isinstance(event, events.DocumentStartEvent):
            num_documents += 1
            if num_documents > 1:
                _refuse("a second document begins here, and one was expected: remove it", mark)
        elif isinstance(event, events.CollectionStartEvent):
            open_nodes.append((event.anchor, num_values))
            if len(open_nodes) > _MAX_DEPTH:
                _refuse(f"it is nested more than {_MAX_DEPTH} deep here", mark)
        elif isinstance(event, events.CollectionEndEvent):
            anchor, before = open_nodes.pop()
            added = 0
            if anchor:
                sizes[anchor] = num_values - before
        elif isinstance(event, events.AliasEvent):
            if any(event.anchor == anchor for anchor, _ in open_nodes):
                _refuse(f"*{event.anchor} stands for something that it is a part of itself", mark)
            added = sizes.get(event.anchor, 1)
        elif isinstance(event, events.ScalarEvent) and event.anchor:
            sizes[event.anchor] = 1
        num_values += added
        if num_values > _MAX_VALUES:
            _refuse(f"its aliases stand for more than {_MAX_VALUES:,} values here", mark)


def _refuse(problem: str, mark: StreamMark) -> NoReturn:
    raise MarkedYAMLError(problem=problem, problem_mark=mark)


def _complaint(error: MarkedYAMLError, text: str) -> str:
    """Return the parser's complaint, with its most common cause."""
    problem, mark = " ".join(f"{error.problem or error.context}".split()), error.problem_mark
    lines = text.splitlines()
    rest = lines[mark.line][mark.column :] if mark is not None and mark.line < len(lines) else ""
    return f"{problem}. Indent with spaces: this is a tab." if rest.startswith("\t") else f"{problem}."
