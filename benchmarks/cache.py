"""A cache of long work: a killed benchmark goes on, one with other numbers starts anew."""

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


def cached_answers(folder: Path, compute: Callable[[], Answers]) -> Answers:
    """Return the answers of networks, by network or view, of any shape each.

    Args:
        folder: Of the cache, ``answers.npz``, and of the CPU-seconds spent on it.
        compute: Called if the cache is empty.
    """
    path = folder / "answers.npz"
    if not path.exists():
        with counting(folder):
            answers = compute()
        with replacing(path) as part:
            np.savez(part, allow_pickle=False, **answers)
    with np.load(path) as answers:
        return dict(answers)
