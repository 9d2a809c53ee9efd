"""Answers as text that takes little room, and back."""

import zlib
from base64 import b64decode, b64encode
from binascii import Error as Base64Error

import numpy as np
from numpy.typing import NDArray

from litesmith.errors import DataError
from litesmith.records.service.judge import Answers

Labels = NDArray[np.uint8]


def pack_answers(labels: Labels, candidate: Labels, released: Labels | None, keras: Labels) -> Answers:
    """Return classes as text.

    Args:
        labels: True classes, uint8 (n,).
        candidate: Classes that the candidate gave, uint8 (n,).
        released: Those of the file in service; None if there is none that can be compared.
        keras: Those of the candidate's Keras model.
    """
    return Answers(
        num_images=len(labels),
        labels=_packed(labels),
        candidate=_packed(candidate ^ labels),
        released=None if released is None else _packed(released ^ labels),
        keras=_packed(keras ^ labels),
    )


def unpack_answers(answers: Answers) -> tuple[Labels, Labels, Labels | None, Labels]:
    """Return what `pack_answers` took.

    Raises:
        DataError: A text does not hold a class for each image.
    """
    labels, num = _unpacked(answers.labels, answers.num_images), answers.num_images
    released = None if answers.released is None else _unpacked(answers.released, num) ^ labels
    candidate, keras = _unpacked(answers.candidate, num), _unpacked(answers.keras, num)
    return labels, candidate ^ labels, released, keras ^ labels


def _packed(values: Labels) -> str:
    return b64encode(zlib.compress(values.astype(np.uint8).tobytes(), 9)).decode("ascii")


def _unpacked(text: str, num: int) -> Labels:
    """Return the bytes in a text, of which nothing beyond ``num`` is unpacked."""
    reader = zlib.decompressobj()
    try:
        content = reader.decompress(b64decode(text, validate=True), num + 1)
    except (zlib.error, Base64Error) as error:
        raise DataError(f"the answers of a decision are damaged: {error}. Judge again.") from error
    if len(content) != num:
        raise DataError(
            f"a decision has {len(content)} answers, and is about {num} images. Judge again."
        )
    return np.frombuffer(content, np.uint8)
