import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from litesmith.data.splits import Split
from litesmith.errors import DivergedError, ParamsError
from litesmith.params.section import ComputeDtype
from litesmith.params.sections.baseline import BaselineParams
from litesmith.params.sections.network import NetworkSpec
from litesmith.params.sections.recipe import Augmentation, Distillation, Recipe
from litesmith.training import loop
from litesmith.training.backend import seed_everything
from litesmith.training.evaluation import evaluate
from litesmith.training.job import DistillationTargets, TrainingJob
from litesmith.training.loop import refresh_batch_norm, train, train_plain, train_unwatched
from litesmith.training.networks import build_network
from tests.litesmith import make_tiny, small

SPEC = NetworkSpec(
    height=8, width=8, channels=1, num_classes=3, stem_width=4, stage_widths=(8,), stage_blocks=(1,),
    stem_kernel_size=3, stem_stride=1, residual=True, separable=False, repeats=1, dropout_rate=0.2,
)  # fmt: skip
RECIPE = Recipe(
    epochs=3, batch_size=32, learning_rate=0.1, warmup_share=0.25, momentum=0.9, weight_decay=0.001,
    label_smoothing=0.05, skip_share=0.5, skip_until=0.7, averaging_share=0.05, refresh_rows=100,
    augmentation=Augmentation(max_shift_px=1, flip=False, erase_share=0.3, erase_px=(2, 3)),
)  # fmt: skip


def split(num_images: int, seed: int) -> Split:
    images, labels = make_tiny.images(num_images, seed)
    return Split(images, labels, np.arange(num_images))


TRAIN, VALIDATION = split(300, 1), split(90, 2)

# A teacher that is sure of the wrong class, always the same.
ANSWERS = np.log(
    np.eye(3, dtype=np.float16)[(TRAIN.labels + 1) % 3] * np.float16(0.97) + np.float16(0.01)
)
TARGETS = DistillationTargets(
    np.stack([ANSWERS, ANSWERS]),
    (5, 6),
    RECIPE.augmentation,
    np.arange(300),
    Distillation(weight=1.0, temperature=2.0),
)
JOB = TrainingJob(TRAIN, VALIDATION, small.FORM, RECIPE, seed=1)
BASELINE = BaselineParams(
    conv_widths=(4, 8), dense_width=8, epochs=3, batch_size=32, learning_rate=0.01, num_threads=1
)


def fresh(seed: int = 4) -> Any:
    seed_everything(seed)
    return build_network(SPEC, "small")


@pytest.mark.slow
class TestTrained:
    def test_learns_with_a_history(self) -> None:
        model = fresh()
        history = train(model, replace(JOB, recipe=RECIPE.replace(epochs=6)))
        assert [row.epoch for row in history] == [1, 2, 3, 4, 5, 6]
        assert evaluate(model, VALIDATION).accuracy > 0.95
        assert history[-1].loss < history[0].loss

    @pytest.mark.parametrize(
        ("targets", "compute_dtype"),
        [(None, "float32"), (TARGETS, "float32"), (None, "bfloat16")],
        ids=["labels", "teacher", "bfloat16"],
    )
    def test_a_killed_training_goes_on_to_the_same_bits(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        targets: DistillationTargets | None,
        compute_dtype: ComputeDtype,
    ) -> None:
        whole = fresh()
        job = replace(JOB, targets=targets, compute_dtype=compute_dtype)
        history = train(whole, job)
        with monkeypatch.context() as broken:
            calls = itertools.count(1)
            run_epoch = loop.Loop.run_epoch

            def dies_in_the_third(loop: Any, epoch: int) -> Any:
                if next(calls) == 3:
                    raise KeyboardInterrupt
                return run_epoch(loop, epoch)

            broken.setattr(loop.Loop, "run_epoch", dies_in_the_third)
            with pytest.raises(KeyboardInterrupt):
                train(fresh(), replace(job, work=tmp_path))
        resumed = fresh(seed=99)
        assert train(resumed, replace(job, work=tmp_path)) == history
        for weights, other in zip(whole.get_weights(), resumed.get_weights(), strict=True):
            np.testing.assert_array_equal(weights, other)

    def test_an_unwatched_training_ends_with_the_same_weights(self) -> None:
        watched, unwatched = fresh(), fresh()
        train(watched, JOB)
        train_unwatched(unwatched, JOB)
        for weights, other in zip(watched.get_weights(), unwatched.get_weights(), strict=True):
            np.testing.assert_array_equal(weights, other)

    def test_a_model_that_learned_in_bfloat16_answers_in_float32(self) -> None:
        model = fresh()
        train(model, replace(JOB, recipe=RECIPE.replace(epochs=6), compute_dtype="bfloat16"))
        assert {layer.compute_dtype for layer in model.layers} == {"float32"}
        assert evaluate(model, VALIDATION).accuracy > 0.95

    def test_too_large_a_batch_is_refused(self) -> None:
        with pytest.raises(ParamsError, match="batch_size 400 is more than the 300 training images"):
            train(fresh(), replace(JOB, recipe=RECIPE.replace(batch_size=400)))

    def test_a_student_learns_the_targets_instead_of_the_labels(self) -> None:
        model = fresh()
        history = train(model, replace(JOB, recipe=RECIPE.replace(epochs=6), targets=TARGETS))
        answers = model(VALIDATION.images / np.float32(255), training=False).numpy()
        assert ((VALIDATION.labels + 1) % 3 == answers.argmax(1)).mean() > 0.95
        assert history[-1].loss < history[0].loss / 2

    def test_a_loss_that_is_no_number_stops_with_what_to_do(self) -> None:
        with pytest.raises(
            DivergedError, match=r"loss of small became nan in epoch \d. Lower the learning rate"
        ):
            train(fresh(), replace(JOB, recipe=RECIPE.replace(learning_rate=1e30)))
        with pytest.raises(
            DivergedError, match=r"loss of small became nan in epoch 1. Lower the learning rate"
        ):
            unchecked = BASELINE.model_copy(update={"learning_rate": float("nan")})
            train_plain(fresh(), TRAIN, VALIDATION, unchecked, seed=1)

    def test_refreshed_statistics_are_those_of_the_images(self) -> None:
        model = fresh()
        plain = RECIPE.replace(
            refresh_rows=300,
            augmentation=Augmentation(max_shift_px=0, flip=False, erase_share=0.0, erase_px=(2, 2)),
        )
        refresh_batch_norm(model, replace(JOB, recipe=plain))
        stem, norm = model.get_layer("stem_conv"), model.get_layer("stem_norm")
        activations = stem(TRAIN.images / np.float32(255)).numpy()
        np.testing.assert_allclose(norm.moving_mean.numpy(), activations.mean((0, 1, 2)), atol=1e-5)
        np.testing.assert_allclose(norm.moving_variance.numpy(), activations.var((0, 1, 2)), rtol=1e-2)
        assert norm.momentum == 0.9

    def test_a_recipe_without_refreshing_leaves_the_running_statistics(self) -> None:
        model = fresh()
        before = model.get_weights()
        refresh_batch_norm(model, replace(JOB, recipe=RECIPE.replace(refresh_rows=0)))
        assert all(
            np.array_equal(weights, other)
            for weights, other in zip(before, model.get_weights(), strict=True)
        )

    def test_the_plain_way_learns_and_repeats(self) -> None:
        histories = []
        for _ in range(2):
            model = fresh()
            histories.append(train_plain(model, TRAIN, VALIDATION, BASELINE, seed=1))
        assert histories[0] == histories[1]
        assert histories[0][-1].accuracy > 0.8
