from dataclasses import asdict, replace

import optuna
import pytest

from litesmith.errors import ParamsError
from litesmith.params.sections.network import NetworkSpec
from litesmith.params.sections.recipe import Augmentation
from litesmith.params.sections.sweep import SearchParams
from litesmith.records.form import DataForm
from litesmith.search.space import (
    network_of,
    recipe_of,
    search_for,
    search_with,
    smaller,
    suggest,
)
from litesmith.training.networks import image_shape
from tests.litesmith import small
from tests.litesmith.search.test_study import CHOICES, FIRST, PARAMS

SIDE_8 = small.FORM
SIDE_32 = small.FORM.model_copy(update={"height": 64, "width": 32})
WIDE = PARAMS.replace(
    first_trials=(FIRST,), space=PARAMS.space.replace(stages=(1, 2, 3, 4), batch_sizes=(32, 64, 256))
)


def found(params: SearchParams, form: DataForm = SIDE_32, *, num_rows: int = 1000) -> SearchParams:
    return search_for(params, form, num_rows=num_rows)


@pytest.mark.parametrize(
    ("side", "stages"), [(4, (1,)), (8, (1, 2)), (28, (1, 2, 3)), (32, (1, 2, 3, 4))]
)
def test_stages_leave_two_pixels_of_the_shorter_side(side: int, stages: tuple[int, ...]) -> None:
    form = small.FORM.model_copy(update={"height": side, "width": 100})
    assert found(WIDE, form).space.stages == stages


def test_images_too_small_for_every_number_of_stages_say_so() -> None:
    deep = PARAMS.replace(space=PARAMS.space.replace(stages=(3, 4)))
    message = (
        r"images of 8 x 8 are too small for sweep\.space\.stages \[3, 4\]: each stage halves them, and 2 "
        r"pixels must be left\. Offer fewer stages"
    )
    with pytest.raises(ParamsError, match=message):
        found(deep, SIDE_8)


@pytest.mark.parametrize(
    ("num_rows", "sizes"), [(20, (32,)), (128, (32,)), (256, (32, 64)), (1024, (32, 64, 256))]
)
def test_batches_go_four_times_into_an_epoch(num_rows: int, sizes: tuple[int, ...]) -> None:
    assert found(WIDE, num_rows=num_rows).space.batch_sizes == sizes


def test_nothing_is_flipped_where_a_mirror_image_is_of_another_class() -> None:
    shifted = Augmentation(max_shift_px=1, flip=False, erase_share=0.0, erase_px=(2, 2))
    params = WIDE.replace(
        augmentations={"shifted": shifted, **WIDE.augmentations},
        space=WIDE.space.replace(augmentations=("shifted", "mild", "strong")),
        first_trials=(FIRST.replace(augmentation="mild"),),
    )
    assert found(params).space.augmentations == ("shifted", "mild", "strong")
    safe = found(params, SIDE_32.model_copy(update={"mirror_safe": False}))
    assert not any(augmentation.flip for augmentation in safe.augmentations.values())
    # Without its flip, `mild` is what `shifted` is.
    assert safe.space.augmentations == ("shifted", "strong")
    assert [known.augmentation for known in safe.first_trials] == ["shifted"]


def test_shifts_and_erasures_go_by_the_size_of_the_images() -> None:
    small, large = found(WIDE, SIDE_8), found(WIDE, SIDE_32)
    strong = small.augmentations["strong"]
    assert (strong.max_shift_px, strong.erase_px) == (1, (2, 4))
    assert large.augmentations == WIDE.augmentations


def test_with_one_augmentation_there_is_no_choice() -> None:
    seen = Augmentation(max_shift_px=2, flip=True, erase_share=0.5, erase_px=(2, 4))
    params = search_with(WIDE, "seen", seen)
    assert (params.augmentations, params.space.augmentations) == ({"seen": seen}, ("seen",))
    assert [known.augmentation for known in params.first_trials] == ["seen"]


def test_smaller_networks_are_narrower_less_deep_or_step_farther() -> None:
    space = PARAMS.space.replace(stem_strides=(1, 2))
    found = smaller(replace(CHOICES, width=16, depth=2), space)
    assert {(each.width, each.depth, each.stem_stride) for each in found} == {
        (width, depth, stride) for width in (8, 16) for depth in (1, 2) for stride in (1, 2)
    }
    assert {each.stem_stride for each in smaller(replace(CHOICES, stem_stride=2), space)} == {2}


def test_a_choice_of_one_value_changes_no_proposal() -> None:
    """So a space of before finds the trials that it found before more was offered to others."""

    def proposals(params: SearchParams) -> list[dict[str, object]]:
        study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=3))
        choices = [asdict(suggest(study.ask(), params.space)) for _ in range(5)]
        return [{name: each[name] for name in each if name != "stages"} for each in choices]

    other = PARAMS.replace(space=PARAMS.space.replace(stages=(3,)))
    assert proposals(PARAMS) == proposals(other)


@pytest.mark.parametrize(("depth", "blocks"), [(0, (0, 0)), (1, (0, 1)), (2, (1, 1)), (3, (1, 2))])
def test_depth_goes_to_the_last_stage_first(depth: int, blocks: tuple[int, ...]) -> None:
    spec = network_of(replace(CHOICES, depth=depth), image_shape(SIDE_8))
    assert spec == NetworkSpec(
        height=8,
        width=8,
        channels=1,
        num_classes=3,
        stem_width=4,
        stage_widths=(8, 16),
        stage_blocks=blocks,
        stem_kernel_size=5,
        stem_stride=1,
        residual=True,
        separable=False,
        repeats=2,
        dropout_rate=0.1,
    )


def test_stages_stride_and_kind_of_unit_are_choices() -> None:
    choices = replace(CHOICES, stages=3, stem_stride=2, residual=False, separable=True, depth=4)
    spec = network_of(choices, image_shape(SIDE_32))
    assert (spec.stage_widths, spec.stage_blocks) == ((8, 16, 32), (1, 1, 2))
    assert (spec.stem_stride, spec.residual, spec.separable) == (2, False, True)


def test_recipe_has_the_choices_and_the_shared_schedule() -> None:
    recipe = recipe_of(CHOICES, PARAMS, epochs=7)
    assert (recipe.epochs, recipe.batch_size, recipe.learning_rate) == (7, 32, 0.1)
    assert recipe.augmentation == PARAMS.augmentations["mild"]
    assert recipe.skip_share == PARAMS.schedule.skip_share
