import numpy as np
import pytest
from numpy.typing import NDArray

from litesmith.tflite.selection import Candidate, Choice, choose
from litesmith.tflite.sizes import Size

LABELS = np.zeros(1000, int)


def answers(*wrong: range) -> NDArray[np.int64]:
    predicted = np.zeros(1000, int)
    for rows in wrong:
        predicted[rows] = 1
    return predicted


def decide(*candidates: Candidate, noise: float = 1.0) -> Choice:
    return choose(list(candidates), LABELS, noise_standard_errors=noise, equal_size_share=0.01)


def test_smaller_file_within_noise_wins() -> None:
    """3 images apart with 23 told differently: standard error 0.0048, so 0.003 is noise."""
    tuned = Candidate("tuned-int8", Size(90_000, 80_000), answers(range(60)))
    pruned = Candidate("pruned-int8", Size(50_000, 40_000), answers(range(10, 73)))
    choice = decide(tuned, pruned)
    assert choice.name == "pruned-int8"
    assert choice.standings["pruned-int8"].behind.mean == pytest.approx(0.003)
    assert choice.reason == (
        "pruned-int8 (0.9370) is the smallest within noise of the most accurate (50000 bytes), "
        "tuned-int8 (0.9400): 0.0030 behind, standard error 0.0048."
    )


def test_smaller_file_beyond_noise_loses() -> None:
    tuned = Candidate("tuned-int8", Size(90_000, 80_000), answers(range(60)))
    pruned = Candidate("pruned-int8", Size(50_000, 40_000), answers(range(80)))
    choice = decide(tuned, pruned)
    assert choice.name == "tuned-int8"
    assert not choice.standings["pruned-int8"].within_noise
    assert choice.reason == (
        "tuned-int8 (0.9400) is the most accurate on validation, no other within noise of it."
    )


def test_compressed_size_decides_between_nearly_equal_raw_sizes() -> None:
    tuned = Candidate("tuned-int8", Size(90_000, 80_000), answers(range(60)))
    pruned = Candidate("pruned-int8", Size(90_400, 50_000), answers(range(10, 73)))
    choice = decide(tuned, pruned)
    assert choice.name == "pruned-int8"
    assert "the smallest compressed (50000 bytes)" in choice.reason


def test_the_most_accurate_may_be_the_smallest() -> None:
    tuned = Candidate("tuned-int8", Size(90_000, 80_000), answers(range(10, 73)))
    pruned = Candidate("pruned-int8", Size(90_000, 50_000), answers(range(60)))
    choice = decide(tuned, pruned)
    assert choice.name == "pruned-int8"
    assert choice.reason.endswith("which it is itself.")


def test_a_tie_in_everything_is_decided_by_name() -> None:
    twins = [Candidate(name, Size(100, 90), answers(range(60))) for name in ("b", "a")]
    assert decide(*twins).name == decide(*reversed(twins)).name == "a"


def test_noise_of_zero_asks_for_the_best() -> None:
    tuned = Candidate("tuned-int8", Size(90_000, 80_000), answers(range(60)))
    pruned = Candidate("pruned-int8", Size(50_000, 40_000), answers(range(10, 71)))
    assert decide(tuned, pruned, noise=0).name == "tuned-int8"


def test_pictures_of_one_image_count_once() -> None:
    """The same answers to nine pictures of each image know no more than to one."""
    tuned, pruned = answers(range(60)), answers(range(10, 73))
    once = decide(
        Candidate("tuned-int8", Size(9, 8), tuned), Candidate("pruned-int8", Size(9, 8), pruned)
    )
    nine = [
        Candidate(name, Size(9, 8), np.stack([said] * 9))
        for name, said in (("tuned-int8", tuned), ("pruned-int8", pruned))
    ]
    assert decide(*nine).standings == once.standings


def test_pictures_tell_apart_what_one_does_not() -> None:
    tuned = np.stack([answers(range(60)), answers(range(60)), answers(range(60))])
    other = np.stack([answers(range(10, 73)), answers(range(66)), answers(range(66))])
    one = decide(
        Candidate("tuned-int8", Size(9, 8), tuned[:1]), Candidate("other-int8", Size(8, 8), other[:1])
    )
    all_ = decide(Candidate("tuned-int8", Size(9, 8), tuned), Candidate("other-int8", Size(8, 8), other))
    assert one.standings["other-int8"].within_noise
    assert not all_.standings["other-int8"].within_noise


def test_a_better_file_over_the_budget_is_no_measure() -> None:
    tuned = Candidate(
        "tuned-int8", Size(90_000, 80_000), answers(range(20)), broken="work of 9, limit 8"
    )
    pruned = Candidate("pruned-int8", Size(50_000, 40_000), answers(range(60)))
    choice = decide(tuned, pruned)
    assert choice.name == "pruned-int8"
    assert choice.standings["pruned-int8"].behind.mean == 0
    assert not choice.standings["tuned-int8"].within_limits
    assert choice.reason == (
        "pruned-int8 (0.9400) is the most accurate on validation, no other within noise of it. "
        "Over the device's limits: tuned-int8 (work of 9, limit 8)."
    )


def test_a_budget_that_nothing_keeps_to_is_told_and_binds_nothing() -> None:
    tuned = Candidate(
        "tuned-int8", Size(90_000, 80_000), answers(range(60)), broken="work of 9, limit 8"
    )
    choice = decide(tuned)
    assert choice.name == "tuned-int8"
    assert choice.reason.endswith(
        "No candidate keeps the device's limits: tuned-int8 (work of 9, limit 8)."
    )
