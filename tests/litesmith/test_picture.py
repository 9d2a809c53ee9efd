from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from litesmith.errors import DataError
from litesmith.picture import read_picture


def dark_with_square(height: int, width: int) -> Image.Image:
    values = np.zeros((height, width), np.uint8)
    values[height // 4 : -height // 4, width // 4 : -width // 4] = 200
    return Image.fromarray(values)


def save(picture: Image.Image, path: Path) -> Path:
    picture.save(path)
    return path


def test_a_picture_that_fits_is_taken_as_it_is(tmp_path: Path) -> None:
    picture = dark_with_square(28, 28)
    read = read_picture(save(picture, tmp_path / "a.png"), 28, 28)
    assert read.image.dtype == np.uint8
    assert np.array_equal(read.image, np.asarray(picture))
    assert read.changes == ()


def test_light_background_is_inverted_and_said(tmp_path: Path) -> None:
    light = Image.fromarray(255 - np.asarray(dark_with_square(28, 28)))
    read = read_picture(save(light, tmp_path / "a.png"), 28, 28)
    assert np.array_equal(read.image, np.asarray(dark_with_square(28, 28)))
    assert read.changes == ("inverted, as its background is light (255 of 255)",)


def test_wide_picture_keeps_its_proportions(tmp_path: Path) -> None:
    wide = Image.new("L", (200, 100), 0)
    wide.paste(255, (20, 10, 180, 90))
    read = read_picture(save(wide, tmp_path / "a.png"), 28, 28)
    assert read.image.shape == (28, 28)
    bright = read.image > 127
    assert np.ptp(np.flatnonzero(bright.any(axis=0))) + 1 == pytest.approx(22, abs=1)
    assert np.ptp(np.flatnonzero(bright.any(axis=1))) + 1 == pytest.approx(11, abs=1)
    assert read.image[:6].max() == read.image[-6:].max() == 0
    assert read.changes == ("resized from 200 x 100 to fit 28 x 28, keeping its proportions",)


def test_padding_has_the_colour_of_the_background(tmp_path: Path) -> None:
    grey = Image.new("L", (100, 50), 225)
    read = read_picture(save(grey, tmp_path / "a.png"), 28, 28)
    assert np.unique(read.image).tolist() == [30]


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "gif", "webp", "tiff"])
def test_common_formats_in_colour(tmp_path: Path, suffix: str) -> None:
    colour = Image.new("RGB", (40, 40), (250, 250, 250))
    colour.paste((200, 30, 30), (10, 10, 30, 30))
    read = read_picture(save(colour, tmp_path / f"a.{suffix}"), 28, 28)
    assert read.image[14, 14] > 120
    assert read.image[0, 0] < 10
    assert any(change.startswith("inverted") for change in read.changes)


def test_transparency_counts_as_white_paper(tmp_path: Path) -> None:
    clear = Image.new("RGBA", (28, 28), (0, 0, 0, 0))
    clear.paste((0, 0, 0, 255), (8, 8, 20, 20))
    read = read_picture(save(clear, tmp_path / "a.png"), 28, 28)
    assert (read.image[14, 14], read.image[0, 0]) == (255, 0)
    assert read.changes[0] == "laid on white"


def test_sixteen_bits_are_scaled_not_cut(tmp_path: Path) -> None:
    deep = np.full((28, 28), 1000, np.uint16)
    deep[10:20, 10:20] = 60_000
    deep[10:20, 5:10] = 30_500
    read = read_picture(save(Image.fromarray(deep), tmp_path / "a.png"), 28, 28)
    assert (read.image[0, 0], read.image[15, 15]) == (0, 255)
    assert read.image[15, 7] == 128
    assert read.changes == ("brought to 8 bits",)


def test_camera_orientation_is_followed(tmp_path: Path) -> None:
    upright = np.zeros((28, 28), np.uint8)
    upright[2:10, 2:26] = 220
    turned = Image.fromarray(np.rot90(upright))
    exif = Image.Exif()
    exif[0x0112] = 6
    turned.save(tmp_path / "a.png", exif=exif)
    assert np.array_equal(read_picture(tmp_path / "a.png", 28, 28).image, upright)


def test_missing_picture(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.png is missing\. Expected an image file"):
        read_picture(tmp_path / "gone.png", 28, 28)


def test_something_else_than_a_picture(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("not a picture")
    with pytest.raises(DataError, match=r"a\.png is not a picture that can be read"):
        read_picture(tmp_path / "a.png", 28, 28)


def test_picture_that_was_cut_short(tmp_path: Path) -> None:
    path = save(Image.effect_noise((60, 60), 50), tmp_path / "a.png")
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(DataError, match=r"a\.png cannot be read as a picture: .*Save it again"):
        read_picture(path, 28, 28)
