"""Keep what takes long to make, so that a killed benchmark goes on and one with other numbers starts anew."""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.spent import counting
from litesmith.files import replacing

Answers = Mapping[str, NDArray[Any]]


def name_for(numbers: Any, num_digits: int = 12) -> str:
    """Return hexadecimal digits that follow from numbers, which JSON must be able to hold."""
    return hashlib.sha256(json.dumps(numbers, sort_keys=True).encode()).hexdigest()[:num_digits]


def cached_answers(folder: Path, make: Callable[[], Answers]) -> Answers:
    """Return what networks answered, by network or way of asking, of any shape each.

    Args:
        folder: Where they are kept, in ``answers.npz``, and where making them is counted.
        make: Makes them if they are not there.
    """
    path = folder / "answers.npz"
    if not path.exists():
        with counting(folder):
            made = make()
        with replacing(path) as part:
            np.savez(part, allow_pickle=False, **made)
    with np.load(path) as kept:
        return dict(kept)
