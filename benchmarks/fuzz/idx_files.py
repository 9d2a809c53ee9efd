"""Seeds of IDX files, and their mutations."""

import functools
import gzip
import math
import struct
from pathlib import Path
from random import Random

from benchmarks.fuzz.mutations import flipped, mutated, repacked
from litesmith.data.formats.idx import encode_idx
from litesmith.data.sources import idx_pairs
from litesmith.data.synthetic.garments import NUM_CLASSES, draw_images
from litesmith.files import read_yaml
from litesmith.params.everything import Params
from litesmith.params.loading import overlaid, parse_params
from tasks import catalog

PROJECT = Path(__file__).parents[2]

# Most bytes of a changed header, with its body.
_MOST_BYTES = 1_000_000

NUM_TRAIN, NUM_TEST, SIZE = 200, 20, 10
FILES = tuple(path.as_posix() for pair in idx_pairs(catalog.RAW).values() for path in pair)


@functools.cache
def params() -> Params:
    """Return the project's parameters, adapted to the seeds."""
    overlay = {
        "validate": {"mean_range": [0.0, 0.9], "std_range": [0.0, 0.9], "max_left_out": 0.5},
    }
    params = parse_params(overlaid(read_yaml(PROJECT / "params.yaml"), overlay), PROJECT)
    shares = params.dataset.shares.replace(validation=0.3, gate=0.3)
    dataset = params.dataset.replace(height=SIZE, width=SIZE, min_per_class=1, shares=shares)
    return params.replace(dataset=dataset)


@functools.cache
def seeds() -> dict[str, bytes]:
    """Return images and labels of a small training and a small test set, by their paths in a project."""
    arrays = [
        array
        for num, seed in ((NUM_TRAIN, 7), (NUM_TEST, 8))
        for array in draw_images(num, SIZE, SIZE, NUM_CLASSES, seed)
    ]
    return {name: encode_idx(array) for name, array in zip(FILES, arrays, strict=True)}


def make(rng: Random) -> dict[str, bytes]:
    """Return the files, up to two of them mutated, before or after packing, or unpacked."""
    files = dict(seeds())
    others = list(files.values())
    for name in rng.sample(FILES, rng.choice([1, 1, 1, 2])):
        draw = rng.random()
        if draw < 0.3:
            files[name] = _with_other_header(rng, files[name])
        elif draw < 0.6:
            files[name] = repacked(rng, files[name], others)
        elif draw < 0.75:
            files[name] = gzip.compress(
                _with_other_pixels(rng, gzip.decompress(files[name])), 1, mtime=0
            )
        elif draw < 0.95:
            files[name] = mutated(rng, files[name], others)
        else:
            inner = gzip.decompress(files[name])
            files[name] = rng.choice([inner, mutated(rng, inner, others)])
    return files


def _with_other_pixels(rng: Random, inner: bytes) -> bytes:
    """Change what follows the header, so that a file is whole and holds odd images or labels."""
    start = 4 + 4 * inner[3]
    body, length = inner[start:], len(inner) - start
    odd = [
        bytes(length),
        b"\xff" * length,
        rng.randbytes(length),
        body[::-1],
        flipped(rng, body),
        body[:1] * length,
    ]
    return inner[:start] + rng.choice(odd)


def _with_other_header(rng: Random, content: bytes) -> bytes:
    """Change type and sizes in a file's header, maybe with a body of that size."""
    inner = gzip.decompress(content)
    kind, num_sizes = inner[2:4]
    sizes = struct.unpack_from(f">{num_sizes}I", inner, 4)
    sizes = tuple(rng.choice([size, size, 0, 1, rng.randrange(100), 2**31, 2**32 - 1]) for size in sizes)
    body, promised = inner[4 + 4 * num_sizes :], math.prod(sizes)
    if promised < _MOST_BYTES and rng.random() < 0.7:
        body = (body * (promised // len(body) + 1))[:promised]
    if rng.random() < 0.1:
        kind, num_sizes = rng.choice([kind, 0, 9, 13, 255]), rng.choice([num_sizes, 0, 1, 2, 4, 255])
    return gzip.compress(
        bytes([0, 0, kind, num_sizes]) + struct.pack(f">{len(sizes)}I", *sizes) + body, 1, mtime=0
    )
