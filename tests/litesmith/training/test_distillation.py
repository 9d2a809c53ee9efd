from pathlib import Path
from typing import Any

import numpy as np
import pytest

from litesmith.errors import DataError
from litesmith.params.sections.recipe import Augmentation, Distillation
from litesmith.training.backend import seed_everything
from litesmith.training.distillation import answer_views, read_targets, view_seeds, write_targets
from litesmith.training.networks import build_network
from tests.litesmith import make_tiny, small

pytestmark = pytest.mark.slow

SPEC = small.NETWORK.replace(stage_blocks=(0,), dropout_rate=0.5)
HOW = Augmentation(max_shift_px=1, flip=True, erase_share=0.5, erase_px=(2, 3))
NONE = Augmentation(max_shift_px=0, flip=False, erase_share=0.0, erase_px=(2, 2))
IMAGES, _ = make_tiny.images(1100, 1)


def teacher(seed: int) -> Any:
    seed_everything(seed)
    return build_network(SPEC, f"teacher{seed}")


def test_seeds_differ_by_view_and_repeat() -> None:
    assert len(set(view_seeds(5, 1))) == 5
    assert view_seeds(5, 1)[:3] == view_seeds(3, 1)
    assert view_seeds(3, 1) != view_seeds(3, 2)


def test_answers_are_the_mean_of_the_teachers(tmp_path: Path) -> None:
    teachers = [teacher(1), teacher(2)]
    answers = answer_views(teachers, IMAGES, NONE, 0, [3], tmp_path)
    pixels = IMAGES / np.float32(255)
    mean = sum(model(pixels, training=False).numpy() for model in teachers) / 2
    assert answers.shape == (1, 1100, 3)
    assert answers.dtype == np.float16
    np.testing.assert_allclose(np.exp(answers[0].astype(np.float32)), mean, atol=2e-3)


def test_where_training_flips_images_both_are_predicted(tmp_path: Path) -> None:
    how, model = NONE.replace(flip=True), teacher(1)
    answers = answer_views([model], IMAGES, how, 0, [3], tmp_path)
    pixels = IMAGES / np.float32(255)
    mean = (
        model(pixels, training=False).numpy() + model(pixels[:, :, ::-1], training=False).numpy()
    ) / 2
    np.testing.assert_allclose(np.exp(answers[0].astype(np.float32)), mean, atol=2e-3)


def test_a_view_brings_in_the_ground(tmp_path: Path) -> None:
    how = NONE.replace(max_shift_px=3)
    on_black, on_white = (
        answer_views([teacher(1)], IMAGES[:20], how, fill, [3], tmp_path / str(fill))
        for fill in (0, 255)
    )
    assert (on_black != on_white).any()


def test_views_differ_and_finished_ones_are_not_predicted_again(tmp_path: Path) -> None:
    first = answer_views([teacher(1)], IMAGES, HOW, 0, [3, 4], tmp_path)
    assert (first[0] != first[1]).any()
    again = answer_views([teacher(2)], IMAGES, HOW, 0, [3, 4, 5], tmp_path)
    np.testing.assert_array_equal(again[:2], first)
    assert (again[2] != first[0]).any()


DISTILLATION = Distillation(weight=0.7, temperature=3.0)


def test_targets_are_read_as_they_were_written(tmp_path: Path) -> None:
    answers = np.random.default_rng(1).normal(size=(2, 5, 3)).astype(np.float16)
    write_targets(tmp_path / "targets", answers, HOW, [8, 9])
    targets = read_targets(tmp_path / "targets", DISTILLATION, np.array([4, 0]))
    assert targets is not None
    assert (targets.seeds, targets.augmentation) == ((8, 9), HOW)
    assert targets.distillation == DISTILLATION
    np.testing.assert_array_equal(targets.view(1)[1], answers[1, [4, 0]].astype(np.float32))
    whole = read_targets(tmp_path / "targets", DISTILLATION)
    assert whole is not None
    np.testing.assert_array_equal(whole.view(1)[1], answers[1].astype(np.float32))


def test_no_views_are_no_targets(tmp_path: Path) -> None:
    write_targets(tmp_path, np.zeros((0, 5, 3), np.float16), HOW, [])
    assert read_targets(tmp_path, DISTILLATION, np.arange(5)) is None


def test_a_folder_without_targets_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        DataError,
        match=r"none is no folder of distillation targets, which holds answers.npy and views.json",
    ):
        read_targets(tmp_path / "none", DISTILLATION, np.arange(5))
    write_targets(tmp_path, np.zeros((2, 5, 3), np.float16), HOW, [8])
    with pytest.raises(DataError, match=r"holds answers to 2 views and names 1. Teach again"):
        read_targets(tmp_path, DISTILLATION, np.arange(5))
