import re

import numpy as np
import pytest

from litesmith.data.synthetic.glyphs import Glyph, class_names, make_glyphs
from litesmith.data.synthetic.outlines import Placement, rasterize

_PLACE = Placement(np.array([1.0, 0.0]), np.array([0.0, 1.0]), np.zeros(2))


def drawn(glyph: Glyph) -> np.ndarray:
    return rasterize(list(glyph.pieces), 32, 32, _PLACE).astype(int)


@pytest.mark.parametrize("coloured", [False, True])
@pytest.mark.parametrize("mirrored_pair", [False, True])
@pytest.mark.parametrize("num_classes", [2, 3, 7, 16, 17, 33, 34, 35, 255, 256])
def test_each_class_has_a_shape_and_a_name_of_its_own(
    num_classes: int, coloured: bool, mirrored_pair: bool
) -> None:
    glyphs = make_glyphs(num_classes, coloured=coloured, mirrored_pair=mirrored_pair)
    assert len(glyphs) == num_classes
    assert len({(glyph.hue, drawn(glyph).tobytes()) for glyph in glyphs}) == num_classes
    names = class_names(num_classes, coloured=coloured, mirrored_pair=mirrored_pair)
    assert len(set(names)) == num_classes
    assert all(re.fullmatch("[a-z]+( [a-z]+)*", name) for name in names)


def test_shapes_differ_by_more_than_their_edges() -> None:
    images = np.stack([drawn(glyph) for glyph in make_glyphs(256, coloured=False, mirrored_pair=False)])
    flat = images.reshape(len(images), -1)
    apart = [np.sort(abs(flat - one).mean(axis=1))[1] for one in flat]
    assert min(apart) > 4


def test_the_arrows_are_mirror_images_and_every_other_shape_is_its_own() -> None:
    right, left, *others = map(drawn, make_glyphs(256, coloured=False, mirrored_pair=True))
    # The rasterizer rounds a polygon's left and right edges differently, by less than a pixel.
    assert abs(right[:, ::-1] - left).mean() < 3 < abs(right - left).mean()
    assert max(abs(other[:, ::-1] - other).mean() for other in others) < 6


def test_the_names_say_what_is_seen() -> None:
    assert class_names(3, coloured=False, mirrored_pair=True) == ("right arrow", "left arrow", "disc")
    assert class_names(3, coloured=True, mirrored_pair=False) == (
        "warm disc",
        "cold disc",
        "warm cross",
    )
    assert class_names(60, coloured=False, mirrored_pair=False)[48] == "disc topped underlined"
