"""Checks a package on a device, with LiteRT and NumPy alone.

``python verify.py`` checks the folder that it lies in, ``python verify.py FOLDER`` another. It ends with
0 if nothing is wrong, and with 1 and a reason otherwise. Every package holds a copy, which needs Python
3.9 or newer, NumPy, and ``ai_edge_litert`` or ``tflite_runtime``; litesmith itself is not needed.

It tells damage and mixed-up files. Whoever may write the package may also write new sums: that it comes
from where it should is what the signature says, which ``python -m tasks verify`` checks.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import stat
import sys
import zipfile
from dataclasses import dataclass, fields
from importlib.metadata import version
from operator import itemgetter
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import numpy as np

SCHEMA_VERSION = 1
MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
MODEL, FORM, GOLDEN, SUMS = "model.tflite", "model.json", "golden.npz", "SHA256SUMS"
# What a package of this version holds, besides the manifest and its signature.
NAMES = (
    SUMS,
    "bill.cdx.json",
    "decision.json",
    GOLDEN,
    "model-card.md",
    FORM,
    MODEL,
    "operators.json",
    "provenance.json",
    "reference.json",
    "scores.json",
    "verify.py",
)
# Far beyond what a package for a small device holds; nothing larger is read.
MAX_MANIFEST_BYTES = 2**20
MAX_FILE_BYTES = 2**26
_MAX_TENSORS_BYTES = 2**30
# Largest tolerance of a probability: an answer that is off by more is another answer.
_MAX_TOLERANCE = 0.3

_KIND, _KIND_KEY, _VERSION_KEY = "litesmith package", "kind", "schema_version"

# What runtimes say of an operator that they do not have.
_LACKING = ("didn't find op", "op builtin_code out of range", "custom op", "select tensorflow op")
# What NumPy raises at a file that is no archive of arrays.
_DAMAGE = (OSError, ValueError, TypeError, EOFError, LookupError, MemoryError, zipfile.BadZipFile)

Kind = TypeVar("Kind")


class PackageError(Exception):
    """What is wrong with a package, in words."""


@dataclass(frozen=True)
class Listed:
    """A file as the manifest lists it."""

    sha256: str
    bytes: int


@dataclass(frozen=True)
class Manifest:
    """Content of ``manifest.json``."""

    kind: str
    schema_version: int
    dataset: str
    device: str
    model_sha256: str
    decision: str
    files: dict[str, Listed]


@dataclass(frozen=True)
class Tensor:
    """An input or output as ``model.json`` describes it."""

    dtype: str
    shape: tuple[int, ...]
    scale: float | None
    zero_point: int | None


@dataclass(frozen=True)
class Tensors:
    """The input and the output."""

    input: Tensor
    output: Tensor


@dataclass(frozen=True)
class Form:
    """Content of ``model.json``."""

    version: int
    sha256: str
    dataset: str
    class_names: list[str]
    input: object
    training: object
    tensors: Tensors


@dataclass(frozen=True)
class Golden:
    """Content of ``golden.npz``.

    Attributes:
        images: uint8 (n, height, width, channels).
        inputs: The same as the model takes them.
        outputs: What the model answered, as it gives it, (n, classes).
        class_names: In the order of the outputs.
        tolerance: How far a probability may lie from these on another processor.
    """

    images: Any
    inputs: Any
    outputs: Any
    class_names: Any
    tolerance: Any


@dataclass(frozen=True)
class Verified:
    """What was checked: the manifest, the form, and how the answers compare."""

    manifest: Manifest
    form: Form
    num_golden: int
    largest_error: float
    tolerance: float
    runtime: str

    def lines(self) -> list[str]:
        """Return what was checked, a line each."""
        given, answer = self.form.tensors.input, self.form.tensors.output
        return [
            f"{len(self.manifest.files)} files have the sizes and sums that {MANIFEST} lists",
            f"{MODEL} takes {_words(given)} and gives {_words(answer)}, as {FORM} says",
            f"{self.num_golden} golden images: probabilities differ by at most "
            f"{self.largest_error:.4g}, {self.tolerance:.4g} allowed, under {self.runtime}",
        ]


def verify(folder: Path) -> Verified:
    """Check files, form and answers of a package.

    Args:
        folder: Of the package.

    Raises:
        PackageError: Something is missing, strange or changed, or the runtime answers otherwise.
    """
    manifest, contents = read_package(folder)
    content = contents[MODEL]
    form = _read_form(contents[FORM], manifest)
    golden = _read_golden(contents[GOLDEN])
    interpreter, runtime = open_model(content)
    _compare_form(form.tensors, interpreter)
    _compare_golden(form, golden)
    outputs = answers(interpreter, golden.inputs)
    errors = np.abs(decoded(outputs, form.tensors.output) - decoded(golden.outputs, form.tensors.output))
    largest, tolerance = float(errors.max()), float(golden.tolerance)
    if not largest <= tolerance:  # so that NaN is refused as well
        row = int(errors.max(axis=1).argmax())
        raise PackageError(
            f"{MODEL} answers golden image {row} otherwise than when the package was made: a "
            f"probability is off by {largest:.4g}, at most {tolerance:.4g} allowed. {runtime} computes "
            "something else on this machine: update it, or get the package again."
        )
    return Verified(manifest, form, len(golden.inputs), largest, tolerance, runtime)


def read_package(folder: Path) -> tuple[Manifest, dict[str, bytes]]:
    """Return the manifest and all files, once their sums are right.

    Raises:
        PackageError: The manifest is damaged or of another version; a file is missing, strange, a link,
            too large, cut short or changed.
    """
    present = _present(folder)
    manifest = read_manifest(folder)
    for name, listed in manifest.files.items():
        _require_sound(name, listed)
    if missing := sorted(set(NAMES) - set(manifest.files)):
        _refuse(f"{MANIFEST} does not list {', '.join(missing)}, which every package holds")
    if missing := sorted(set(manifest.files) - present):
        _refuse(f"{', '.join(missing)}: listed in {MANIFEST} and missing from the folder")
    if extra := sorted(present - {*manifest.files, MANIFEST, SIGNATURE}):
        _refuse(f"{', '.join(map(ascii, extra))}: in the folder and not listed in {MANIFEST}")
    contents = {name: _content(folder, name, listed) for name, listed in manifest.files.items()}
    if contents[SUMS] != sums(manifest.files).encode():
        _refuse(f"{SUMS} and {MANIFEST} list different sums")
    if manifest.model_sha256 != manifest.files[MODEL].sha256:
        _refuse(f"{MANIFEST} names another SHA-256 of the model than that of {MODEL}")
    return manifest, contents


def read_manifest(folder: Path) -> Manifest:
    """Return what ``manifest.json`` says, before any file is looked at.

    Raises:
        PackageError: It is missing, damaged, or of a version that is not known here.
    """
    content = parsed_json(read_limited(folder / MANIFEST, MAX_MANIFEST_BYTES), MANIFEST)
    if not isinstance(content, dict) or content.get(_KIND_KEY) != _KIND:
        _refuse(f"{MANIFEST} is damaged: it does not say that it is of a {_KIND}")
    number = content.get(_VERSION_KEY)
    if number != SCHEMA_VERSION or isinstance(number, bool):
        raise PackageError(
            f"{MANIFEST} has schema version {number!r}, and version {SCHEMA_VERSION} is known here. "
            "Check the package with the verify.py that lies in it, or with the litesmith that made it."
        )
    manifest = _parsed(Manifest, content, MANIFEST)
    if not isinstance(manifest.files, dict):
        _refuse(f"{MANIFEST} is damaged: its files are no mapping")
    files = {name: _parsed(Listed, listed, MANIFEST) for name, listed in manifest.files.items()}
    return Manifest(**{**vars(manifest), "files": files})


def sums(files: dict[str, Listed]) -> str:
    """Return the text of ``SHA256SUMS``, for ``sha256sum --check``."""
    return "".join(f"{files[name].sha256}  {name}\n" for name in sorted(files) if name != SUMS)


def open_model(content: bytes) -> tuple[Any, str]:
    """Return an interpreter of a model, ready to run, and the runtime's name.

    Raises:
        PackageError: There is no runtime, it lacks an operator, or it cannot open the model.
    """
    interpreter_class, runtime = _runtime()
    try:
        interpreter = interpreter_class(model_content=content, num_threads=1)
        details = map(itemgetter("shape", "dtype"), interpreter.get_tensor_details())
        size_bytes = sum(
            math.prod(int(size) for size in shape) * np.dtype(dtype).itemsize for shape, dtype in details
        )
        if size_bytes > _MAX_TENSORS_BYTES:
            _refuse(f"{MODEL} asks for tensors of {size_bytes:,} bytes in all")
        interpreter.allocate_tensors()
    except (OSError, ValueError, RuntimeError, MemoryError) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        if any(words in reason.lower() for words in _LACKING):
            raise PackageError(
                f"{MODEL} needs an operator that {runtime} does not have: {reason}. operators.json "
                "lists all of them: update the runtime, or use a package made for it."
            ) from error
        raise PackageError(f"{runtime} cannot open {MODEL}: {reason}. Get the package again.") from error
    return interpreter, runtime


def answers(interpreter: Any, inputs: Any) -> Any:
    """Return a model's outputs, as it gives them.

    Args:
        interpreter: Of the model.
        inputs: As the model takes them, (n, height, width, channels).

    Returns:
        (n, classes).

    Raises:
        PackageError: The runtime fails.
    """
    (given,), (answer,) = interpreter.get_input_details(), interpreter.get_output_details()
    index = itemgetter("index")
    outputs = []
    try:
        for values in inputs:
            interpreter.set_tensor(index(given), values[None])
            interpreter.invoke()
            outputs.append(interpreter.get_tensor(index(answer))[0].copy())
    except (ValueError, RuntimeError) as error:
        raise PackageError(f"the runtime cannot run {MODEL}: {error}. Get the package again.") from error
    return np.array(outputs)


def encoded(images: Any, tensor: Tensor) -> Any:
    """Return uint8 images as a tensor takes them; integers saturate."""
    pixels = images.astype(np.float32) / np.float32(255)
    if tensor.scale is None or tensor.zero_point is None:
        return pixels.astype(tensor.dtype)
    limits = np.iinfo(tensor.dtype)
    steps = np.rint(pixels / np.float32(tensor.scale)) + tensor.zero_point
    return np.clip(steps, limits.min, limits.max).astype(tensor.dtype)


def decoded(stored: Any, tensor: Tensor) -> Any:
    """Return what a tensor holds as real values, float32."""
    if tensor.scale is None or tensor.zero_point is None:
        return stored.astype(np.float32)
    return (stored.astype(np.float32) - tensor.zero_point) * np.float32(tensor.scale)


def parsed_json(content: bytes, name: str) -> Any:
    """Return what JSON in UTF-8 says.

    Raises:
        PackageError: It is not JSON.
    """
    try:
        return json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, ValueError) else "it is nested too deeply"
        raise PackageError(
            f"{name} is damaged: it is not JSON ({reason}). Get the package again."
        ) from error


def read_limited(path: Path, max_bytes: int) -> bytes:
    """Return the content of a file, no link and not too large.

    Raises:
        PackageError: It is missing, is something else, is larger, or cannot be read.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        if path.is_symlink():
            _refuse(f"{path.name} is a link, and a package holds files alone")
        with os.fdopen(os.open(path, flags), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                _refuse(f"{path.name} is no file, and a package holds files alone")
            if status.st_size > max_bytes:
                _refuse(
                    f"{path.name} has {status.st_size:,} bytes, and at most {max_bytes:,} are expected"
                )
            return file.read(max_bytes + 1)
    except FileNotFoundError as error:
        text = f"{path.name} is missing from {path.parent}: no package, or not all of one. Get it again."
        raise PackageError(text) from error
    except OSError as error:
        raise PackageError(f"{path.name} cannot be read: {error.strerror}.") from error


def _refuse(reason: str) -> NoReturn:
    raise PackageError(f"{reason}. Get the package again.")


def _present(folder: Path) -> set[str]:
    """Return the names in a folder that holds files alone."""
    if not folder.is_dir():
        raise PackageError(f"{folder} is no folder, and a package is one. Check its name.")
    names = set()
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_symlink():
                _refuse(f"{entry.name!a} is a link, and a package holds files alone")
            if not entry.is_file(follow_symlinks=False):
                _refuse(f"{entry.name!a} is no file, and a package holds files alone")
            names.add(entry.name)
    return names


def _require_sound(name: str, listed: Listed) -> None:
    """Refuse names that lead elsewhere, and sizes and sums that are none."""
    if name in ("", ".", "..") or "/" in name or "\\" in name or "\0" in name:
        _refuse(f"{MANIFEST} lists {name!a}, which leads out of the package")
    if name not in NAMES:
        _refuse(f"{MANIFEST} lists {name!a}, which no package of version {SCHEMA_VERSION} holds")
    size, digest = listed.bytes, listed.sha256
    if type(size) is not int or size < 0 or not isinstance(digest, str) or len(digest) != 64:
        _refuse(f"{MANIFEST} is damaged: it lists {name} without size or SHA-256")
    if size > MAX_FILE_BYTES:
        _refuse(
            f"{MANIFEST} lists {name} with {size:,} bytes, and at most {MAX_FILE_BYTES:,} are expected"
        )


def _content(folder: Path, name: str, listed: Listed) -> bytes:
    """Return a file's content if it is what the manifest lists."""
    content = read_limited(folder / name, MAX_FILE_BYTES)
    if len(content) < listed.bytes:
        _refuse(f"{name} is cut short: it has {len(content):,} of {listed.bytes:,} bytes")
    if len(content) > listed.bytes:
        _refuse(
            f"{name} has grown: it has {len(content):,} bytes, and {MANIFEST} lists {listed.bytes:,}"
        )
    if (digest := hashlib.sha256(content).hexdigest()) != listed.sha256:
        _refuse(
            f"{name} was changed: its SHA-256 begins with {digest[:12]}, and {MANIFEST} lists one that "
            f"begins with {listed.sha256[:12]}"
        )
    return content


def _parsed(kind: type[Kind], content: object, where: str) -> Kind:
    """Return JSON's mapping as a dataclass of the same fields."""
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    if not isinstance(content, dict) or sorted(content) != sorted(names):
        found = ", ".join(map(ascii, content)) if isinstance(content, dict) else "no mapping"
        _refuse(f"{where} is damaged: expected {', '.join(names)}, got {found[:200]}")
    return kind(**content)


def _read_form(content: bytes, manifest: Manifest) -> Form:
    """Return what ``model.json`` says, with its values unchecked."""
    form = _parsed(Form, parsed_json(content, FORM), FORM)
    if form.sha256 != manifest.model_sha256:
        _refuse(f"{FORM} belongs to another model: it names another SHA-256 than that of {MODEL}")
    tensors = _parsed(Tensors, form.tensors, FORM)
    read = [_parsed(Tensor, tensor, FORM) for tensor in (tensors.input, tensors.output)]
    return Form(**{**vars(form), "tensors": Tensors(*read)})


def _read_golden(content: bytes) -> Golden:
    """Return the golden images and answers, as far as their forms agree."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            # What is stored as it is cannot become larger than the file.
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
                _refuse(f"{GOLDEN} is damaged: its arrays are compressed")
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            golden = _parsed(Golden, dict(arrays), GOLDEN)
        tolerance = float(golden.tolerance)
    except _DAMAGE as error:
        raise PackageError(f"{GOLDEN} is damaged: {error}. Get the package again.") from error
    images = golden.images
    counts = {images.shape[:1], golden.inputs.shape[:1], golden.outputs.shape[:1]}
    if images.ndim != 4 or len(counts) != 1 or not len(images) or images.dtype != np.uint8:
        _refuse(f"{GOLDEN} is damaged: it holds no images with an input and an output each")
    if not 0 <= tolerance <= _MAX_TOLERANCE:
        _refuse(f"{GOLDEN} is damaged: it allows an error of {tolerance}, not one to {_MAX_TOLERANCE}")
    return golden


def _compare_form(tensors: Tensors, interpreter: Any) -> None:
    """Compare what ``model.json`` says with the model itself."""
    sides = (
        ("input", tensors.input, interpreter.get_input_details()),
        ("output", tensors.output, interpreter.get_output_details()),
    )
    for noun, tensor, details in sides:
        if len(details) != 1:
            _refuse(f"{MODEL} has {len(details)} {noun}s, and 1 is expected")
        dtype, shape, (scale, zero_point) = itemgetter("dtype", "shape", "quantization")(details[0])
        is_real = scale == 0
        facts = {
            "dtype": (tensor.dtype, np.dtype(dtype).name),
            "shape": (tensor.shape, [int(size) for size in shape]),
            "scale": (tensor.scale, None if is_real else float(scale)),
            "zero point": (tensor.zero_point, None if is_real else int(zero_point)),
        }
        for name, (said, true) in facts.items():
            if said != true:
                raise PackageError(
                    f"{FORM} says that the {noun} has {name} {said!a}, and in {MODEL} it is {true}. "
                    "Pictures or answers would be read wrongly: get the package again."
                )


def _compare_golden(form: Form, golden: Golden) -> None:
    """Compare names of classes, and inputs with their images."""
    names = [str(name) for name in golden.class_names.tolist()]
    if form.class_names != names:
        raise PackageError(
            f"{FORM} has other class names, or another order, than {GOLDEN}: {form.class_names!a}, "
            f"expected {names!a}. Answers would get wrong names: get the package again."
        )
    given, answer = form.tensors.input, form.tensors.output
    if list(golden.images.shape[1:]) != list(given.shape[1:]):
        _refuse(f"{GOLDEN} holds images of another form than {MODEL} takes")
    if not np.array_equal(encoded(golden.images, given), golden.inputs):
        raise PackageError(
            f"the inputs in {GOLDEN} are not its images at the input scale {given.scale!a}: the model "
            "was made for another. Get the package again."
        )
    if golden.outputs.shape[1:] != (len(names),) or golden.outputs.dtype != answer.dtype:
        _refuse(f"{GOLDEN} holds answers of another form than {MODEL} gives")


def _runtime() -> tuple[Any, str]:
    """Return the class of interpreters and the name of the runtime."""
    try:
        from ai_edge_litert.interpreter import Interpreter

        return Interpreter, f"LiteRT {version('ai-edge-litert')}"
    except ImportError:
        pass
    try:
        from tflite_runtime.interpreter import Interpreter

        return Interpreter, f"tflite_runtime {version('tflite-runtime')}"
    except ImportError as error:
        raise PackageError(
            "neither ai_edge_litert nor tflite_runtime is installed: `pip install ai-edge-litert`."
        ) from error


def _words(tensor: Tensor) -> str:
    quantized = "" if tensor.scale is None else f" in steps of {tensor.scale:.6g}"
    return f"{tensor.dtype} {tuple(tensor.shape)}{quantized}"


def main(arguments: list[str]) -> int:
    """Check the package that is named, or the one around this file."""
    folder = Path(arguments[0]) if arguments else Path(__file__).parent
    try:
        verified = verify(folder)
    except PackageError as error:
        print(f"refused: {error}", file=sys.stderr)
        return 1
    print("\n".join([*verified.lines(), "good: the package is as it was made"]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
