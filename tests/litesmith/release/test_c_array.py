"""Tests of litesmith.release.c_array."""

import shutil
import subprocess
from pathlib import Path

import pytest

from litesmith.records.record import read_record
from litesmith.records.service.release import Manifest, Operator, Operators
from litesmith.release import verify
from litesmith.release.c_array import render_c_array
from litesmith.tflite.metadata import read_metadata

PROGRAM = r"""
#include <stdint.h>
#include <stdio.h>
#include "model.h"

int main(void) {
  fwrite(litesmith_model, 1, sizeof litesmith_model, stdout);
  fprintf(stderr, "%d\n%s\n%d\n%.9g\n", (int)((uintptr_t)litesmith_model % 16), litesmith_labels[1],
          LITESMITH_INPUT_ZERO_POINT, LITESMITH_INPUT_SCALE);
  return LITESMITH_NUM_LABELS + LITESMITH_ARENA_BYTES / 66000;
}
"""
# A name that ends comments and strings, continues lines and is no ASCII.
NASTY = '*/ "Ä\\ ??/ %s'


def header(package: Path) -> str:
    metadata = read_metadata(package / verify.MODEL).replace(class_names=("left", NASTY, "neither"))
    manifest = read_record(package / verify.MANIFEST, Manifest)
    manifest = manifest.model_copy(update={"dataset": "sides */ \\\n#error"})
    needs = read_record(package / "operators.json", Operators)
    return render_c_array((package / verify.MODEL).read_bytes(), metadata, manifest, needs)


def operator_lines(package: Path, *operators: Operator) -> str:
    """Return what a header says of operators."""
    manifest = read_record(package / verify.MANIFEST, Manifest)
    needs = Operators(operators=operators, arena=None)
    text = render_c_array(b"model", read_metadata(package / verify.MODEL), manifest, needs)
    _, found, rest = text.partition("#define LITESMITH_NUM_OPERATORS")
    return f"{found}{rest.partition(chr(10) * 2)[0]}"


@pytest.mark.parametrize(
    ("compiler", "options"),
    [
        ("cc", ["-std=c11", "-Wall", "-Wextra", "-Werror", "-pedantic"]),
        ("c++", ["-std=c++11", "-x", "c++", "-Wall", "-Werror"]),
    ],
)
def test_it_compiles_and_holds_the_model(
    package: Path, tmp_path: Path, compiler: str, options: list[str]
) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"needs {compiler}")
    (tmp_path / "model.h").write_text(header(package), encoding="utf-8")
    (tmp_path / "main.c").write_text(PROGRAM)
    subprocess.run([compiler, *options, "main.c", "-o", "main"], cwd=tmp_path, check=True)
    done = subprocess.run([tmp_path / "main"], capture_output=True, check=False)
    assert done.returncode == 4
    assert done.stdout == (package / verify.MODEL).read_bytes()
    assert done.stderr.decode().splitlines() == ["0", NASTY, "-128", "0.00390618993"]


def test_a_float_model_has_no_scale(package: Path) -> None:
    metadata = read_metadata(package / verify.MODEL)
    assert metadata.tensors is not None
    plain = {"scale": None, "zero_point": None}
    tensors = metadata.tensors.replace(
        input=metadata.tensors.input.model_copy(update=plain),
        output=metadata.tensors.output.model_copy(update=plain),
    )
    manifest = read_record(package / verify.MANIFEST, Manifest)
    text = render_c_array(
        b"model", metadata.replace(tensors=tensors), manifest, Operators(operators=(), arena=None)
    )
    assert "SCALE" not in text and "ARENA" not in text
    assert "0x6d, 0x6f, 0x64, 0x65, 0x6c," in text


def test_operators_are_added_by_the_methods_of_the_resolver(package: Path) -> None:
    kinds = ("CONV_2D", "MAX_POOL_2D", "REVERSE_V2", "FULLY_CONNECTED", "ADD", "CONV_2D")
    operators = tuple(
        Operator(name=kind, version=version, custom=False, count=1) for version, kind in enumerate(kinds)
    )
    assert operator_lines(package, *operators) == (
        "#define LITESMITH_NUM_OPERATORS 5\n"
        "#define LITESMITH_ADD_OPERATORS(resolver) ( \\\n"
        "    (resolver).AddAdd() == kTfLiteOk && \\\n"
        "    (resolver).AddConv2D() == kTfLiteOk && \\\n"
        "    (resolver).AddFullyConnected() == kTfLiteOk && \\\n"
        "    (resolver).AddMaxPool2D() == kTfLiteOk && \\\n"
        "    (resolver).AddReverseV2() == kTfLiteOk)"
    )


def test_an_operator_that_is_not_built_in_leaves_them_to_the_program(package: Path) -> None:
    odd = Operator(name="Mystery", version=1, custom=True, count=1)
    assert operator_lines(package, odd) == ""
