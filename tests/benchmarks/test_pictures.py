from itertools import islice

import numpy as np
import pytest

from benchmarks.pictures import CUT_OUTS, NOISE, Outcome, claims, classified, cut_outs, strange_pictures
from litesmith.data.synthetic.garments import draw_images


def test_unanswered_pictures_are_never_right_and_always_strange() -> None:
    outcome = Outcome(["Bag", None, "Coat", "Bag"], [False, True, True, False])
    assert outcome.right(["Bag", "Bag", "Bag", "Bag"]) == 0.5
    assert outcome.strange == 0.5


def test_each_kind_of_cut_out_with_a_bound_is_claimed_and_one_bad_kind_fails() -> None:
    cut = dict.fromkeys(CUT_OUTS, 0.95) | {"dark on transparent": 0.92}
    checks = claims(1000, 0.011, cut, {"noise": 0.9, "blank": 1.0, "tiny": 1.0})
    assert [claim.verdict(claim.must) for claim in checks] == [
        "met",
        "not met",
        "met",
        "met",
        "met",
        "met",
        "not met",
    ]
    assert checks[5].measured == pytest.approx(0.96)


@pytest.mark.parametrize("kind", CUT_OUTS)
def test_cut_outs_hide_the_ground_and_nothing_else(kind: str) -> None:
    images = draw_images(3, 28, 28, 10, seed=1)[0]
    for picture, image in zip(cut_outs(*CUT_OUTS[kind](images)), images, strict=True):
        assert np.array_equal(np.asarray(picture)[..., 3] > 0, image > 0)


def test_strange_pictures_are_seeded_and_of_every_kind() -> None:
    images = draw_images(20, 28, 28, 10, seed=1)[0]
    first, again = (
        {
            kind: [np.asarray(image) for image in islice(checks, len(NOISE))]
            for kind, checks in strange_pictures(images).items()
        }
        for _ in range(2)
    )
    for kind, checks in first.items():
        assert all(
            np.array_equal(image, other) for image, other in zip(checks, again[kind], strict=True)
        )
    assert all(max(picture.shape[:2]) < 14 for picture in first["tiny"])
    assert all(np.ptp(picture, axis=(0, 1)).max() <= 4 for picture in first["blank"])


def test_pictures_go_the_way_of_a_users() -> None:
    images = draw_images(2, 28, 28, 10, seed=1)[0]
    noise = strange_pictures(images)["noise"]
    outcome = classified(islice(noise, len(NOISE)))
    assert outcome.strange == 1
    assert len(outcome.answers) == len(NOISE)
