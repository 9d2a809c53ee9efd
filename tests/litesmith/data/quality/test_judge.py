import numpy as np
import pytest
from numpy.typing import NDArray

from litesmith.data.quality.judge import Judge, content_keys, fit_judge, losses, shrink
from tests.litesmith.data.quality.sets import CLASSES, Part, digest, draw


def fitted(part: Part) -> tuple[Judge, NDArray[np.float32]]:
    keys = content_keys([digest(image) for image in part.images], [""] * len(part.labels))
    return fit_judge(part.images, np.arange(len(part.labels)), part.labels, keys, len(CLASSES))


def test_judge_knows_classes_that_it_was_shown() -> None:
    judge, unseen = fitted(draw("base", 600, 1))
    other = draw("week", 200, 2)
    said = judge.probabilities(other.images)
    assert said.shape == (200, 4) and said.dtype == np.float32
    np.testing.assert_allclose(said.sum(axis=1), 1, atol=1e-5)
    assert (said.argmax(axis=1) == other.labels).mean() > 0.9
    assert unseen.shape == (600, 4)


def test_images_are_judged_by_what_has_not_seen_them() -> None:
    part = draw("base", 400, 1)
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 4, 400)
    judge, unseen = fitted(part.of(labels=labels))
    # Labels drawn at random can be learnt by heart, but not foretold.
    assert (unseen.argmax(axis=1) == labels).mean() < 0.35
    assert (judge.probabilities(part.images).argmax(axis=1) == labels).mean() > 0.4


def test_a_class_without_images_is_never_expected() -> None:
    part = draw("base", 400, 1)
    kept = part.labels != 2
    keys = content_keys([digest(image) for image in part.images[kept]], [""] * int(kept.sum()))
    judge, _ = fit_judge(part.images, np.flatnonzero(kept), part.labels[kept], keys, 4)
    assert judge.probabilities(part.images[kept])[:, 2].max() < 0.05


def test_all_is_the_same_each_time_and_in_any_order() -> None:
    part = draw("base", 300, 1)
    judge, unseen = fitted(part)
    again, unseen_again = fitted(part)
    np.testing.assert_array_equal(judge.weights, again.weights)
    np.testing.assert_array_equal(unseen, unseen_again)


def test_a_group_is_learnt_as_a_whole() -> None:
    keys = content_keys(["a", "b", "c", "c"], ["", "g", "g", ""])
    assert keys[1] == keys[2]
    assert len(set(keys.tolist())) == 3


def test_losses_are_bounded() -> None:
    said = np.array([[1.0, 0.0], [0.5, 0.5]], np.float32)
    assert losses(said, np.array([1, 0])).tolist() == pytest.approx([9.2103, 0.6931], abs=1e-4)


def test_large_images_are_shrunk_by_blocks() -> None:
    pixels = np.arange(2 * 4 * 5, dtype=np.uint8).reshape(2, 4, 5, 1)
    means = shrink(pixels, 2)
    assert means.shape == (2, 4)
    assert means[0, 0] * 255 == pytest.approx((0 + 1 + 5 + 6) / 4)
    np.testing.assert_allclose(shrink(pixels, 1) * 255, pixels.reshape(2, -1))


def test_any_size_and_colour_is_judged() -> None:
    rng = np.random.default_rng(3)
    images = rng.integers(0, 100, (60, 70, 40, 3), dtype=np.uint8)
    labels = np.arange(60) % 2
    images[labels == 1, 20:50, 10:30, 0] += 120
    keys = rng.integers(0, 2**63, 60).astype(np.uint64)
    _, unseen = fit_judge(images, np.arange(60), labels, keys, 2)
    assert (unseen.argmax(axis=1) == labels).mean() > 0.9
