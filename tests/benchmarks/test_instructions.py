"""Tests of benchmarks.instructions."""

from typing import Any

import numpy as np
import pytest

from benchmarks import instructions
from benchmarks.instructions import AS_FOUND, CONFIG, Config, Hosts, claims
from benchmarks.numbers import read_numbers


def config() -> Config:
    return read_numbers(CONFIG, Config)


def host(weights: str = "a", file: str = "f", narrow: str = "a", cpu_s: float = 2.0) -> dict[str, Any]:
    """Return what a host measured, with one hash for all trainings, and one for AVX-512 alone."""
    found = {"weights": [weights], "file": [file], "cpu_s": cpu_s}
    return {
        "trainings": {
            name: {
                held: {**found, "weights": [narrow if held == "AVX512_CORE" else weights]}
                | ({} if held == AS_FOUND else {"cpu_s": 3.0})
                for held in training.instructions
            }
            for name, training in config().trainings.items()
        }
    }


def measured(hosts: Hosts) -> list[float | None]:
    return [claim.measured for claim in claims(config(), hosts)]


def test_one_host_says_nothing_of_others() -> None:
    assert measured({"one": host()}) == [0, None, None]


def test_trainings_that_differ_are_counted() -> None:
    exact = sum(each.compute_dtype == "float32" for each in config().trainings.values())
    assert exact == 4
    assert measured({"one": host(narrow="b")}) == [exact, None, None]
    assert measured({"one": host(), "other": host()}) == [0, 0, 0]
    assert measured({"one": host(), "other": host(weights="b", narrow="b")}) == [0, exact, 0]
    assert measured({"one": host(), "other": host(file="g")}) == [0, 0, exact]


def test_a_training_that_does_not_repeat_differs() -> None:
    twice = host()
    twice["trainings"]["winner"][AS_FOUND]["weights"] = ["a", "b"]
    assert measured({"one": twice}) == [1, None, None]


def test_the_price_is_told_with_the_bytes() -> None:
    note = claims(config(), {"one": host(narrow="b")})[0].note
    assert "baseline: AVX512_CORE other bytes at 1.50 times the CPU-seconds, AVX2 the same bytes" in note


@pytest.mark.slow
def test_the_same_training_has_the_same_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("litesmith.training.backend.set_threads", lambda _: None)
    whole = config()
    winner = whole.trainings["winner"]
    assert winner.network is not None and winner.recipe is not None
    small = winner.replace(
        network=winner.network.replace(stem_width=4, stage_widths=(8, 8), repeats=1),
        recipe=winner.recipe.replace(epochs=1, batch_size=32),
    )
    few = whole.replace(
        num_images=120,
        side=16,
        baseline=whole.baseline.replace(conv_widths=(4, 8), epochs=1),
        trainings={"winner": small, "baseline": whole.trainings["baseline"]},
    )
    first, again = (instructions.train_once(few, "winner", AS_FOUND) for _ in range(2))
    baseline = instructions.train_once(few, "baseline", AS_FOUND)
    assert first["cpu_s"] > 0
    assert {len(first["weights"]), len(first["file"])} == {16}
    assert [first[key] for key in ("weights", "file")] == [again[key] for key in ("weights", "file")]
    assert baseline["weights"] != first["weights"]


def test_labels_follow_from_images_and_both_from_the_seed() -> None:
    whole = config().replace(num_images=500)
    split, again = (instructions._noise(whole, "training") for _ in range(2))
    np.testing.assert_array_equal(split.images, again.images)
    np.testing.assert_array_equal(split.labels, again.labels)
    assert set(split.labels) == set(range(whole.num_classes))
    assert (instructions._noise(whole, "validation").images != split.images).any()
