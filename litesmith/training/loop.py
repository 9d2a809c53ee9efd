"""Training loops of recipes and of the baseline."""

import json
import logging
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from litesmith.data.scaling import to_pixels
from litesmith.data.splits import Split
from litesmith.errors import ParamsError
from litesmith.files import replacing
from litesmith.params.sections.baseline import BaselineParams
from litesmith.params.sections.recipe import Recipe
from litesmith.records.record import EpochScores
from litesmith.training.augmentation import augment, draw_changes
from litesmith.training.backend import derived_seed, keras, seed_everything, tf
from litesmith.training.evaluation import EVALUATION_BATCH, evaluator
from litesmith.training.history import History, log_epoch, require_finite
from litesmith.training.job import TrainingJob
from litesmith.training.networks import computing_in
from litesmith.training.schedule import choose_images, epoch_rates
from litesmith.training.types import KerasModel, Optimizer, Tensor, Variable

_LOG = logging.getLogger(__name__)


def train(model: KerasModel, job: TrainingJob) -> History:
    """Train a model with a recipe, from its weights.

    The order of images, their changes and what is dropped follow from seed and epoch alone, and after
    every epoch the whole state goes to the job's folder: a training that was killed and resumed ends as
    the undisturbed one, to the bit.

    Args:
        model: Takes pixels and returns probabilities.
        job: Its recipe may ask for averaged weights and fresh batch-norm statistics at the end.

    Raises:
        ParamsError: There are fewer training images than a batch holds.
        DivergedError: The loss is not a number any more.
    """
    learner = computing_in(model, job.compute_dtype)
    loop = Loop(learner, job)
    checkpoint = None if job.work is None else job.work / f"{model.name}-checkpoint.npz"
    history = [] if checkpoint is None else _restore(checkpoint, loop.state())
    began, num_restored = time.monotonic(), len(history)
    for epoch in range(num_restored, job.recipe.epochs):
        history.append(loop.run_epoch(epoch))
        if checkpoint is not None:
            _store(checkpoint, loop.state(), history)
        epoch_s = (time.monotonic() - began) / (epoch + 1 - num_restored)
        log_epoch(model.name, history, job.recipe.epochs, epoch_s)
    loop.take_average()
    model.set_weights(learner.get_weights())
    refresh_batch_norm(model, job)
    return history


def train_unwatched(model: KerasModel, job: TrainingJob) -> None:
    """Train to the same weights as `train`, without scores and checkpoints.

    Raises:
        ParamsError: There are fewer training images than a batch holds.
        DivergedError: The loss is not a number any more.
    """
    learner = computing_in(model, job.compute_dtype)
    loop = Loop(learner, job)
    for epoch in range(job.recipe.epochs):
        loop.learn_epoch(epoch)
    loop.take_average()
    model.set_weights(learner.get_weights())
    refresh_batch_norm(model, job)


def train_plain(
    model: KerasModel, training: Split, validation: Split, params: BaselineParams, *, seed: int
) -> History:
    """Train a model with Keras `fit` and Adam, without augmentation.

    Raises:
        DivergedError: The loss is not a number any more.

    Source: Kingma and Ba, "Adam", arXiv:1412.6980.
    """
    seed_everything(derived_seed(seed, "fit"))
    optimizer = keras.optimizers.Adam(params.learning_rate)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    history: History = []
    began = time.monotonic()

    def note(epoch: int, logs: dict[str, float]) -> None:
        require_finite(logs["loss"], model.name, epoch + 1)
        scores = {name: round(float(value), 6) for name, value in logs.items()}
        history.append(EpochScores(epoch=epoch + 1, **scores, learning_rate=params.learning_rate))
        log_epoch(model.name, history, params.epochs, (time.monotonic() - began) / (epoch + 1))

    model.fit(
        to_pixels(training.images), np.asarray(training.labels),
        batch_size=params.batch_size, epochs=params.epochs,
        validation_data=(to_pixels(validation.images), np.asarray(validation.labels)), verbose=0,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=note)],
    )  # fmt: skip
    return history


def refresh_batch_norm(model: KerasModel, job: TrainingJob) -> None:
    """Measure batch-norm statistics anew: the running ones do not belong to averaged weights.

    Args:
        model: Only its batch-norm layers change.
        job: Its recipe has the number of training images, changed as in training; with none, the running
            statistics stay. Its seed decides which, and their changes.

    Source: `update_bn` of Izmailov et al., "Averaging weights leads to wider optima", arXiv:1803.05407.
    """
    layers = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    if not layers or not job.recipe.refresh_rows:
        return
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.momentum = 0.0
    seed, images = derived_seed(job.seed, "refresh"), job.training.images
    rows = np.random.default_rng(seed).permutation(len(images))[: job.recipe.refresh_rows]
    images = np.asarray(images[np.sort(rows)])
    forward = tf.function(
        lambda batch, draws: model(
            augment(batch, job.recipe.augmentation, draws, job.form.fill), training=True
        ),
        autograph=False,
    )
    measured = []
    size, draws = min(EVALUATION_BATCH, len(images)), draw_changes(len(images), seed)
    for start in range(0, len(images) - size + 1, size):
        forward(tf.constant(images[start : start + size]), draws[start : start + size])
        measured.append([(layer.moving_mean.numpy(), layer.moving_variance.numpy()) for layer in layers])
    for layer, momentum, moments in zip(layers, momenta, zip(*measured, strict=True), strict=True):
        layer.momentum = momentum
        means, variances = (np.array(values) for values in zip(*moments, strict=True))
        layer.moving_mean.assign(means.mean(0))
        layer.moving_variance.assign(variances.mean(0) + means.var(0))


class Loop:
    """State of a training; arguments and errors as of `train`."""

    def __init__(self, model: KerasModel, job: TrainingJob) -> None:
        self._model, self._job, self._recipe, self._targets = model, job, job.recipe, job.targets
        self._batch, num_rows = job.recipe.batch_size, len(job.training.labels)
        if num_rows < self._batch:
            raise ParamsError(
                f"batch_size {self._batch} is more than the {num_rows} training images. "
                "Take a smaller batch."
            )
        self._images = tf.constant(job.training.images)
        self._labels = tf.constant(job.training.labels, tf.int32)
        self._losses = tf.Variable(np.full(num_rows, np.nan, np.float32), trainable=False)
        self._validate = evaluator(model, job.validation)
        self._optimizer = _optimizer(job.recipe, num_rows // self._batch, model.trainable_variables)
        shapes = {"order": (None, self._batch), "weights": (None, self._batch), "rates": (None,)}
        views = {"draws": (num_rows, None), "answers": (None, None)}
        signature = [
            tf.TensorSpec(shape, tf.int32 if name == "order" else tf.float32, name)
            for name, shape in (shapes | views).items()
        ]
        # No loop or branch below is left to AutoGraph, whose rewriting costs more than a second.
        self._epoch_graph = tf.function(self._run_steps, signature, autograph=False)

    def state(self) -> list[Variable]:
        """Return every variable that the next epoch depends on."""
        return [*self._model.variables, *self._optimizer.variables, self._losses]

    def run_epoch(self, epoch: int) -> EpochScores:
        """Train one epoch, counted from 0; return its scores.

        Raises:
            DivergedError: The loss is not a number any more.
        """
        loss, accuracy, rate = self.learn_epoch(epoch)
        score = self._validate()
        return EpochScores(
            epoch=epoch + 1,
            loss=round(loss, 6),
            accuracy=round(accuracy, 6),
            val_loss=score.loss,
            val_accuracy=score.accuracy,
            learning_rate=round(rate, 9),
        )

    def learn_epoch(self, epoch: int) -> tuple[float, float, float]:
        """Train one epoch, counted from 0; return loss, accuracy and the last learning rate.

        Raises:
            DivergedError: The loss is not a number any more.
        """
        seed = derived_seed(self._job.seed, "epoch", epoch)
        order, weights = choose_images(self._losses.numpy(), self._recipe, epoch, seed=seed)
        num_steps = len(order) // self._batch
        shape, num_seen = (num_steps, self._batch), num_steps * self._batch
        rates = epoch_rates(epoch, num_steps, self._recipe)
        _reset_dropout(self._model, seed)
        batches = order[:num_seen].reshape(shape).astype(np.int32), weights[:num_seen].reshape(shape)
        if self._targets is not None:
            draws, answers = self._targets.view(epoch)
        else:
            draws, answers = draw_changes(len(self._labels), seed), tf.zeros((0, 0))
        loss, accuracy = self._epoch_graph(*batches, rates, draws, answers)
        require_finite(float(loss), self._model.name, epoch + 1)
        return float(loss), float(accuracy), float(rates[-1])

    def take_average(self) -> None:
        """Give the model the running average of its weights, if any."""
        if self._recipe.averaging_share:
            self._optimizer.finalize_variable_values(self._model.trainable_variables)

    def _run_steps(
        self, order: Tensor, weights: Tensor, rates: Tensor, draws: Tensor, answers: Tensor
    ) -> tuple[Tensor, Tensor]:
        num_steps = tf.shape(order)[0]

        def learn(step: Tensor, loss_sum: Tensor, right_sum: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            rows = order[step]
            self._optimizer.learning_rate.assign(rates[step])
            answered = tf.gather(answers, rows) if self._targets is not None else None
            loss, right = self._step(rows, weights[step], tf.gather(draws, rows), answered)
            return step + 1, loss_sum + loss, right_sum + right

        begin = tf.constant(0), tf.constant(0.0), tf.constant(0.0)
        _, loss_sum, right_sum = tf.while_loop(lambda step, *_: step < num_steps, learn, begin)
        return loss_sum / tf.reduce_sum(weights), right_sum / tf.reduce_sum(weights)

    def _step(
        self, rows: Tensor, weights: Tensor, draws: Tensor, answers: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Learn from a batch; return weighted sums of losses and of right predictions."""
        images, fill = tf.gather(self._images, rows), self._job.form.fill
        pixels = augment(images, self._recipe.augmentation, draws, fill)
        labels = tf.gather(self._labels, rows)
        with tf.GradientTape() as tape:
            probabilities = self._model(pixels, training=True)
            losses = self._losses_of(probabilities, labels, answers)
            loss = tf.reduce_mean(losses * weights)
        variables = self._model.trainable_variables
        self._optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        self._losses.scatter_nd_update(rows[:, None], losses)
        right = tf.equal(tf.argmax(probabilities, axis=1, output_type=tf.int32), labels)
        return tf.reduce_sum(losses * weights), tf.reduce_sum(tf.cast(right, tf.float32) * weights)

    def _losses_of(self, probabilities: Tensor, labels: Tensor, answers: Tensor) -> Tensor:
        """Return the loss of each image, its distance to the targets included."""
        one_hot = tf.one_hot(labels, probabilities.shape[-1])
        smoothing = self._recipe.label_smoothing
        losses = keras.losses.categorical_crossentropy(one_hot, probabilities, label_smoothing=smoothing)
        if self._targets is None:
            return losses
        distillation = self._targets.distillation
        distances = _distances(probabilities, answers, distillation.temperature)
        return (1 - distillation.weight) * losses + distillation.weight * distances


def _distances(probabilities: Tensor, answers: Tensor, temperature: float) -> Tensor:
    """Return the Kullback-Leibler divergences from the targets, scaled to keep gradients' size."""
    target = tf.nn.log_softmax(answers / temperature)
    student = tf.nn.log_softmax(tf.math.log(probabilities + 1e-8) / temperature)
    return temperature**2 * tf.reduce_sum(tf.exp(target) * (target - student), axis=1)


def _optimizer(recipe: Recipe, epoch_steps: int, variables: list[Variable]) -> Optimizer:
    """Return SGD with Nesterov momentum and decoupled weight decay.

    Source: Loshchilov and Hutter, arXiv:1711.05101.
    """
    reach = max(1.0, recipe.averaging_share * (recipe.epochs * epoch_steps))
    optimizer = keras.optimizers.SGD(
        recipe.learning_rate,
        momentum=recipe.momentum,
        nesterov=True,
        weight_decay=recipe.weight_decay,
        use_ema=recipe.averaging_share > 0,
        ema_momentum=1 - 1 / reach,
        jit_compile=False,
    )
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    optimizer.build(variables)
    return optimizer


def _reset_dropout(model: KerasModel, seed: int) -> None:
    """Seed the dropout layers, whose generators Keras does not publish."""
    # TF-MOT wraps the layers in quantization-aware training.
    inner = (getattr(layer, "layer", layer) for layer in model.layers)
    for number, layer in enumerate(layer for layer in inner if isinstance(layer, keras.layers.Dropout)):
        generator = layer._random_generator._generator
        if generator is not None:
            generator.reset_from_seed(derived_seed(seed, "dropout", number))


def _store(path: Path, state: Iterable[Variable], history: History) -> None:
    values = {f"v{number}": variable.numpy() for number, variable in enumerate(state)}
    with replacing(path) as part:
        np.savez(part, history=np.array(json.dumps([row.model_dump() for row in history])), **values)


def _restore(path: Path, state: list[Variable]) -> History:
    """Load a checkpoint into the variables, if there is one, and return its history."""
    if not path.is_file():
        return []
    with np.load(path) as stored:
        for number, variable in enumerate(state):
            variable.assign(stored[f"v{number}"])
        history = [EpochScores(**row) for row in json.loads(str(stored["history"]))]
    _LOG.info("resuming after epoch %d", len(history))
    return history
