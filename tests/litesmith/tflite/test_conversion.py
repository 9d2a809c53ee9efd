"""Conversion of networks for images of other forms than the tiny ones."""

from pathlib import Path

import numpy as np
import pytest

from litesmith.data.splits import Split
from litesmith.params.sections.dataset import Ground
from litesmith.params.sections.recipe import Augmentation
from litesmith.records.form import DataForm
from litesmith.tflite import conversion
from litesmith.tflite.parity import Requirements
from litesmith.tflite.precisions.registry import PRECISIONS
from litesmith.training.backend import seed_everything
from litesmith.training.evaluation import evaluate
from litesmith.training.job import TrainingJob
from litesmith.training.loop import train
from litesmith.training.networks import build_network, image_shape
from tests.litesmith import small
from tests.litesmith.inference.test_as_evaluated import HEIGHT, WIDTH, draw

pytestmark = pytest.mark.slow

TOLERANCES = {"float32": 1e-4, "float16": 1e-2}


def split(num_images: int, channels: int, ground: Ground, seed: int) -> Split:
    """Return images none of which reaches black, and labels."""
    images, labels = draw(num_images, channels, ground, seed)
    return Split(np.maximum(images, 40), labels, np.arange(num_images))


@pytest.mark.parametrize(("channels", "ground"), [(1, "light"), (3, "any")])
def test_every_file_of_images_of_another_form_answers_as_its_keras_model(
    tmp_path: Path, channels: int, ground: Ground
) -> None:
    form = DataForm.model_validate(
        {
            "class_names": ("left", "right", "around"),
            "height": HEIGHT,
            "width": WIDTH,
            "channels": channels,
            "fit": "pad",
            "ground": ground,
            "mirror_safe": False,
        }
    )
    training, validation = split(600, channels, ground, 1), split(150, channels, ground, 2)
    # Left and right are each other's mirror image: with flips they could not be told apart.
    flips = Augmentation(max_shift_px=1, flip=True, erase_share=0.2, erase_px=(2, 3))
    recipe = small.RECIPE.replace(epochs=8, batch_size=32, augmentation=flips, averaging_share=0.0)
    seed_everything(1)
    network = small.NETWORK.replace(**dict(image_shape(form)), stage_widths=(16,))
    model = build_network(network, "tuned")
    train(model, TrainingJob(training, validation, form, recipe, seed=1))
    assert evaluate(model, validation).accuracy > 0.95
    images = conversion.sample_images(
        training, validation, num_calibration=60, num_golden=20, fill=form.fill, seed=1
    )
    requirements = [
        Requirements(
            entry,
            TOLERANCES.get(entry.name, 0.3),
            min_agreement=0.95,
            agreement_level=0.01,
            max_shift_px=1,
        )
        for entry in PRECISIONS
    ]
    converted = conversion.convert_model("tuned", model, requirements, images, tmp_path)
    assert converted.refused == {}
    for file in converted.files.values():
        assert file.record.input.shape == (1, HEIGHT, WIDTH, channels)
        moved = (file.predicted == validation.labels).mean(axis=1)
        assert len(moved) == 9 and moved.min() > 0.9, "what a move brings in is the ground"
