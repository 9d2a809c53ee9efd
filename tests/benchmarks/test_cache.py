"""Tests of benchmarks.cache."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.cache import Answers, cached_answers, name_for


def test_a_name_follows_from_the_numbers_alone() -> None:
    assert name_for({"a": 1, "b": [2]}) == name_for({"b": [2], "a": 1})
    names = {name_for({"a": 1}), name_for({"a": 2}), name_for([{"a": 1}, {}]), name_for([])}
    assert len(names) == 4
    assert all(len(name) == 12 for name in names)
    assert name_for({"a": 1}, num_digits=16).startswith(name_for({"a": 1}))


def test_answers_are_made_once_and_counted(tmp_path: Path) -> None:
    calls: list[int] = []

    def make() -> Answers:
        calls.append(1)
        return {"one": np.array([1, 2], np.uint8), "other": np.array([3, 4], np.uint8)}

    for _ in range(2):
        answers = cached_answers(tmp_path, make)
        assert {name: values.tolist() for name, values in answers.items()} == {
            "one": [1, 2],
            "other": [3, 4],
        }
    assert calls == [1]
    assert len(list(tmp_path.glob("spent-*.json"))) == 1, "counted where it was made, and not again"


def test_what_failed_is_made_again(tmp_path: Path) -> None:
    def fail() -> Answers:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cached_answers(tmp_path, fail)
    assert cached_answers(tmp_path, lambda: {"one": np.array([1], np.uint8)})["one"].tolist() == [1]
