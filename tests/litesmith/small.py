"""A form, a network and a recipe small enough to be trained in a test; tests replace what they are about."""

from litesmith.params.sections.network import NetworkSpec
from litesmith.params.sections.recipe import Augmentation, Recipe
from tests.litesmith.make_tiny import tiny_form

# Of the images of `tests.litesmith.make_tiny`.
FORM = tiny_form(8)
NETWORK = NetworkSpec(
    height=8,
    width=8,
    channels=1,
    num_classes=3,
    stem_width=4,
    stage_widths=(8,),
    stage_blocks=(1,),
    stem_kernel_size=3,
    stem_stride=1,
    residual=True,
    separable=False,
    repeats=1,
    dropout_rate=0.0,
)
RECIPE = Recipe(
    epochs=2,
    batch_size=16,
    learning_rate=0.1,
    warmup_share=0.25,
    momentum=0.9,
    weight_decay=0.001,
    label_smoothing=0.05,
    skip_share=0.0,
    skip_until=0.0,
    averaging_share=0.05,
    refresh_rows=100,
    augmentation=Augmentation(max_shift_px=1, flip=False, erase_share=0.0, erase_px=(2, 2)),
)
