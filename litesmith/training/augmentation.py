"""Random shifts, flips and erasures inside TensorFlow's graph.

A shift or a flip picks rows and columns, so a batch is changed by two small matrix products, without a
loop over images.
"""

from litesmith.params.sections.recipe import Augmentation
from litesmith.records.form import DataForm
from litesmith.training.backend import tf
from litesmith.training.types import Tensor

# Down, right, flip; middle and length of an erased rectangle's two sides; whether one is erased.
_DRAWS = 8


def allowed_augmentation(augmentation: Augmentation, form: DataForm) -> Augmentation:
    """Return the changes that a data set allows, maybe without flips."""
    return augmentation if form.mirror_safe else augmentation.replace(flip=False)


def to_pixels(images: Tensor) -> Tensor:
    """Scale levels of 0 to 255, of any shape, to float32 in [0, 1]."""
    return tf.cast(images, tf.float32) / 255.0


def draw_changes(num_images: int, seed: int) -> Tensor:
    """Return random numbers for `augment`, float32 (num_images, 8) in [0, 1)."""
    return tf.random.stateless_uniform((num_images, _DRAWS), (seed, 0))


def augment(images: Tensor, augmentation: Augmentation, draws: Tensor, fill: int) -> Tensor:
    """Shift, flip and erase each image of a batch.

    Args:
        images: uint8 tensor (n, height, width, channels), n known.
        augmentation: Bounds of the changes.
        draws: float32 tensor (n, 8) of `draw_changes`, which decides them.
        fill: Grey level of what a shift brings in and of what is erased, 0 to 255.

    Returns:
        float32 tensor (n, height, width, channels) in [0, 1].

    Source: shifts and flips as He et al. change CIFAR-10, arXiv:1512.03385, section 4.2; random erasing
        after Zhong et al., arXiv:1708.04896, here with the background's grey level.
    """
    count, height, width, _ = images.shape
    draws = tf.unstack(draws, num=_DRAWS, axis=1)
    flipped = draws[2] < 0.5 if augmentation.flip else tf.zeros((count,), tf.bool)
    rows = _picker(height, _shift(draws[0], augmentation), tf.zeros((count,), tf.bool))
    columns = _picker(width, _shift(draws[1], augmentation), flipped)
    # A place beyond the edge picks nothing, which is zero: levels count from the fill. All are whole
    # numbers, so what is picked is exact.
    levels = _picked(tf.cast(images, tf.float32) - float(fill), rows, columns) + float(fill)
    if augmentation.erase_share > 0:
        inside = (
            _span(height, draws[3], draws[4], augmentation)[:, :, None]
            & _span(width, draws[5], draws[6], augmentation)[:, None, :]
        )
        erased = inside & (draws[7] < augmentation.erase_share)[:, None, None]
        levels = tf.where(erased[..., None], float(fill), levels)
    return to_pixels(levels)


def _picked(levels: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Pick rows and columns of each channel."""
    channels = tf.transpose(levels, (0, 3, 1, 2))
    picked = tf.matmul(tf.matmul(rows[:, None], channels), columns[:, None], transpose_b=True)
    return tf.transpose(picked, (0, 2, 3, 1))


def _shift(draw: Tensor, augmentation: Augmentation) -> Tensor:
    """Turn draws in [0, 1) into whole steps in [-max_shift_px, max_shift_px]."""
    most = augmentation.max_shift_px
    return tf.cast(tf.floor(draw * (2 * most + 1)), tf.int32) - most


def _picker(size: int, offset: Tensor, flipped: Tensor) -> Tensor:
    """Return a matrix (size, size) for each image that picks its rows or columns."""
    places = tf.range(size)[None, :]
    origin = tf.where(flipped[:, None], size - 1 - places, places) + offset[:, None]
    return tf.one_hot(origin, size)


def _span(size: int, draw: Tensor, length_draw: Tensor, augmentation: Augmentation) -> Tensor:
    """Return for each image which places along one side lie in the erased rectangle."""
    shortest, longest = map(float, augmentation.erase_px)
    half = (shortest + length_draw * (longest - shortest)) / 2.0
    places = tf.range(size, dtype=tf.float32)[None, :]
    return tf.abs(places - (draw * size)[:, None]) < half[:, None]
