"""Digests of images, by which the same one is known anywhere."""

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from litesmith.data.formats.pixels import canonical


def pixel_digests(images: NDArray[np.uint8]) -> list[str]:
    """Return a digest of each image's pixels, 32 hex digits.

    The pixels are those of the data set's form.

    An image that came in another size has another digest here than in the tables of
    `litesmith.data.intake`, which are of the picture before it was fitted.

    Args:
        images: uint8 (n, height, width, channels), of 1 or 3 channels.
    """
    return [canonical(np.asarray(image)).digest() for image in images]


def digest_of_all(digests: Iterable[str]) -> str:
    """Return the SHA-256 of digests, a line each in their order."""
    return hashlib.sha256("".join(f"{digest}\n" for digest in digests).encode()).hexdigest()
