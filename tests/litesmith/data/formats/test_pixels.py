import hashlib
import struct

import numpy as np
import pytest
from PIL import Image, ImageOps

from litesmith.data.formats.pixels import Pixels, canonical
from litesmith.errors import DataError
from tests.litesmith.data.formats.sources import form, noise

GREY, COLOUR = noise(1, 9, 7), noise(2, 9, 7, 3)


def test_the_digest_is_of_shape_and_pixels() -> None:
    expected = hashlib.blake2b(struct.pack("<3I", 9, 7, 1) + GREY.tobytes(), digest_size=16).hexdigest()
    assert canonical(GREY).digest() == expected
    assert canonical(GREY.reshape(7, 9)).digest() != expected


def test_the_same_picture_has_one_digest_however_it_is_stored() -> None:
    opaque = np.full((9, 7, 1), 255, np.uint8)
    three = np.repeat(GREY[:, :, None], 3, axis=2)
    same = [GREY, GREY[:, :, None], np.dstack([GREY, opaque]), three, np.dstack([three, opaque])]
    assert len({canonical(values).digest() for values in same}) == 1
    assert canonical(COLOUR).digest() == canonical(np.dstack([COLOUR, opaque])).digest()


def test_another_pixel_or_opacity_has_another_digest() -> None:
    other, alpha = COLOUR.copy(), np.full((9, 7), 255, np.uint8)
    other[4, 4, 1] ^= 1
    alpha[0, 0] = 254
    pictures = [COLOUR, other, np.dstack([COLOUR, alpha])]
    assert len({canonical(values).digest() for values in pictures}) == 3


def test_colours_that_nobody_sees_do_not_count() -> None:
    alpha = np.where(GREY > 99, 255, 0).astype(np.uint8)
    hidden = np.where(alpha[:, :, None] > 0, COLOUR, 255 - COLOUR)
    assert (
        canonical(np.dstack([COLOUR, alpha])).digest() == canonical(np.dstack([hidden, alpha])).digest()
    )


@pytest.mark.parametrize("fit", ["pad", "crop", "stretch"])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_picture_of_the_declared_size_keeps_its_pixels(fit: str, channels: int) -> None:
    values = GREY if channels == 1 else COLOUR
    fitted = canonical(values).in_form(form(height=9, width=7, channels=channels, fit=fit))
    np.testing.assert_array_equal(fitted, values.reshape(9, 7, channels))


def test_grey_and_colour_become_each_other() -> None:
    in_colour = canonical(GREY).in_form(form(height=9, width=7, channels=3))
    np.testing.assert_array_equal(in_colour, np.repeat(GREY[:, :, None], 3, axis=2))
    in_grey = canonical(COLOUR).in_form(form(height=9, width=7, channels=1))[:, :, 0]
    np.testing.assert_array_equal(in_grey, np.asarray(Image.fromarray(COLOUR).convert("L")))


@pytest.mark.parametrize(("ground", "fill"), [("dark", 0), ("light", 255), ("any", 128)])
@pytest.mark.parametrize("channels", [1, 3])
def test_margins_and_what_is_transparent_show_the_ground(ground: str, fill: int, channels: int) -> None:
    wide = canonical(np.full((10, 20), 77, np.uint8))
    fitted = wide.in_form(form(height=20, width=20, channels=channels, ground=ground))
    assert fitted.shape == (20, 20, channels)
    assert np.unique(fitted[:5]).tolist() == np.unique(fitted[-5:]).tolist() == [fill]
    assert np.unique(fitted[5:15]).tolist() == [77]
    clear = canonical(np.dstack([GREY, np.zeros_like(GREY)]))
    laid = clear.in_form(form(height=9, width=7, channels=channels, ground=ground))
    assert np.unique(laid).tolist() == [fill]


@pytest.mark.parametrize(("alpha", "level"), [(0, 255), (51, 224), (128, 177), (255, 100)])
def test_what_is_half_transparent_is_mixed(alpha: int, level: int) -> None:
    values = np.full((8, 6, 2), (100, alpha), np.uint8)
    assert np.unique(canonical(values).in_form(form(ground="light"))).tolist() == [level]


def test_transparent_colours_are_laid_before_they_turn_grey() -> None:
    values = np.full((8, 6, 4), (255, 0, 0, 128), np.uint8)
    in_colour = canonical(values).in_form(form(channels=3, ground="light"))
    assert np.unique(in_colour.reshape(-1, 3), axis=0).tolist() == [[255, 127, 127]]
    assert np.unique(canonical(values).in_form(form(ground="light"))).tolist() == [165]


def test_crop_cuts_the_edges_and_stretch_bends() -> None:
    values = np.zeros((10, 30), np.uint8)
    values[:, 10:20] = 200
    cropped = canonical(values).in_form(form(height=10, width=10, fit="crop"))
    assert np.unique(cropped).tolist() == [200]
    stretched = canonical(values).in_form(form(height=10, width=12, fit="stretch"))
    assert stretched[0, :, 0].tolist() == pytest.approx([0] * 4 + [200] * 4 + [0] * 4, abs=30)


def test_proportions_are_kept_when_padded() -> None:
    photograph = Image.effect_mandelbrot((120, 60), (-2, -1, 1, 1), 50)
    fitted = canonical(np.asarray(photograph)).in_form(form(height=32, width=32))
    expected = ImageOps.pad(photograph, (32, 32), Image.Resampling.LANCZOS, color=0)
    np.testing.assert_array_equal(fitted[:, :, 0], np.asarray(expected))


@pytest.mark.parametrize("fit", ["pad", "crop", "stretch"])
def test_large_pictures_come_out_as_in_one_step(fit: str) -> None:
    photograph = Image.effect_mandelbrot((1600, 1200), (-2, -1, 1, 1), 80).rotate(30)
    size, resampling = (48, 40), Image.Resampling.LANCZOS
    expected = {
        "pad": ImageOps.pad(photograph, size, resampling, color=0),
        "crop": ImageOps.fit(photograph, size, resampling),
        "stretch": photograph.resize(size, resampling),
    }[fit]
    fitted = canonical(np.asarray(photograph)).in_form(form(height=40, width=48, fit=fit))[:, :, 0]
    differences = np.abs(fitted.astype(int) - np.asarray(expected))
    assert differences.max() <= 8
    assert differences.mean() < 0.5


def test_a_line_is_no_picture_where_it_is_padded() -> None:
    line = Pixels(np.zeros((1, 3000, 1), np.uint8), None)
    with pytest.raises(
        DataError, match=r"the picture is a line of 3000 x 1 pixels\. Expected a picture"
    ):
        line.in_form(form())
    assert line.in_form(form(fit="stretch")).shape == (8, 6, 1)
