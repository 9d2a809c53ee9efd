from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from litesmith.data.quality.cache import Cache, chain, code_digest, from_arrays, to_arrays


@dataclass(frozen=True)
class Inner:
    name: str
    values: NDArray[np.float32]


@dataclass(frozen=True)
class Outer:
    number: int
    share: float
    words: tuple[str, ...]
    inner: Inner


def made() -> Outer:
    return Outer(3, 0.1, ("a", "", "ä"), Inner("x", np.array([1.5, 2.5], np.float32)))


def require_same(one: Outer, other: Outer) -> None:
    assert (one.number, one.share, one.words, one.inner.name) == (
        other.number,
        other.share,
        other.words,
        other.inner.name,
    )
    np.testing.assert_array_equal(one.inner.values, other.inner.values)
    assert other.inner.values.dtype == np.float32


def test_dataclasses_come_back() -> None:
    require_same(made(), from_arrays(Outer, to_arrays(made())))
    empty = Outer(0, 0.0, (), Inner("", np.zeros(0, np.float32)))
    require_same(empty, from_arrays(Outer, to_arrays(empty)))


def test_entry_is_made_once(tmp_path: Path) -> None:
    calls = []

    def make() -> Outer:
        calls.append(1)
        return made()

    cache = Cache(tmp_path / "cache")
    for _ in range(3):
        require_same(made(), cache.get(Outer, "key", make))
    assert len(calls) == 1
    cache.get(Outer, "other", make)
    assert len(calls) == 2


def test_without_folder_all_is_made() -> None:
    calls = []
    cache = Cache()
    for _ in range(2):
        cache.get(Inner, "key", lambda: calls.append(1) or made().inner)  # type: ignore[func-returns-value]
    assert len(calls) == 2


def test_broken_entry_is_made_again(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.get(Outer, "key", made)
    (path,) = tmp_path.iterdir()
    for content in (b"", b"PK\x03\x04 no archive", path.read_bytes()[:300]):
        path.write_bytes(content)
        require_same(made(), cache.get(Outer, "key", made))
    np.savez(path.open("wb"), number=3)
    require_same(made(), cache.get(Outer, "key", made))


def test_digests_tell_bounds_and_types() -> None:
    assert chain("ab", "c") != chain("a", "bc")
    assert (
        chain(np.zeros(2, np.uint8)) != chain(np.zeros((2, 1), np.uint8)) != chain(np.zeros(2, np.int8))
    )
    assert chain("a", b"a") == chain("a", "a")
    assert len(code_digest()) == 32 and code_digest() == code_digest()
