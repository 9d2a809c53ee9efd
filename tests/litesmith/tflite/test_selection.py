import numpy as np
import pytest
from numpy.typing import NDArray

from litesmith.records.convert import FinalChoice
from litesmith.tflite.selection import CandidateFile, choose
from litesmith.tflite.sizes import Size

LABELS = np.zeros(1000, int)


def answers(*wrong: range) -> NDArray[np.int64]:
    predicted = np.zeros(1000, int)
    for rows in wrong:
        predicted[rows] = 1
    return predicted


def decide(
    *files: CandidateFile, noise: float = 1.0, relevant: float = 0.02, num_images: int = 1000
) -> FinalChoice:
    return choose(
        list(files),
        LABELS[:num_images],
        noise_standard_errors=noise,
        relevant_loss=relevant,
        equal_size_share=0.01,
        moved_px=1,
    )


def test_smaller_file_within_noise_wins() -> None:
    """3 images apart with 23 classified differently: standard error 0.0050, so 0.003 is noise."""
    tuned = CandidateFile("tuned-int8", Size(90_000, 80_000), answers(range(60)))
    pruned = CandidateFile("pruned-int8", Size(50_000, 40_000), answers(range(10, 73)))
    choice = decide(tuned, pruned)
    assert choice.name == "pruned-int8"
    assert choice.candidates["pruned-int8"].behind_best == pytest.approx(0.003)
    assert choice.reason == (
        "pruned-int8 (93.70 %) is the smallest near the most accurate (50\u2009000 bytes), "
        "tuned-int8 (94.00 %): 0.30 points behind, standard error 0.50."
    )


def test_smaller_file_beyond_noise_loses() -> None:
    tuned = CandidateFile("tuned-int8", Size(90_000, 80_000), answers(range(60)))
    pruned = CandidateFile("pruned-int8", Size(50_000, 40_000), answers(range(80)))
    choice = decide(tuned, pruned)
    assert choice.name == "tuned-int8"
    assert not choice.candidates["pruned-int8"].near_best
    assert choice.reason == (
        "tuned-int8 (94.00 %) is the most accurate on validation, no other near it."
    )


def test_few_images_do_not_excuse_a_loss_that_matters() -> None:
    """1 of 40 images more wrong is within noise, and 2.5 points more than the 2 that matter."""
    tuned = CandidateFile("tuned-int8", Size(90_000, 80_000), answers(range(4))[:40])
    pruned = CandidateFile("pruned-int8", Size(50_000, 40_000), answers(range(2, 7))[:40])
    choice = decide(tuned, pruned, num_images=40)
    candidate = choice.candidates["pruned-int8"]
    assert candidate.behind_best < candidate.standard_error and not candidate.near_best
    assert choice.name == "tuned-int8"
    assert candidate.smallest_visible == pytest.approx(0.1233, abs=1e-4)
    assert choice.reason.endswith(
        " These 40 images cannot show a difference under 12.3 points between candidates, and one of 2 matters: the "
        "choice is uncertain."
    )
    assert decide(tuned, pruned, num_images=40, relevant=0.03).name == "pruned-int8"


def test_as_accurate_a_file_is_chosen_for_its_size_however_few_the_images() -> None:
    tuned = CandidateFile("tuned-int8", Size(90_000, 80_000), answers(range(4))[:40])
    pruned = CandidateFile("pruned-int8", Size(50_000, 40_000), answers(range(1, 5))[:40])
    assert decide(tuned, pruned, num_images=40).name == "pruned-int8"


def test_each_candidate_has_its_balance_and_the_best_no_difference_from_itself() -> None:
    labels = np.arange(1000) % 2
    predicted = labels.copy()
    predicted[labels == 1] = np.arange(500) % 5 != 0
    file = CandidateFile("tuned-int8", Size(9, 8), np.stack([predicted] * 9))
    choice = choose(
        [file], labels, noise_standard_errors=1, relevant_loss=0.01, equal_size_share=0, moved_px=1
    )
    (candidate,) = choice.candidates.values()
    assert candidate.balance is not None and candidate.balance.accuracy.value == pytest.approx(0.9)
    assert (candidate.balance.worst.label, candidate.balance.worst.num_images) == (1, 500)
    assert (candidate.standard_error, candidate.smallest_visible) == (0, None)
    assert "uncertain" not in choice.reason


def test_compressed_size_decides_between_nearly_equal_raw_sizes() -> None:
    tuned = CandidateFile("tuned-int8", Size(90_000, 80_000), answers(range(60)))
    pruned = CandidateFile("pruned-int8", Size(90_400, 50_000), answers(range(10, 73)))
    choice = decide(tuned, pruned)
    assert choice.name == "pruned-int8"
    assert "the smallest compressed (50\u2009000 bytes)" in choice.reason


def test_the_most_accurate_may_be_the_smallest() -> None:
    tuned = CandidateFile("tuned-int8", Size(90_000, 80_000), answers(range(10, 73)))
    pruned = CandidateFile("pruned-int8", Size(90_000, 50_000), answers(range(60)))
    choice = decide(tuned, pruned)
    assert choice.name == "pruned-int8"
    assert choice.reason.endswith("which it is itself.")


def test_a_tie_in_everything_is_decided_by_name() -> None:
    twins = [CandidateFile(name, Size(100, 90), answers(range(60))) for name in ("b", "a")]
    assert decide(*twins).name == decide(*reversed(twins)).name == "a"


def test_noise_of_zero_selects_the_best() -> None:
    tuned = CandidateFile("tuned-int8", Size(90_000, 80_000), answers(range(60)))
    pruned = CandidateFile("pruned-int8", Size(50_000, 40_000), answers(range(10, 71)))
    assert decide(tuned, pruned, noise=0).name == "tuned-int8"


def test_pictures_of_one_image_count_once() -> None:
    """The same answers to nine pictures of each image know no more than to one."""
    tuned, pruned = answers(range(60)), answers(range(10, 73))
    once = decide(
        CandidateFile("tuned-int8", Size(9, 8), tuned), CandidateFile("pruned-int8", Size(9, 8), pruned)
    )
    nine = [
        CandidateFile(name, Size(9, 8), np.stack([predicted] * 9))
        for name, predicted in (("tuned-int8", tuned), ("pruned-int8", pruned))
    ]
    assert decide(*nine).candidates == once.candidates


def test_several_pictures_separate_what_one_does_not() -> None:
    tuned = np.stack([answers(range(60)), answers(range(60)), answers(range(60))])
    other = np.stack([answers(range(10, 73)), answers(range(66)), answers(range(66))])
    single = decide(
        CandidateFile("tuned-int8", Size(9, 8), tuned[:1]),
        CandidateFile("other-int8", Size(8, 8), other[:1]),
    )
    all_three = decide(
        CandidateFile("tuned-int8", Size(9, 8), tuned), CandidateFile("other-int8", Size(8, 8), other)
    )
    assert single.candidates["other-int8"].near_best
    assert not all_three.candidates["other-int8"].near_best


def test_a_better_file_over_the_limits_is_not_the_best() -> None:
    tuned = CandidateFile(
        "tuned-int8", Size(90_000, 80_000), answers(range(20)), broken="work of 9, limit 8"
    )
    pruned = CandidateFile("pruned-int8", Size(50_000, 40_000), answers(range(60)))
    choice = decide(tuned, pruned)
    assert choice.name == "pruned-int8"
    assert choice.candidates["pruned-int8"].behind_best == 0
    assert not choice.candidates["tuned-int8"].within_limits
    assert choice.reason == (
        "pruned-int8 (94.00 %) is the most accurate on validation, no other near it. "
        "Over the device's limits: tuned-int8 (work of 9, limit 8)."
    )


def test_limits_that_every_candidate_breaks_exclude_none() -> None:
    tuned = CandidateFile(
        "tuned-int8", Size(90_000, 80_000), answers(range(60)), broken="work of 9, limit 8"
    )
    choice = decide(tuned)
    assert choice.name == "tuned-int8"
    assert choice.reason.endswith(
        "No candidate keeps the device's limits: tuned-int8 (work of 9, limit 8)."
    )
