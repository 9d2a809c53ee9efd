"""Seeds of ``.tflite`` files, and mutations of their bytes and of FlatBuffer tables."""

import functools
import struct
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import flatbuffers
import numpy as np

from benchmarks.fuzz.mutations import mutated
from litesmith.tflite.slimming import unpack

PROJECT = Path(__file__).parents[2]
_FOLDERS = ("benchmarks/models", "tests/litesmith/tiny")
_IDENTIFIER = b"TFL3"
# Constants up to here are no weights but shapes, axes and the like.
_MOST_SHAPE_BYTES = 64
_NUMBERS = (
    0,
    1,
    2,
    3,
    4,
    7,
    9,
    16,
    28,
    64,
    127,
    128,
    255,
    1000,
    65535,
    2**20,
    2**31 - 1,
    -1,
    -2,
    -128,
    -(2**31),
)


@functools.cache
def seeds() -> dict[str, bytes]:
    """Return the project's committed files, by name."""
    paths = [path for folder in _FOLDERS for path in sorted((PROJECT / folder).glob("*.tflite"))]
    return {path.name: path.read_bytes() for path in paths}


def make(rng: Random) -> dict[str, bytes]:
    """Return a mutated model."""
    content, draw = rng.choice(list(seeds().values())), rng.random()
    if draw < 0.5:
        return {"model.tflite": _restructured(rng, content)}
    if draw < 0.8:
        return {"model.tflite": _readdressed(rng, content)}
    return {"model.tflite": mutated(rng, content, list(seeds().values()))}


def _readdressed(rng: Random, content: bytes) -> bytes:
    """Change one to three of a file's 32-bit words, as which a FlatBuffer holds offsets and sizes."""
    changed = bytearray(content)
    for _ in range(rng.randint(1, 3)):
        place = 4 * rng.randrange(len(content) // 4)
        (word,) = struct.unpack_from("<I", content, place)
        number = rng.choice(
            [word + 4, word - 4, word * 2, len(content) - place, len(content), 0, 2**31 - 1, 2**32 - 1]
        )
        struct.pack_into("<I", changed, place, number % 2**32)
    return bytes(changed)


def _restructured(rng: Random, content: bytes) -> bytes:
    """Change one to three numbers in a file's tables, and write them anew."""
    for _ in range(20):
        model = unpack(content)
        for _ in range(rng.randint(1, 3)):
            _change(rng, *rng.choice(list(_numbers(model))))
        builder = flatbuffers.Builder(len(content))
        try:
            builder.Finish(model.Pack(builder), _IDENTIFIER)
        except (TypeError, ValueError, OverflowError, struct.error, AttributeError):
            continue  # a number that its field cannot hold
        return bytes(builder.Output())
    raise AssertionError("no change of twenty could be written")


def _change(rng: Random, table: Any, name: str, place: int | None) -> None:
    """Replace a number by a neighbour or by one of another size."""
    value = getattr(table, name)
    if place is None:
        number = rng.choice([value + 1, value - 1, *_NUMBERS])
        setattr(table, name, float(number) if isinstance(value, float) else number)
        return
    # What was read cannot be written.
    vector = value.copy() if value.dtype != np.uint8 else value.copy().view(np.int32)
    number = rng.choice([int(vector[place]) + 1, int(vector[place]) - 1, *_NUMBERS])
    vector[place] = np.array(number).astype(vector.dtype)
    setattr(table, name, vector.view(value.dtype))


def _numbers(table: Any) -> Iterator[tuple[Any, str, int | None]]:
    """Yield table, field and index of the numbers in a table and below, without weights."""
    for name, value in vars(table).items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield table, name, None
        elif isinstance(value, np.ndarray):
            yield from ((table, name, place) for place in range(_num_numbers(value)))
        else:
            below = value if isinstance(value, list) else [value]
            for item in below:
                if hasattr(item, "__dict__"):
                    yield from _numbers(item)


def _num_numbers(vector: np.ndarray[Any, np.dtype[Any]]) -> int:
    """Return how many numbers of a vector may be changed; a short constant holds some of 32 bits."""
    if vector.dtype != np.uint8:
        return len(vector)
    return len(vector) // 4 if len(vector) % 4 == 0 and len(vector) <= _MOST_SHAPE_BYTES else 0
