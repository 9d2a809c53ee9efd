import hashlib

import numpy as np

from litesmith.data.digests import digest_of_all, pixel_digests
from litesmith.data.formats.pixels import canonical


def test_equal_pixels_have_equal_digests_and_others_other_ones() -> None:
    images = np.random.default_rng(1).integers(0, 256, (4, 6, 5, 1), dtype=np.uint8)
    images[3] = images[0]
    digests = pixel_digests(images)
    assert digests[3] == digests[0]
    assert len({*digests}) == 3
    assert all(len(digest) == 32 and int(digest, 16) >= 0 for digest in digests)


def test_an_image_has_the_digest_of_the_picture_that_it_was_read_from() -> None:
    colours = np.random.default_rng(2).integers(0, 256, (2, 6, 5, 3), dtype=np.uint8)
    assert pixel_digests(colours) == [canonical(image).digest() for image in colours]


def test_the_digest_of_all_follows_their_order() -> None:
    assert digest_of_all(["ab", "cd"]) == hashlib.sha256(b"ab\ncd\n").hexdigest()
    assert digest_of_all(["cd", "ab"]) != digest_of_all(["ab", "cd"])
    assert digest_of_all([]) == hashlib.sha256(b"").hexdigest()
