from dataclasses import replace

import numpy as np
import pytest

from litesmith.params.sections.recipe import Augmentation
from tests.litesmith import small
from tests.litesmith.training.test_loop import JOB, RECIPE, TARGETS

pytestmark = pytest.mark.slow


def test_targets_of_some_rows_are_theirs() -> None:
    rows = np.array([7, 3, 299])
    draws, answers = replace(TARGETS, rows=rows).view(1)
    all_draws, all_answers = TARGETS.view(1)
    np.testing.assert_array_equal(draws, all_draws.numpy()[rows])
    np.testing.assert_array_equal(answers, all_answers[rows])
    np.testing.assert_array_equal(all_draws, TARGETS.view(3)[0])
    assert (all_draws.numpy() != TARGETS.view(2)[0].numpy()).any()


def test_where_a_mirror_image_may_be_of_another_class_nothing_asks_for_flips() -> None:
    turning = small.FORM.model_copy(update={"mirror_safe": False})
    flipping = RECIPE.replace(augmentation=RECIPE.augmentation.replace(flip=True))
    targets = replace(TARGETS, augmentation=flipping.augmentation)
    for job in (replace(JOB, recipe=flipping), replace(JOB, targets=targets)):
        assert job.recipe.augmentation.flip
        assert replace(job, form=turning).recipe == RECIPE


def test_with_targets_images_are_changed_as_the_teachers_saw_them() -> None:
    augmentation = Augmentation(max_shift_px=2, flip=True, erase_share=0.0, erase_px=(2, 2))
    job = replace(JOB, targets=replace(TARGETS, augmentation=augmentation))
    assert job.recipe == RECIPE.replace(augmentation=augmentation)
    assert JOB.recipe == RECIPE
