"""A model as a C array, for microcontrollers without a file system."""

import string

from litesmith.records.service.release import Manifest, Operator, Operators
from litesmith.tflite.metadata import Metadata

_BYTES_PER_LINE = 16
# What stands for itself in a C string: no quotes or backslashes, and no question marks, as of trigraphs.
_PLAIN = (string.ascii_letters + string.digits + " -_./,+()").encode()


def render_c_array(model: bytes, metadata: Metadata, manifest: Manifest, needs: Operators) -> str:
    """Return a header for C11 or C++11 with model, labels, quantization and operators.

    TensorFlow Lite Micro asks for models at multiples of 16 bytes. ``LITESMITH_ADD_OPERATORS`` adds what
    the model needs to a ``tflite::MicroMutableOpResolver<LITESMITH_NUM_OPERATORS>`` and is true if all
    could be added; a model with an operator that is not built in has neither.

    Args:
        model: Content of the ``.tflite`` file.
        metadata: With the tensors of the model.
        manifest: Of the package.
        needs: The model's operators, and its arena if that is known.

    Source: https://github.com/tensorflow/tflite-micro/blob/main/tensorflow/lite/micro/docs/new_platform_support.md
    """
    labels = ",\n".join(f"    {_c_string(name)}" for name in metadata.class_names)
    lines = [
        f"    {', '.join(f'0x{byte:02x}' for byte in model[start : start + _BYTES_PER_LINE])},"
        for start in range(0, len(model), _BYTES_PER_LINE)
    ]
    defines = "\n".join(f"#define {name} {value}" for name, value in _defines(metadata, needs))
    array = "\n".join(lines)
    return f"""\
// Written by litesmith from a package for {_comment(manifest.dataset)} on {_comment(manifest.device)}.
// SHA-256 of the model: {manifest.model_sha256}
#ifndef LITESMITH_MODEL_H
#define LITESMITH_MODEL_H

#ifdef __cplusplus
#define LITESMITH_ALIGNED alignas(16)
#else
#define LITESMITH_ALIGNED _Alignas(16)
#endif

#define LITESMITH_MODEL_BYTES {len(model)}u
{defines}

static const char *const litesmith_labels[{len(metadata.class_names)}] = {{
{labels},
}};

LITESMITH_ALIGNED static const unsigned char litesmith_model[LITESMITH_MODEL_BYTES] = {{
{array}
}};

#endif
"""


def _defines(metadata: Metadata, needs: Operators) -> list[tuple[str, str]]:
    """Return the numbers that a program needs, by the names of their macros."""
    values = [("LITESMITH_NUM_LABELS", str(len(metadata.class_names)))]
    form = metadata.input
    values += [
        ("LITESMITH_INPUT_HEIGHT", str(form.height)),
        ("LITESMITH_INPUT_WIDTH", str(form.width)),
        ("LITESMITH_INPUT_CHANNELS", str(form.channels)),
    ]
    if metadata.tensors is not None:
        sides = (("INPUT", metadata.tensors.input), ("OUTPUT", metadata.tensors.output))
        for side, tensor in sides:
            if tensor.scale is not None:
                values += [
                    (f"LITESMITH_{side}_SCALE", f"{tensor.scale!r}f"),
                    (f"LITESMITH_{side}_ZERO_POINT", f"({tensor.zero_point})"),
                ]
    if needs.arena is not None:
        values.append(("LITESMITH_ARENA_BYTES", f"{needs.arena.recommended_bytes}u"))
    if not any(operator.custom for operator in needs.operators):
        methods = sorted({_method(operator) for operator in needs.operators})
        added = " && \\\n    ".join(f"(resolver).{method}() == kTfLiteOk" for method in methods)
        values += [
            ("LITESMITH_NUM_OPERATORS", str(len(methods))),
            ("LITESMITH_ADD_OPERATORS(resolver)", f"( \\\n    {added})"),
        ]
    return values


def _method(operator: Operator) -> str:
    """Return the method of TensorFlow Lite Micro's resolver that adds an operator: ``AddConv2D``."""
    words = operator.name.split("_")
    return "Add" + "".join(word if word[0].isdigit() else word.capitalize() for word in words)


def _c_string(text: str) -> str:
    """Return a text in UTF-8 as a C string, with special characters escaped."""
    written = [chr(byte) if byte in _PLAIN else f"\\{byte:03o}" for byte in text.encode()]
    return f'"{"".join(written)}"'


def _comment(text: str) -> str:
    """Return a text that ends no comment and continues on no other line."""
    return "".join(letter if letter.isalnum() and letter.isascii() else "-" for letter in text)
