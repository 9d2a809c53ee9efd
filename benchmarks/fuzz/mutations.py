"""Mutate the bytes of a file: anywhere, or inside what a checksum or a compression would hide."""

import gzip
import struct
import zlib
from collections.abc import Callable
from random import Random

Mutation = Callable[[Random, bytes], bytes]

# Where most formats say sizes, types and offsets.
_HEADER_BYTES = 64
_MOST_INSERTED = 200
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def mutated(rng: Random, content: bytes, others: list[bytes]) -> bytes:
    """Return bytes after one to four mutations.

    Args:
        rng: Decides which.
        content: What to mutate.
        others: Whole contents that a part of one may be taken from.
    """
    for _ in range(rng.randint(1, 4)):
        if rng.random() < 0.1:
            content = spliced(rng, content, rng.choice(others))
        else:
            content = rng.choice(_MUTATIONS)(rng, content)
    return content


def flipped(rng: Random, content: bytes) -> bytes:
    """Flip one to eight bits."""
    changed = bytearray(content)
    for _ in range(rng.randint(1, 8) if changed else 0):
        changed[_place(rng, content)] ^= 1 << rng.randrange(8)
    return bytes(changed)


def overwritten(rng: Random, content: bytes) -> bytes:
    """Write zeros, ones or noise over a run of bytes."""
    start, length = _place(rng, content), rng.randint(1, 40)
    run = rng.choice([bytes(length), b"\xff" * length, rng.randbytes(length)])
    return content[:start] + run[: len(content) - start] + content[start + length :]


def cut(rng: Random, content: bytes) -> bytes:
    """Leave out the end."""
    return content[: rng.randint(0, len(content))]


def shortened(rng: Random, content: bytes) -> bytes:
    """Leave out a run of bytes."""
    start = _place(rng, content)
    return content[:start] + content[start + rng.randint(1, _MOST_INSERTED) :]


def inserted(rng: Random, content: bytes) -> bytes:
    """Put noise in between."""
    start = _place(rng, content)
    return content[:start] + rng.randbytes(rng.randint(1, _MOST_INSERTED)) + content[start:]


def duplicated(rng: Random, content: bytes) -> bytes:
    """Write a run of bytes twice."""
    start = _place(rng, content)
    return content[: start + rng.randint(1, _MOST_INSERTED)] + content[start:]


def extreme(rng: Random, content: bytes) -> bytes:
    """Write a number that formats are not ready for over a field of one to eight bytes."""
    size, order = rng.choice([1, 2, 4, 4, 8]), rng.choice(["<", ">"])
    start = _place(rng, content) // size * size
    field = struct.pack(
        f"{order}{dict(zip((1, 2, 4, 8), 'BHIQ', strict=True))[size]}", _number(rng, size)
    )
    return content[:start] + field[: len(content) - start] + content[start + size :]


def spliced(rng: Random, content: bytes, other: bytes) -> bytes:
    """Go on, after the beginning of one file, with the end of another."""
    return content[: rng.randint(0, len(content))] + other[rng.randint(0, len(other)) :]


def repacked(rng: Random, content: bytes, others: list[bytes]) -> bytes:
    """Mutate what a gzip file holds, and pack it again so that its checksum is right."""
    inner = mutated(rng, gzip.decompress(content), [gzip.decompress(other) for other in others])
    return gzip.compress(inner, compresslevel=1, mtime=0)


def png_changed(rng: Random, content: bytes) -> bytes:
    """Change a chunk of a PNG and give it the right checksum; compressed data may be packed again."""
    chunks = _png_chunks(content)
    place = rng.randrange(len(chunks))
    name, data = chunks[place]
    match rng.randrange(5):
        case 0:
            del chunks[place]
        case 1:
            chunks.insert(rng.randrange(len(chunks) + 1), (name, data))
        case 2:
            chunks[place] = (rng.choice(chunks)[0], data)
        case 3 if name == b"IDAT":
            chunks[place] = (
                name,
                zlib.compress(mutated(rng, zlib.decompressobj().decompress(data), [data]), 1),
            )
        case _:
            chunks[place] = (name, rng.choice([extreme, flipped, cut])(rng, data))
    return _PNG_SIGNATURE + b"".join(_png_chunk(name, data) for name, data in chunks)


def tiff_changed(rng: Random, content: bytes) -> bytes:
    """Give a field of the first directory of a little-endian TIFF another type, count or value."""
    (start,) = struct.unpack_from("<I", content, 4)
    (num_fields,) = struct.unpack_from("<H", content, start)
    changed = bytearray(content)
    place = start + 2 + 12 * rng.randrange(num_fields)
    offset, size = rng.choice([(0, 2), (2, 2), (4, 4), (8, 4), (8, 2)])
    value = rng.choice([_number(rng, size), rng.randrange(0, 20)])
    struct.pack_into("<H" if size == 2 else "<I", changed, place + offset, value)
    return bytes(changed)


def _place(rng: Random, content: bytes) -> int:
    """Choose a byte, half of the time in the header."""
    most = min(len(content), _HEADER_BYTES) if rng.random() < 0.5 else len(content)
    return rng.randrange(most) if most else 0


def _number(rng: Random, size: int) -> int:
    """Choose a number at an end, or next to one, of those that ``size`` bytes hold."""
    most, half = (1 << 8 * size) - 1, 1 << 8 * size - 1
    return rng.choice(
        [0, 1, 2, half - 1, half, half + 1, most - 1, most, most // size, rng.randint(0, most)]
    )


def _png_chunks(content: bytes) -> list[tuple[bytes, bytes]]:
    """Return name and data of each chunk of a sound PNG."""
    chunks, start = [], len(_PNG_SIGNATURE)
    while start < len(content):
        (size,) = struct.unpack_from(">I", content, start)
        chunks.append((content[start + 4 : start + 8], content[start + 8 : start + 8 + size]))
        start += 12 + size
    return chunks


def _png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


_MUTATIONS: tuple[Mutation, ...] = (
    flipped,
    flipped,
    overwritten,
    cut,
    shortened,
    inserted,
    duplicated,
    extreme,
    extreme,
    extreme,
)
