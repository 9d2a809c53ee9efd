import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from litesmith.data.formats import picture as picture_module
from litesmith.data.formats.picture import decode_picture
from litesmith.data.outliers import TrainingStatistics, fit_statistics
from litesmith.data.synthetic.garments import draw_images
from litesmith.errors import DataError
from litesmith.inference.picture import read_picture
from litesmith.params.sections.dataset import Ground
from litesmith.tflite.metadata import InputForm

DARK = InputForm(height=28, width=28, channels=1, fit="pad", ground="dark")


def dark_with_square(height: int, width: int) -> Image.Image:
    values = np.zeros((height, width), np.uint8)
    values[height // 4 : -height // 4, width // 4 : -width // 4] = 200
    return Image.fromarray(values)


def save(picture: Image.Image, path: Path) -> Path:
    picture.save(path)
    return path


def test_a_picture_that_fits_is_taken_as_it_is(tmp_path: Path) -> None:
    picture = dark_with_square(28, 28)
    read = read_picture(save(picture, tmp_path / "a.png"), DARK)
    assert read.image.dtype == np.uint8
    assert np.array_equal(read.image[..., 0], np.asarray(picture))
    assert read.changes == ()


def test_light_background_is_inverted_and_said(tmp_path: Path) -> None:
    light = Image.fromarray(255 - np.asarray(dark_with_square(28, 28)))
    read = read_picture(save(light, tmp_path / "a.png"), DARK)
    assert np.array_equal(read.image[..., 0], np.asarray(dark_with_square(28, 28)))
    assert read.changes == ("inverted, as its background is light (255 of 255)",)


def test_wide_picture_keeps_its_proportions(tmp_path: Path) -> None:
    wide = Image.new("L", (200, 100), 0)
    wide.paste(255, (20, 10, 180, 90))
    read = read_picture(save(wide, tmp_path / "a.png"), DARK)
    assert read.image.shape == (28, 28, 1)
    bright = read.image[..., 0] > 127
    assert np.ptp(np.flatnonzero(bright.any(axis=0))) + 1 == pytest.approx(22, abs=1)
    assert np.ptp(np.flatnonzero(bright.any(axis=1))) + 1 == pytest.approx(11, abs=1)
    assert read.image[:6].max() == read.image[-6:].max() == 0
    assert read.changes == ("resized from 200 x 100 to fit 28 x 28, keeping its proportions",)


@pytest.mark.parametrize(
    ("ground", "levels"), [("dark", (0, 30)), ("light", (255, 225)), ("any", (128, 225))]
)
def test_padding_is_the_ground(tmp_path: Path, ground: Ground, levels: tuple[int, int]) -> None:
    grey = save(Image.new("L", (100, 50), 225), tmp_path / "a.png")
    read = read_picture(grey, DARK.replace(ground=ground))
    assert (read.image[0, 14], read.image[14, 14]) == levels


FORMS = [
    InputForm(height=12, width=20, channels=channels, fit=fit, ground="any")
    for channels in (1, 3)
    for fit in ("pad", "crop", "stretch")
]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form.fit}, {form.channels}")
@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("size", [(20, 12), (40, 24), (31, 9), (9, 31)])
def test_a_picture_comes_to_the_input_as_to_a_data_set(
    tmp_path: Path, form: InputForm, mode: str, size: tuple[int, int]
) -> None:
    drawn = np.random.default_rng(3).integers(0, 256, (size[1], size[0], 3), np.uint8)
    path = save(Image.fromarray(drawn).convert(mode), tmp_path / "a.png")
    read = read_picture(path, form)
    assert read.image.shape == (12, 20, form.channels)
    assert np.array_equal(read.image, decode_picture(path, "a.png").pixels.in_form(form))
    assert ("turned grey" in read.changes) == (mode == "RGB" and form.channels == 1)
    verb = {
        "pad": "to fit 20 x 12, keeping its proportions",
        "crop": "to fill 20 x 12, cut at its edges",
    }
    expected = (
        f"resized from {size[0]} x {size[1]} {verb[form.fit]}"
        if form.fit in verb
        else f"stretched from {size[0]} x {size[1]} to 20 x 12"
    )
    assert (expected in read.changes) == (size != (20, 12))


COLOUR = InputForm(height=28, width=28, channels=3, fit="pad", ground="dark")


def red_on(level: int) -> Image.Image:
    picture = Image.new("RGB", (28, 28), (level, level, level))
    picture.paste((150, 20, 20), (8, 8, 20, 20))
    return picture


def test_a_colour_picture_keeps_its_colours_for_a_model_of_colours(tmp_path: Path) -> None:
    read = read_picture(save(red_on(10), tmp_path / "a.png"), COLOUR)
    assert np.array_equal(read.image, np.asarray(red_on(10)))
    assert read.changes == ()


def test_a_grey_picture_has_three_equal_channels_for_a_model_of_colours(tmp_path: Path) -> None:
    picture = dark_with_square(28, 28)
    read = read_picture(save(picture, tmp_path / "a.png"), COLOUR)
    assert np.array_equal(read.image, np.repeat(np.asarray(picture)[..., None], 3, axis=2))


def test_of_colours_the_lightness_is_inverted_and_red_stays_red(tmp_path: Path) -> None:
    read = read_picture(save(red_on(250), tmp_path / "a.png"), COLOUR)
    assert read.changes == ("inverted, as its background is light (250 of 255)",)
    assert read.image[0, 0].max() < 10
    red, green, blue = read.image[14, 14].astype(int)
    assert red > green + 60 and red > blue + 60
    on_any = COLOUR.replace(ground="any")
    assert np.array_equal(read_picture(tmp_path / "a.png", on_any).image, np.asarray(red_on(250)))


@pytest.mark.parametrize(("ground", "level"), [("dark", 150), ("light", 105), ("any", 255), ("any", 0)])
def test_what_is_not_clearly_of_the_opposite_ground_stays(
    tmp_path: Path, ground: Ground, level: int
) -> None:
    grey = Image.new("L", (28, 28), level)
    grey.paste(200, (8, 8, 20, 20))
    read = read_picture(save(grey, tmp_path / "a.png"), DARK.replace(ground=ground))
    assert np.array_equal(read.image[..., 0], np.asarray(grey))


def test_a_cut_out_lies_on_grey_where_no_ground_is_known(tmp_path: Path) -> None:
    clear = Image.new("RGBA", (28, 28), (0, 0, 0, 0))
    clear.paste((200, 60, 30, 255), (8, 8, 20, 20))
    path = save(clear, tmp_path / "a.png")
    for form in (DARK.replace(ground="any"), COLOUR.replace(ground="any")):
        read = read_picture(path, form)
        assert "laid on grey" in read.changes
        assert np.array_equal(read.image, decode_picture(path, "a.png").pixels.in_form(form))


def test_a_shape_in_alpha_alone_is_laid_on_paper_for_a_model_of_colours(tmp_path: Path) -> None:
    veil = np.zeros((28, 28, 4), np.uint8)
    veil[8:20, 8:20] = (255, 255, 255, 120)
    read = read_picture(save(Image.fromarray(veil), tmp_path / "a.png"), COLOUR)
    assert read.changes == ("laid on black",)
    assert read.image[14, 14].tolist() == [120] * 3


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "gif", "webp", "tiff"])
def test_common_formats_in_colour(tmp_path: Path, suffix: str) -> None:
    colour = Image.new("RGB", (40, 40), (250, 250, 250))
    colour.paste((200, 30, 30), (10, 10, 30, 30))
    read = read_picture(save(colour, tmp_path / f"a.{suffix}"), DARK)
    assert read.image[14, 14] > 120
    assert read.image[0, 0] < 10
    assert any(change.startswith("inverted") for change in read.changes)


@pytest.mark.parametrize(
    ("tone", "paper"), [(0, "white"), (60, "white"), (200, "black"), (255, "black")]
)
def test_a_cut_out_is_laid_on_paper_that_it_contrasts_with(
    tmp_path: Path, tone: int, paper: str
) -> None:
    clear = Image.new("RGBA", (28, 28), (0, 0, 0, 0))
    clear.paste((tone, tone, tone, 255), (8, 8, 20, 20))
    read = read_picture(save(clear, tmp_path / "a.png"), DARK)
    assert (read.image[14, 14], read.image[0, 0]) == (max(tone, 255 - tone), 0)
    assert f"laid on {paper}" in read.changes


@pytest.fixture(scope="module")
def garments() -> TrainingStatistics:
    return fit_statistics(draw_images(1500, 28, 28, 10, seed=1)[0][..., None])


CUT_OUTS = {
    "bright": lambda image: (image, np.where(image > 0, 255, 0)),
    "dark": lambda image: (255 - image, np.where(image > 0, 255, 0)),
    "white, shape in alpha alone": lambda image: (np.full_like(image, 255), image),
    "black, shape in alpha alone": lambda image: (np.zeros_like(image), image),
    "grey, shape in alpha alone": lambda image: (np.full_like(image, 128), image),
}


@pytest.mark.parametrize("kind", CUT_OUTS)
def test_cut_outs_of_images_look_as_in_training(
    tmp_path: Path, garments: TrainingStatistics, kind: str
) -> None:
    images, right = draw_images(60, 28, 28, 10, seed=2)[0], 0
    for image in images:
        grey, alpha = CUT_OUTS[kind](image)
        rgba = np.dstack([grey, grey, grey, alpha]).astype(np.uint8)
        read = read_picture(save(Image.fromarray(rgba), tmp_path / "a.png"), DARK, garments)
        right += int(np.abs(read.image[..., 0].astype(int) - image).max() <= 1)
    assert right >= 58


def test_a_cut_out_that_covers_all_is_a_picture_like_others(tmp_path: Path) -> None:
    light = Image.new("RGBA", (28, 28), (255, 255, 255, 255))
    light.paste((9, 9, 9, 255), (8, 8, 20, 20))
    read = read_picture(save(light, tmp_path / "a.png"), DARK)
    assert read.changes == ("inverted, as its background is light (255 of 255)",)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_nothing_but_transparency_is_said(tmp_path: Path, mode: str) -> None:
    clear = Image.new("RGBA", (28, 28), (90, 90, 90, 0)).convert("LA" if mode == "LA" else "RGBA")
    if mode == "PA":
        clear = clear.convert("P")
    with pytest.raises(DataError, match=r"a\.png shows nothing: every pixel is transparent"):
        read_picture(save(clear, tmp_path / "a.png"), DARK)


def test_one_tone_behind_one_veil_is_said(tmp_path: Path) -> None:
    veiled = Image.new("RGBA", (28, 28), (90, 90, 90, 120))
    with pytest.raises(DataError, match=r"a\.png shows nothing: its opaque pixels are all alike"):
        read_picture(save(veiled, tmp_path / "a.png"), DARK)


def png(width: int, depth: int, colour_type: int, row: bytes, transparent: bytes) -> bytes:
    """Return a PNG file of one row with a transparent level or colour, as Pillow cannot write it."""
    header = struct.pack(">IIBBBBB", width, 1, depth, colour_type, 0, 0, 0)
    chunks = (
        (b"IHDR", header),
        (b"tRNS", transparent),
        (b"IDAT", zlib.compress(b"\0" + row)),
        (b"IEND", b""),
    )
    packed = (
        struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


# A row of two pixels, the second one bright; the first has the level that is called transparent.
KEYED = {
    "grey, 2 bits": (2, 0, bytes([0b10_11_0000]), struct.pack(">H", 2)),
    "grey, 4 bits": (4, 0, bytes([0x9F]), struct.pack(">H", 9)),
    "grey, 8 bits": (8, 0, bytes([90, 255]), struct.pack(">H", 90)),
    "grey, 16 bits": (16, 0, struct.pack(">2H", 20_000, 65_535), struct.pack(">H", 20_000)),
    "colour, 8 bits": (8, 2, bytes([90] * 3 + [255] * 3), struct.pack(">3H", 90, 90, 90)),
    "colour, 16 bits": (
        16,
        2,
        struct.pack(">6H", *[20_000] * 3, *[65_535] * 3),
        struct.pack(">3H", *[20_000] * 3),
    ),
}


@pytest.mark.parametrize("kind", KEYED)
def test_a_level_that_is_called_transparent_is_so_in_every_depth(tmp_path: Path, kind: str) -> None:
    (tmp_path / "a.png").write_bytes(png(2, *KEYED[kind]))
    read = read_picture(
        tmp_path / "a.png", InputForm(height=1, width=2, channels=1, fit="pad", ground="dark")
    )
    assert read.image.tolist() == [[[0], [255]]]
    assert "laid on black" in read.changes


def test_sixteen_bits_with_a_transparent_level_are_scaled_not_cut(tmp_path: Path) -> None:
    deep = np.full((28, 28), 0, np.uint16)
    deep[8:20, 8:20] = 30_000
    deep[10:18, 10:18] = 60_000
    plain = read_picture(save(Image.fromarray(deep), tmp_path / "a.png"), DARK).image
    for level in (0, 65_535):
        Image.fromarray(deep).save(tmp_path / "b.png", transparency=level)
        read = read_picture(tmp_path / "b.png", DARK)
        assert np.unique(read.image[10:18, 10:18]).tolist() == [60_000 >> 8]
        assert read.image[0, 0] == 0
    assert np.array_equal(read.image, plain)


@pytest.mark.parametrize("hole", [np.nan, np.inf, -np.inf])
def test_floats_that_are_no_numbers_leave_the_rest_as_it_is(tmp_path: Path, hole: float) -> None:
    values = np.zeros((28, 28), np.float32)
    values[8:20, 8:20] = 0.8
    whole = read_picture(save(Image.fromarray(values), tmp_path / "a.tif"), DARK).image
    values[14, 14] = hole
    read = read_picture(save(Image.fromarray(values), tmp_path / "b.tif"), DARK)
    others = np.ones((28, 28), bool)
    others[14, 14] = False
    assert np.array_equal(read.image[others], whole[others])
    assert ("left out what is not a number (1 of 784 pixels)" in read.changes) == bool(np.isnan(hole))


def test_floats_without_a_number_show_nothing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="shows nothing: every pixel is transparent or not a number"):
        read_picture(
            save(Image.fromarray(np.full((28, 28), np.nan, np.float32)), tmp_path / "a.tif"), DARK
        )


def test_the_largest_floats_are_scaled_too(tmp_path: Path) -> None:
    values = np.full((28, 28), -3e38, np.float32)
    values[8:20, 8:20] = 3e38
    read = read_picture(save(Image.fromarray(values), tmp_path / "a.tif"), DARK)
    assert (read.image[0, 0], read.image[14, 14]) == (0, 255)


def test_of_an_animation_the_first_frame_is_taken_and_said(tmp_path: Path) -> None:
    frames = [dark_with_square(28, 28), *(Image.new("L", (28, 28), tone) for tone in (50, 90))]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    read = read_picture(tmp_path / "a.gif", DARK)
    assert read.changes[0] == "the first of 3 frames"
    assert np.abs(read.image[..., 0].astype(int) - np.asarray(frames[0])).max() <= 2


@pytest.mark.parametrize(("ground", "turned"), [("dark", True), ("light", False), ("any", False)])
def test_a_picture_is_turned_to_the_ground_of_the_model(
    tmp_path: Path, ground: Ground, turned: bool
) -> None:
    form = InputForm(height=28, width=28, channels=1, fit="pad", ground=ground)
    light = Image.fromarray(255 - np.asarray(dark_with_square(28, 28)))
    read = read_picture(save(light, tmp_path / "a.png"), form)
    assert (read.image[0, 0] == 0) == turned
    assert any(change.startswith("inverted") for change in read.changes) == turned


def test_a_picture_with_a_light_border_that_is_like_the_training_images_stays(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    images = rng.integers(0, 30, (300, 28, 28)).astype(np.uint8)
    images[:, 9:19, 9:19] += 150
    # one in ten fills the picture
    images[::10] += np.linspace(90, 200, 28).astype(np.uint8)
    training = fit_statistics(images[..., None])
    full = save(Image.fromarray(images[0]), tmp_path / "a.png")
    assert np.array_equal(read_picture(full, DARK, training).image[..., 0], images[0])
    light = save(Image.fromarray(255 - images[1]), tmp_path / "b.png")
    assert np.array_equal(read_picture(light, DARK, training).image[..., 0], images[1])


def test_a_dark_picture_is_turned_for_a_model_of_light_ground(tmp_path: Path) -> None:
    form = InputForm(height=28, width=28, channels=1, fit="pad", ground="light")
    read = read_picture(save(dark_with_square(28, 28), tmp_path / "a.png"), form)
    assert read.changes == ("inverted, as its background is dark (0 of 255)",)
    assert (read.image[0, 0], read.image[14, 14]) == (255, 55)


def test_sixteen_bits_are_scaled_not_cut(tmp_path: Path) -> None:
    deep = np.full((28, 28), 1000, np.uint16)
    deep[10:20, 10:20] = 60_000
    deep[10:20, 5:10] = 30_500
    read = read_picture(save(Image.fromarray(deep), tmp_path / "a.png"), DARK)
    assert (read.image[0, 0], read.image[15, 15]) == (1000 >> 8, 60_000 >> 8)
    assert read.image[15, 7] == 30_500 >> 8
    assert read.changes == ("brought to 8 bits",)


def test_camera_orientation_is_followed(tmp_path: Path) -> None:
    upright = np.zeros((28, 28), np.uint8)
    upright[2:10, 2:26] = 220
    turned = Image.fromarray(np.rot90(upright))
    exif = Image.Exif()
    exif[0x0112] = 6
    turned.save(tmp_path / "a.png", exif=exif)
    assert np.array_equal(read_picture(tmp_path / "a.png", DARK).image[..., 0], upright)


def test_missing_picture(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.png is missing\. Expected an image file"):
        read_picture(tmp_path / "gone.png", DARK)


def test_something_else_than_a_picture(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("not a picture")
    with pytest.raises(DataError, match=r"a\.png is not a picture that can be read"):
        read_picture(tmp_path / "a.png", DARK)


def test_a_picture_that_is_a_program_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dark_with_square(28, 28).save(tmp_path / "a.eps")
    monkeypatch.setattr(
        "PIL.EpsImagePlugin.Ghostscript", lambda *_: pytest.fail("a program was started")
    )
    with pytest.raises(DataError, match=r"a\.eps is not a picture that can be read"):
        read_picture(tmp_path / "a.eps", DARK)


def test_picture_that_was_cut_short(tmp_path: Path) -> None:
    path = save(Image.effect_noise((60, 60), 50), tmp_path / "a.png")
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(DataError, match=r"a\.png cannot be read as a picture: .*Save it again"):
        read_picture(path, DARK)


def test_a_folder_that_was_named_as_a_picture(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"is a folder\. Expected an image file"):
        read_picture(tmp_path, DARK)


def test_a_line_is_no_picture(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.png is a line of 3000 x 1 pixels"):
        read_picture(save(Image.new("L", (3000, 1)), tmp_path / "a.png"), DARK)


def test_the_largest_cameras_are_read_and_bombs_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture_module, "_MAX_MEGAPIXELS", 1)
    before = Image.MAX_IMAGE_PIXELS
    read_picture(save(dark_with_square(990, 1000), tmp_path / "a.png"), DARK)
    with pytest.raises(DataError, match=r"b\.png has more than 1 megapixels\. Make it smaller"):
        read_picture(save(dark_with_square(1020, 1000), tmp_path / "b.png"), DARK)
    assert before == Image.MAX_IMAGE_PIXELS


@pytest.mark.parametrize(
    ("mode", "suffix"),
    [("1", "png"), ("P", "png"), ("CMYK", "tif"), ("LAB", "tif"), ("YCbCr", "tif"), ("RGBX", "tif")],
)
def test_every_colour_space_that_pillow_reads_becomes_grey(
    tmp_path: Path, mode: str, suffix: str
) -> None:
    light = dark_with_square(28, 28).convert("RGB")
    neutral = Image.new("L", light.size, 128)
    lab = Image.merge("LAB", (light.getchannel(0), neutral, neutral))
    colours = lab if mode == "LAB" else light.convert(mode)
    read = read_picture(save(colours, tmp_path / f"a.{suffix}"), DARK)
    assert read.image[9:19, 9:19].mean() > 120
    assert read.image[0, 0] < 10


def test_a_damaged_note_of_the_camera_leaves_the_picture_as_it_is(tmp_path: Path) -> None:
    dark_with_square(28, 28).save(tmp_path / "a.jpg", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01")
    assert read_picture(tmp_path / "a.jpg", DARK).image[14, 14] > 190


def test_formats_of_which_pillow_knows_the_name_alone_are_no_pictures(tmp_path: Path) -> None:
    (tmp_path / "model.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    with pytest.raises(DataError, match=r"model\.h5 is not a picture that can be read"):
        read_picture(tmp_path / "model.h5", DARK)
