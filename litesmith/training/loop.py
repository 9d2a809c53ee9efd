"""Train networks: the recipe in full, and the plain way that the yardstick is trained."""

import json
import logging
import math
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from litesmith.data.splits import Split
from litesmith.errors import DivergedError, ParamsError
from litesmith.files import replacing
from litesmith.training.augmentation import Augmentation, augment, draw_changes, to_pixels
from litesmith.training.backend import derived_seed, keras, seed_everything, tf
from litesmith.training.compute import ComputeDtype, computing_in

_LOG = logging.getLogger(__name__)
_EVALUATION_BATCH = 500

_COLUMNS = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate")

History = list[dict[str, float]]


@dataclass(frozen=True)
class Schedule:
    """The part of a recipe that all trials of a search share; the words are those of `Recipe`."""

    warmup_share: float
    momentum: float
    label_smoothing: float
    skip_share: float
    skip_until: float
    averaging_share: float
    refresh_rows: int


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Attributes:
        epochs: Passes over the training images.
        batch_size: Images in a step; what is left over at the end of an epoch waits for the next shuffle.
        learning_rate: The highest of the one-cycle schedule.
        warmup_share: Share of the steps in which the learning rate rises, in (0, 1).
        momentum: Of Nesterov's gradient descent, in [0, 1).
        weight_decay: Share of a kernel that decays in a step at a learning rate of one; decoupled from the gradient.
        label_smoothing: Share of the target spread evenly over the classes, in [0, 1).
        skip_share: Share of the images with a loss below the average that an epoch leaves out, in [0, 1); those that
            stay weigh as much more, so that the gradient is the same on average.
        skip_until: Share of the epochs after which every image is seen again, 0 to 1.
        averaging_share: Over how many steps the running average of the weights reaches back, as a share of all there
            would be if no image were skipped, in [0, 1); 0 takes the last weights.
        refresh_rows: Images on which batch-norm statistics are measured anew at the end; 0 keeps the running ones.
        augmentation: How images are changed.

    Source: momentum after Sutskever et al., "On the importance of initialization and momentum in deep learning", ICML
        2013; label smoothing after Szegedy et al., "Rethinking the Inception architecture", arXiv:1512.00567; averages
        of weights after Polyak and Juditsky, "Acceleration of stochastic approximation by averaging", 1992. The others
        stand where they are built: `one_cycle`, `worth_seeing`, `refresh_batch_norm`, `litesmith.training.augmentation`.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    warmup_share: float
    momentum: float
    weight_decay: float
    label_smoothing: float
    skip_share: float
    skip_until: float
    averaging_share: float
    refresh_rows: int
    augmentation: Augmentation


@dataclass(frozen=True)
class Lesson:
    """What a teacher said about fixed views of the images that it was asked about.

    A view changes every image in one way that follows from the view's seed, so that the teacher has to see it once only
    and each student sees exactly what the teacher saw.

    Attributes:
        answers: float16, (num_views, num_taught, num_classes), logarithms of the teacher's probabilities.
        seeds: Of the views.
        augmentation: How far the views are changed; takes the place of the recipe's.
        rows: int64, (n,), which of the taught images the student's n training images are.
        weight: Share of the loss that is the distance to the teacher's answers, 0 to 1; the rest is the labels'.
        temperature: What the logarithms of both are divided by before they are compared, above 0.

    Source: Hinton et al., "Distilling the knowledge in a neural network", arXiv:1503.02531; that teacher and student
        must see the same view, and the student many: Beyer et al., arXiv:2106.05237.
    """

    answers: NDArray[np.float16]
    seeds: tuple[int, ...]
    augmentation: Augmentation
    rows: NDArray[np.int64]
    weight: float
    temperature: float

    def view(self, epoch: int) -> tuple[Any, NDArray[np.float32]]:
        """Return the changes of the student's images in an epoch, float32 (n, 8), and the answers, (n, classes)."""
        number = epoch % len(self.seeds)
        draws = draw_changes(self.answers.shape[1], self.seeds[number])
        return tf.gather(draws, self.rows), np.asarray(self.answers[number, self.rows], np.float32)


@dataclass(frozen=True)
class Score:
    """What a model reaches on a split.

    Attributes:
        accuracy: Share of images classified right, 0 to 1.
        loss: Mean cross-entropy in nats.
    """

    accuracy: float
    loss: float

    def to_plain(self) -> dict[str, float]:
        """Return the score as JSON can hold it."""
        return {"accuracy": self.accuracy, "loss": self.loss}


def as_taught(recipe: Recipe, lesson: Lesson | None) -> Recipe:
    """Return a recipe as it is with a lesson: images are changed as the teacher saw them."""
    return recipe if lesson is None else replace(recipe, augmentation=lesson.augmentation)


def one_cycle(progress: NDArray[np.float64], recipe: Recipe) -> NDArray[np.float32]:
    """Return the learning rate along a training: a straight rise to the highest, then half a cosine down to zero.

    Args:
        progress: float64, any shape, the share of the training that is behind, 0 to 1.
        recipe: Its highest rate and the share of the rise.

    Source: Smith and Topin, "Super-convergence", arXiv:1708.07120; the cosine as in PyTorch's OneCycleLR.
    """
    rise = progress / recipe.warmup_share
    fall = 0.5 * (1 + np.cos(np.pi * (progress - recipe.warmup_share) / (1 - recipe.warmup_share)))
    return np.asarray(
        recipe.learning_rate * np.where(progress < recipe.warmup_share, rise, fall), np.float32
    )


def worth_seeing(
    losses: NDArray[np.float32], recipe: Recipe, epoch: int, *, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Choose the images of an epoch: all with a loss above the average, of the easy rest some, which weigh more.

    Args:
        losses: float32, (n,), of each image when it was last seen; not a number if it never was.
        recipe: Which share of the easy ones is skipped, and until when.
        epoch: Counted from 0.
        seed: Decides which, and the order.

    Returns:
        The images' numbers, int64 (m,), shuffled, and the weight of each, float32 (m,).

    Source: Qin et al., "InfoBatch: lossless training speed up by unbiased dynamic data pruning", arXiv:2303.04947.
    """
    draw = np.random.default_rng(seed)
    skipping = recipe.skip_share if epoch < recipe.skip_until * recipe.epochs else 0.0
    easy = losses < np.nanmean(losses) if np.isfinite(losses).any() else np.zeros(len(losses), bool)
    left_out = easy & (draw.random(len(losses)) < skipping)
    if len(losses) - left_out.sum() < recipe.batch_size:
        left_out[:], skipping = False, 0.0
    order = draw.permutation(np.flatnonzero(~left_out))
    return order, np.where(easy[order], 1 / (1 - skipping), 1.0).astype(np.float32)


def train(
    model: Any,
    training: Split,
    validation: Split,
    recipe: Recipe,
    *,
    seed: int,
    work: Path | None = None,
    lesson: Lesson | None = None,
    compute_dtype: ComputeDtype = "float32",
) -> History:
    """Train a model with the recipe, which ends in averaged weights and fresh batch-norm statistics if it says so.

    The order of images, their changes and what is dropped follow from seed and epoch alone, and after every epoch the
    whole state goes to ``work``: a training that was killed and begun again ends as the undisturbed one, to the bit.

    Args:
        model: Takes pixels and returns probabilities. Its weights are where the training starts.
        training: What it learns from.
        validation: What each epoch is judged on; nothing is chosen by it here.
        recipe: How; with a lesson, as `as_taught` returns it.
        seed: Decides everything random.
        work: Folder for the checkpoint, or None for none.
        lesson: What a teacher said about the training images, or None to learn from the labels alone.
        compute_dtype: What flows between the layers while learning; the model is left in float32 either way.

    Returns:
        One row for each epoch: epoch (from 1), loss and accuracy on changed images while learning, val_loss,
        val_accuracy, and learning_rate at the epoch's last step.

    Raises:
        ParamsError: There are fewer training images than a batch holds.
        DivergedError: The loss is not a number any more.
    """
    recipe = as_taught(recipe, lesson)
    learner = computing_in(model, compute_dtype)
    loop = Loop(learner, training, validation, recipe, seed, lesson)
    checkpoint = None if work is None else work / f"{model.name}-checkpoint.npz"
    history = [] if checkpoint is None else _restore(checkpoint, loop.state())
    began, skipped = time.monotonic(), len(history)
    for epoch in range(skipped, recipe.epochs):
        history.append(loop.run_epoch(epoch))
        if checkpoint is not None:
            _store(checkpoint, loop.state(), history)
        _report(model.name, history, recipe.epochs, (time.monotonic() - began) / (epoch + 1 - skipped))
    loop.take_average()
    model.set_weights(learner.get_weights())
    refresh_batch_norm(model, training.images, recipe, seed=seed)
    return history


def train_plain(
    model: Any,
    training: Split,
    validation: Split,
    *,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    seed: int,
) -> History:
    """Train a model the way every tutorial does: Keras `fit`, Adam, no augmentation.

    Returns:
        One row for each epoch, with the columns of `train`.

    Raises:
        DivergedError: The loss is not a number any more.

    Source: Kingma and Ba, "Adam", arXiv:1412.6980.
    """
    seed_everything(derived_seed(seed, "fit"))
    model.compile(
        keras.optimizers.Adam(learning_rate), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    history: History = []
    began = time.monotonic()

    def note(epoch: int, logs: dict[str, float]) -> None:
        _require_finite(logs["loss"], model.name, epoch + 1)
        said = {
            name: round(float(logs[name]), 6)
            for name in ("loss", "accuracy", "val_loss", "val_accuracy")
        }
        history.append({"epoch": epoch + 1, **said, "learning_rate": learning_rate})
        _report(model.name, history, epochs, (time.monotonic() - began) / (epoch + 1))

    model.fit(
        _floats(training), np.asarray(training.labels), batch_size=batch_size, epochs=epochs, verbose=0,
        validation_data=(_floats(validation), np.asarray(validation.labels)),
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=note)],
    )  # fmt: skip
    return history


def history_csv(history: History) -> str:
    """Return a history as the text of a CSV file, one line for each epoch."""
    lines = [
        ",".join(_COLUMNS),
        *(",".join(f"{value:.9g}" for value in row.values()) for row in history),
    ]
    return "\n".join(lines) + "\n"


def evaluate(model: Any, split: Split) -> Score:
    """Return accuracy and loss of a model on a split."""
    return _Judge(model, split).score()


def refresh_batch_norm(model: Any, images: NDArray[np.uint8], recipe: Recipe, *, seed: int) -> None:
    """Measure the statistics of every batch normalisation anew, as they are with the weights of now.

    Averaged weights never ran with the running statistics, which belong to the last weights.

    Args:
        model: Its batch-norm layers are changed, nothing else.
        images: uint8, (n, height, width); ``recipe.refresh_rows`` of them are used, changed as in training;
            of none, the running statistics stay.
        recipe: How many, and how they are changed.
        seed: Decides which and how.

    Source: `update_bn` of Izmailov et al., "Averaging weights leads to wider optima", arXiv:1803.05407.
    """
    layers = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    if not layers or not recipe.refresh_rows:
        return
    rows = np.random.default_rng(derived_seed(seed, "refresh")).permutation(len(images))[
        : recipe.refresh_rows
    ]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.momentum = 0.0
    moments = [(layer.moving_mean, layer.moving_variance) for layer in layers]
    measured = _batch_moments(model, np.asarray(images[np.sort(rows)]), moments, recipe, seed)
    for layer, momentum, pairs in zip(layers, momenta, zip(*measured, strict=True), strict=True):
        layer.momentum = momentum
        means, variances = (
            np.array([mean for mean, _ in pairs]),
            np.array([variance for _, variance in pairs]),
        )
        layer.moving_mean.assign(means.mean(0))
        layer.moving_variance.assign(variances.mean(0) + means.var(0))


def _batch_moments(
    model: Any, images: NDArray[np.uint8], moments: list[Any], recipe: Recipe, seed: int
) -> list[list[Any]]:
    """Return mean and variance of every batch-norm layer for each batch of ``images``."""
    forward = tf.function(
        lambda batch, draws: model(augment(batch, recipe.augmentation, draws), training=True)
    )
    measured = []
    size = min(_EVALUATION_BATCH, len(images))
    draws = draw_changes(len(images), derived_seed(seed, "refresh"))
    for first in range(0, len(images) - size + 1, size):
        forward(tf.constant(images[first : first + size]), draws[first : first + size])
        measured.append([(mean.numpy(), variance.numpy()) for mean, variance in moments])
    return measured


class _Judge:
    """Scores a model on a split, again and again without tracing anew."""

    def __init__(self, model: Any, split: Split) -> None:
        self._model = model
        self._images, self._labels = tf.constant(split.images), np.asarray(split.labels)
        self._predict = tf.function(lambda batch: model(to_pixels(batch), training=False))

    def score(self) -> Score:
        starts = range(0, len(self._labels), _EVALUATION_BATCH)
        batches = [
            self._predict(self._images[first : first + _EVALUATION_BATCH]).numpy() for first in starts
        ]
        probabilities = np.concatenate(batches)
        of_label = probabilities[np.arange(len(self._labels)), self._labels].astype(np.float64)
        right = probabilities.argmax(axis=1) == self._labels
        return Score(
            round(float(right.mean()), 6), round(float(-np.log(np.maximum(of_label, 1e-12)).mean()), 6)
        )


class Loop:
    """One training: model, optimizer and images, and the traced function that runs an epoch without Python.

    The arguments are those of `train`, which is what to call unless epochs have to be taken one by one.

    Raises:
        ParamsError: There are fewer training images than a batch holds.
    """

    def __init__(
        self,
        model: Any,
        training: Split,
        validation: Split,
        recipe: Recipe,
        seed: int,
        lesson: Lesson | None,
    ) -> None:
        self._model, self._recipe, self._seed, self._lesson = model, recipe, seed, lesson
        self._batch, num_rows = recipe.batch_size, len(training.labels)
        if num_rows < self._batch:
            raise ParamsError(
                f"batch_size {self._batch} is more than the {num_rows} training images. Take a smaller batch."
            )
        self._images, self._labels = tf.constant(training.images), tf.constant(training.labels, tf.int32)
        self._losses = tf.Variable(np.full(num_rows, np.nan, np.float32), trainable=False)
        self._judge = _Judge(model, validation)
        self._optimizer = _optimizer(
            recipe, recipe.epochs * (num_rows // self._batch), model.trainable_variables
        )
        shapes = {"order": (None, self._batch), "weights": (None, self._batch), "rates": (None,)}
        views = {"draws": (num_rows, None), "answers": (None, None)}
        signature = [
            tf.TensorSpec(shape, tf.int32 if name == "order" else tf.float32, name)
            for name, shape in (shapes | views).items()
        ]
        self._epoch_graph = tf.function(self._run_steps, input_signature=signature)

    def state(self) -> list[Any]:
        """Return every variable that the next epoch depends on."""
        return [*self._model.variables, *self._optimizer.variables, self._losses]

    def run_epoch(self, epoch: int) -> dict[str, float]:
        """Train one epoch, counted from 0, and return its row of the history.

        Raises:
            DivergedError: The loss is not a number any more.
        """
        seed = derived_seed(self._seed, "epoch", epoch)
        order, weights = worth_seeing(self._losses.numpy(), self._recipe, epoch, seed=seed)
        steps = len(order) // self._batch
        shape, whole = (steps, self._batch), steps * self._batch
        rates = one_cycle((epoch + (np.arange(steps) + 0.5) / steps) / self._recipe.epochs, self._recipe)
        _reset_dropout(self._model, seed)
        steps_of = order[:whole].reshape(shape).astype(np.int32), weights[:whole].reshape(shape), rates
        loss, accuracy = self._epoch_graph(*steps_of, *self._view(epoch, seed))
        _require_finite(float(loss), self._model.name, epoch + 1)
        score = self._judge.score()
        return {
            "epoch": epoch + 1,
            "loss": round(float(loss), 6),
            "accuracy": round(float(accuracy), 6),
            "val_loss": score.loss,
            "val_accuracy": score.accuracy,
            "learning_rate": round(float(rates[-1]), 9),
        }

    def _view(self, epoch: int, seed: int) -> tuple[Any, Any]:
        """Return how each image is changed in an epoch, and the teacher's answers, of no image if there is none."""
        if self._lesson is not None:
            return self._lesson.view(epoch)
        return draw_changes(len(self._labels), seed), tf.zeros((0, 0))

    def take_average(self) -> None:
        """Give the model the running average of its weights, if there is one."""
        if self._recipe.averaging_share:
            self._optimizer.finalize_variable_values(self._model.trainable_variables)

    def _run_steps(
        self, order: Any, weights: Any, rates: Any, draws: Any, answers: Any
    ) -> tuple[Any, Any]:
        loss_sum, right_sum = tf.constant(0.0), tf.constant(0.0)
        for step in tf.range(tf.shape(order)[0]):
            rows = order[step]
            self._optimizer.learning_rate.assign(rates[step])
            said = tf.gather(answers, rows) if self._lesson is not None else None
            loss, right = self._step(rows, weights[step], tf.gather(draws, rows), said)
            loss_sum += loss
            right_sum += right
        return loss_sum / tf.reduce_sum(weights), right_sum / tf.reduce_sum(weights)

    def _step(self, rows: Any, weights: Any, draws: Any, said: Any) -> tuple[Any, Any]:
        """Learn from one batch and return the weighted sums of losses and of right answers."""
        pixels = augment(tf.gather(self._images, rows), self._recipe.augmentation, draws)
        labels = tf.gather(self._labels, rows)
        with tf.GradientTape() as tape:
            probabilities = self._model(pixels, training=True)
            losses = self._losses_of(probabilities, labels, said)
            loss = tf.reduce_mean(losses * weights)
        variables = self._model.trainable_variables
        self._optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        self._losses.scatter_nd_update(rows[:, None], losses)
        right = tf.equal(tf.argmax(probabilities, axis=1, output_type=tf.int32), labels)
        return tf.reduce_sum(losses * weights), tf.reduce_sum(tf.cast(right, tf.float32) * weights)

    def _losses_of(self, probabilities: Any, labels: Any, said: Any) -> Any:
        """Return for each image the cross-entropy with its label, and the distance to the teacher's answer."""
        targets = tf.one_hot(labels, probabilities.shape[-1])
        smoothing = self._recipe.label_smoothing
        losses = keras.losses.categorical_crossentropy(targets, probabilities, label_smoothing=smoothing)
        if self._lesson is None:
            return losses
        weight, heat = self._lesson.weight, self._lesson.temperature
        return (1 - weight) * losses + weight * _distance(probabilities, said, heat)


def _distance(probabilities: Any, answers: Any, temperature: float) -> Any:
    """Return the Kullback-Leibler divergence from a teacher's answers, scaled so that gradients keep their size."""
    told = tf.nn.log_softmax(answers / temperature)
    thought = tf.nn.log_softmax(tf.math.log(probabilities + 1e-8) / temperature)
    return temperature**2 * tf.reduce_sum(tf.exp(told) * (told - thought), axis=1)


def _optimizer(recipe: Recipe, num_steps: int, variables: list[Any]) -> Any:
    """Return SGD with Nesterov momentum that decays kernels only, apart from the gradient (arXiv:1711.05101)."""
    reach = max(1.0, recipe.averaging_share * num_steps)
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


def _reset_dropout(model: Any, seed: int) -> None:
    """Set what the dropout layers draw next; Keras hands out no public handle to their generators.

    TF-MOT wraps them where a network learns to round.
    """
    inner = (getattr(layer, "layer", layer) for layer in model.layers)
    for number, layer in enumerate(layer for layer in inner if isinstance(layer, keras.layers.Dropout)):
        generator = layer._random_generator._generator
        if generator is not None:
            generator.reset_from_seed(derived_seed(seed, "dropout", number))


def _require_finite(loss: float, name: str, epoch: int) -> None:
    if not math.isfinite(loss):
        raise DivergedError(
            f"the loss of {name} became {loss} in epoch {epoch}. Lower the learning rate."
        )


def _store(path: Path, state: Iterable[Any], history: History) -> None:
    values = {f"v{number}": variable.numpy() for number, variable in enumerate(state)}
    with replacing(path) as part:
        np.savez(part, history=np.array(json.dumps(history)), **values)


def _restore(path: Path, state: list[Any]) -> History:
    """Load a checkpoint into the variables, if there is one, and return the epochs it has behind it."""
    if not path.is_file():
        return []
    with np.load(path) as stored:
        for number, variable in enumerate(state):
            variable.assign(stored[f"v{number}"])
        history: History = json.loads(str(stored["history"]))
    _LOG.info("going on after epoch %d", len(history))
    return history


def _report(name: str, history: History, epochs: int, epoch_s: float) -> None:
    """Log the last epoch, and how long the rest will take."""
    last = history[-1]
    left = math.ceil((epochs - len(history)) * epoch_s)
    _LOG.info(
        "%s: epoch %d/%d, loss %.4f, accuracy %.4f, validation loss %.4f, accuracy %.4f, %d:%02d left",
        name, last["epoch"], epochs, last["loss"], last["accuracy"], last["val_loss"], last["val_accuracy"],
        left // 60, left % 60,
    )  # fmt: skip


def _floats(split: Split) -> NDArray[np.float32]:
    return np.asarray(split.images, np.float32)[..., None] / np.float32(255)
