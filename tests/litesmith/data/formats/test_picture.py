import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from litesmith.data.formats import picture as picture_module
from litesmith.data.formats.picture import Decoded, decode_picture, picture_suffixes
from litesmith.errors import DataError
from tests.litesmith.data.formats.sources import encoded, noise

COLOUR = noise(5, 20, 30, 3)


def decoded(content: bytes) -> Decoded:
    return decode_picture(io.BytesIO(content), "a.png")


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM", "TGA", "WEBP"])
def test_lossless_formats_keep_every_pixel(kind: str) -> None:
    picture = decoded(encoded(COLOUR, kind, **({"lossless": True} if kind == "WEBP" else {})))
    np.testing.assert_array_equal(picture.pixels.colours, COLOUR)
    assert picture.pixels.alpha is None
    assert picture.changes == ()


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGB", "LA", "RGBA"])
def test_grey_is_told_from_pixels_not_from_the_mode(mode: str) -> None:
    grey = Image.fromarray(np.where(noise(1, 20, 30) > 99, np.uint8(255), np.uint8(0)))
    picture = decoded(encoded(grey.convert(mode)))
    np.testing.assert_array_equal(picture.pixels.colours[:, :, 0], np.asarray(grey))
    assert picture.pixels.colours.shape == (20, 30, 1)
    assert picture.pixels.alpha is None


def test_a_grey_jpeg_that_was_saved_in_colour_is_grey() -> None:
    grey = Image.fromarray(noise(1, 24, 24))
    in_colour = decoded(encoded(grey.convert("RGB"), "JPEG"))
    assert in_colour.pixels.colours.shape == (24, 24, 1)
    assert in_colour.pixels.digest() == decoded(encoded(grey, "JPEG")).pixels.digest()


@pytest.mark.parametrize("mode", ["CMYK", "YCbCr", "LAB"])
def test_other_colour_spaces_become_red_green_and_blue(mode: str) -> None:
    picture = Image.new("RGB", (8, 8), (200, 40, 40)).convert(mode if mode != "LAB" else "RGB")
    if mode == "LAB":  # the same red; a and b count from 128
        picture = Image.merge("LAB", [Image.new("L", (8, 8), level) for level in (112, 188, 166)])
    colours = decoded(encoded(picture, "TIFF")).pixels.colours
    assert np.abs(colours.astype(int) - (200, 40, 40)).max() <= 6


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_of_a_camera_is_turned_upright(orientation: int) -> None:
    turns = {
        1: lambda a: a,
        2: np.fliplr,
        3: lambda a: np.rot90(a, 2),
        4: np.flipud,
        5: lambda a: np.transpose(a, (1, 0, 2)),
        6: np.rot90,
        7: lambda a: np.rot90(np.transpose(a, (1, 0, 2)), 2),
        8: lambda a: np.rot90(a, -1),
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.ascontiguousarray(turns[orientation](COLOUR))
    np.testing.assert_array_equal(decoded(encoded(stored, exif=exif)).pixels.colours, COLOUR)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([[0, 257, 65_535]], np.uint16), [0, 1, 255]),
        (np.array([[0, 16, 4_095]], np.uint16), [0, 1, 255]),
        (np.array([[0, 16, 255]], np.uint16), [0, 16, 255]),
        (np.array([[0, 257, 65_535]], np.int32), [0, 1, 255]),
        (np.array([[-500, 0, 500]], np.int32), [0, 128, 255]),
        (np.array([[0, 10**6, 2 * 10**6]], np.int32), [0, 128, 255]),
        (np.array([[0, 0.2, 1]], np.float32), [0, 51, 255]),
        (np.array([[0, 51.2, 255]], np.float32), [0, 51, 255]),
        (np.array([[-1, 0, 1]], np.float32), [0, 128, 255]),
        (np.array([[0.5, np.inf, -np.inf]], np.float32), [128, 255, 0]),
        (np.array([[np.inf, -np.inf, np.inf]], np.float32), [255, 0, 255]),
    ],
)
def test_deep_levels_come_to_8_bits(values: object, expected: list[int]) -> None:
    picture = decoded(encoded(values, "TIFF"))
    assert picture.pixels.colours[0, :, 0].tolist() == expected
    assert picture.changes == ("brought to 8 bits",)


def test_what_is_no_number_is_transparent() -> None:
    picture = decoded(encoded(np.array([[0.2, np.nan]], np.float32), "TIFF"))
    assert picture.pixels.alpha is not None
    assert picture.pixels.alpha.tolist() == [[255, 0]]
    assert picture.changes == ("brought to 8 bits", "left out what is not a number (1 of 2 pixels)")


def test_a_16_bit_picture_in_colour_is_scaled_alike() -> None:
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in COLOUR.astype(np.uint16) * 257)
    np.testing.assert_array_equal(decoded(png(30, 20, 16, 2, rows)).pixels.colours, COLOUR)


def png(width: int, height: int, depth: int, kind: int, rows: bytes) -> bytes:
    """Return a PNG file as Pillow cannot write it."""
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    packed = (
        struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


@pytest.mark.parametrize("size", [(2**31 - 1, 2**31 - 1), (100_000, 100_000), (16_000, 16_000)])
def test_a_bomb_is_refused_by_its_header(size: tuple[int, int]) -> None:
    with pytest.raises(DataError, match=r"a\.png has more than 250 megapixels\. Make it smaller"):
        decoded(png(*size, 8, 0, b"\0" * 1000))


def test_a_large_picture_is_held_against_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    class Memory:
        available = 10**8

    monkeypatch.setattr("psutil.virtual_memory", Memory)
    decoded(encoded(noise(1, 100, 100)))
    with pytest.raises(MemoryError, match=r"260000000 bytes are needed, and 100000000 are free"):
        decoded(png(10_000, 1_000, 8, 0, b"\0" * 1000))


def test_sizes_that_are_allowed_differ_from_those_of_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_module, "_MAX_MEGAPIXELS", 1)
    before = Image.MAX_IMAGE_PIXELS
    decoded(encoded(noise(1, 999, 1000)))
    with pytest.raises(DataError, match=r"a\.png has more than 1 megapixels"):
        decoded(encoded(noise(1, 1001, 1000)))
    assert before == Image.MAX_IMAGE_PIXELS


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "GIF", "WEBP", "BMP"])
@pytest.mark.parametrize("seed", range(10))
def test_damaged_pictures_are_read_or_refused(kind: str, seed: int) -> None:
    content, rng = bytearray(encoded(COLOUR, kind)), np.random.default_rng(seed)
    for place in rng.integers(0, len(content), 20):
        content[place] = rng.integers(0, 256)
    try:
        assert decoded(bytes(content)).pixels.colours.dtype == np.uint8
    except DataError as error:
        assert str(error).startswith("a.png ")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", r"a\.png is not a picture that can be read"),
        (b"%PDF-1.4", r"is not a picture that can be read\. Expected a PNG, JPEG or the like"),
        (b"<svg/>", r"is not a picture that can be read"),
        (encoded(noise(1, 60, 60))[:500], r"a\.png cannot be read as a picture: .*Save it again"),
        (encoded(COLOUR, "EPS"), r"is not a picture that can be read"),
    ],
)
def test_what_is_no_picture(content: bytes, text: str) -> None:
    with pytest.raises(DataError, match=text):
        decoded(content)


def test_eps_files_are_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    content = encoded(COLOUR, "EPS")
    monkeypatch.setattr(
        "PIL.EpsImagePlugin.Ghostscript", lambda *_: pytest.fail("a program was started")
    )
    with pytest.raises(DataError):
        decoded(content)


def test_of_several_frames_the_first_is_read_and_said(tmp_path: Path) -> None:
    frames = [Image.fromarray(noise(row, 20, 30)) for row in range(3)]
    frames[0].save(tmp_path / "a.tif", save_all=True, append_images=frames[1:])
    picture = decode_picture(tmp_path / "a.tif", "a.tif")
    np.testing.assert_array_equal(picture.pixels.colours[:, :, 0], noise(0, 20, 30))
    assert picture.changes == ("the first of 3 frames",)


def test_files_that_are_not_there_or_no_files(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a is missing\. Expected an image file"):
        decode_picture(tmp_path / "a.png", "a")
    with pytest.raises(DataError, match=r"a is a folder\. Expected an image file"):
        decode_picture(tmp_path, "a")


def test_names_of_pictures_are_those_of_formats_that_are_read() -> None:
    read = {".png", ".jpg", ".jpeg", ".tif", ".webp", ".gif", ".bmp", ".mpo", ".avif"}
    assert read <= picture_suffixes()
    assert not {".eps", ".ps", ".pdf", ".h5", ".grib", ".wmf", ".mpg", ".svg"} & picture_suffixes()
