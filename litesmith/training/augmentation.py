"""Change whole batches of images at random inside TensorFlow's graph: shift, flip, erase.

A shift or a flip picks rows and columns, so a batch is changed by two small matrix products, without a loop over
images. What is drawn depends on the seed alone.
"""

from dataclasses import dataclass
from typing import Any

from litesmith.training.backend import tf

# Down, right, mirror; middle and length of an erased rectangle's two sides; whether one is erased.
_DRAWS = 8


@dataclass(frozen=True)
class Augmentation:
    """How far an image may be changed.

    Attributes:
        max_shift_px: Rows and columns it may move, either way; what comes in is background.
        flip: Whether half of the images are mirrored left to right.
        erase_share: Share of the images that get a rectangle erased, in [0, 1].
        max_erase_px: Longest side of that rectangle.
    """

    max_shift_px: int
    flip: bool
    erase_share: float
    max_erase_px: int


def to_pixels(images: Any) -> Any:
    """Return uint8 images (n, height, width) as float32 pixels (n, height, width, 1) in [0, 1]."""
    return tf.cast(images, tf.float32)[..., None] / 255.0


def draw_changes(num_images: int, seed: int) -> Any:
    """Draw by chance how each of ``num_images`` is changed: float32 tensor (num_images, 8) in [0, 1)."""
    return tf.random.stateless_uniform((num_images, _DRAWS), (seed, 0))


def augment(images: Any, how: Augmentation, draws: Any) -> Any:
    """Shift, flip and erase each image of a batch as was drawn for it.

    Args:
        images: uint8 tensor (n, height, width), n known.
        how: How far.
        draws: float32 tensor (n, 8), as `draw_changes` makes them; the same draws give the same changes.

    Returns:
        float32 tensor (n, height, width, 1) in [0, 1].

    Source: shifts and mirror images as He et al. change CIFAR-10, arXiv:1512.03385, section 4.2; random erasing after
        Zhong et al., arXiv:1708.04896, here with the background's zero.
    """
    count, height, width = images.shape
    draws = tf.unstack(draws, num=_DRAWS, axis=1)
    mirrored = draws[2] < 0.5 if how.flip else tf.zeros((count,), tf.bool)
    rows = _picker(height, _shift(draws[0], how), tf.zeros((count,), tf.bool))
    columns = _picker(width, _shift(draws[1], how), mirrored)
    pixels = tf.matmul(tf.matmul(rows, tf.cast(images, tf.float32) / 255.0), columns, transpose_b=True)
    if how.erase_share > 0:
        inside = (
            _span(height, draws[3], draws[4], how)[:, :, None]
            & _span(width, draws[5], draws[6], how)[:, None, :]
        )
        pixels = tf.where(inside & (draws[7] < how.erase_share)[:, None, None], 0.0, pixels)
    return pixels[..., None]


def _shift(draw: Any, how: Augmentation) -> Any:
    """Turn draws in [0, 1) into whole steps in [-max_shift_px, max_shift_px]."""
    return tf.cast(tf.floor(draw * (2 * how.max_shift_px + 1)), tf.int32) - how.max_shift_px


def _picker(size: int, offset: Any, mirrored: Any) -> Any:
    """Return a matrix (size, size) for each image: which row or column comes to each place; none from outside."""
    places = tf.range(size)[None, :]
    origin = tf.where(mirrored[:, None], size - 1 - places, places) + offset[:, None]
    return tf.one_hot(origin, size)


def _span(size: int, draw: Any, length_draw: Any, how: Augmentation) -> Any:
    """Tell for each image which places along one side lie in the erased rectangle, whose middle is anywhere."""
    half = (2.0 + length_draw * (how.max_erase_px - 2.0)) / 2.0
    places = tf.range(size, dtype=tf.float32)[None, :]
    return tf.abs(places - (draw * size)[:, None]) < half[:, None]
