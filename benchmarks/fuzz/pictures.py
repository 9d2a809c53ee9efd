"""Seeds of pictures, one for each format and mode that is commonly met, and their mutations."""

import functools
import io
from random import Random
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.fuzz.mutations import mutated, png_changed, tiff_changed
from litesmith.data.synthetic.garments import draw_images

_SIZES = {"L": (28, 28), "RGB": (61, 40), "RGBA": (40, 61), "LA": (30, 30), "P": (33, 20), "1": (40, 40)}
# Name, mode, format and options of what Pillow writes.
_WRITTEN: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("grey.png", "L", "PNG", {}),
    ("grey-with-colour-key.png", "L", "PNG", {"transparency": 0}),
    ("bilevel.png", "1", "PNG", {}),
    ("grey-alpha.png", "LA", "PNG", {}),
    ("palette.png", "P", "PNG", {"transparency": 0}),
    ("colour.png", "RGB", "PNG", {"dpi": (72, 72)}),
    ("cut-out.png", "RGBA", "PNG", {}),
    ("16-bit.png", "I;16", "PNG", {}),
    ("animation.png", "RGBA", "PNG", {"save_all": True}),
    ("grey.jpg", "L", "JPEG", {}),
    ("colour.jpg", "RGB", "JPEG", {"progressive": True}),
    ("turned.jpg", "RGB", "JPEG", {"exif": Image.Exif()}),
    ("four-inks.jpg", "CMYK", "JPEG", {}),
    ("several.mpo", "RGB", "MPO", {"save_all": True}),
    ("still.gif", "P", "GIF", {"transparency": 0}),
    ("animation.gif", "P", "GIF", {"save_all": True, "duration": 50}),
    ("photo.webp", "RGB", "WEBP", {}),
    ("cut-out.webp", "RGBA", "WEBP", {"lossless": True}),
    ("animation.webp", "RGBA", "WEBP", {"save_all": True, "duration": 50}),
    ("grey.bmp", "L", "BMP", {}),
    ("colour.bmp", "RGB", "BMP", {}),
    ("floats.tif", "F", "TIFF", {}),
    ("16-bit.tif", "I;16", "TIFF", {}),
    ("integers.tif", "I", "TIFF", {}),
    ("packed.tif", "RGBA", "TIFF", {"compression": "tiff_deflate"}),
    ("pages.tif", "L", "TIFF", {"save_all": True}),
    ("colour.ppm", "RGB", "PPM", {}),
    ("bilevel.pbm", "1", "PPM", {}),
    ("floats.pfm", "F", "PPM", {}),
    ("icon.ico", "RGBA", "ICO", {"sizes": [(16, 16), (32, 32)]}),
    ("colour.tga", "RGBA", "TGA", {"compression": "tga_rle"}),
    ("colour.pcx", "RGB", "PCX", {}),
    ("colour.sgi", "RGB", "SGI", {}),
    ("cut-out.dds", "RGBA", "DDS", {}),
    ("bilevel.xbm", "1", "XBM", {}),
)


@functools.cache
def seeds() -> dict[str, bytes]:
    """Return a picture of a garment in each format and mode, by file name."""
    images, _ = draw_images(10, 28, 28, 10, seed=5)
    written = {}
    for number, (name, mode, encoder, options) in enumerate(_WRITTEN):
        frames = [_in_mode(images[(number + frame) % 10], mode) for frame in range(3)]
        if "exif" in options:
            options["exif"][0x0112] = 6  # the orientation
        more = {"append_images": frames[1:]} if options.get("save_all") else {}
        stream = io.BytesIO()
        frames[0].save(stream, encoder, **options, **more)
        written[name] = stream.getvalue()
    return written


def make(rng: Random) -> dict[str, bytes]:
    """Return a mutated picture by its file name."""
    name, content = rng.choice(list(seeds().items()))
    changes = {".png": png_changed, ".tif": tiff_changed}
    change = changes.get(name[-4:])
    if change and rng.random() < 0.6:
        return {name: change(rng, content)}
    return {name: mutated(rng, content, list(seeds().values()))}


def _in_mode(image: np.ndarray[Any, np.dtype[np.uint8]], mode: str) -> Image.Image:
    """Return a synthetic garment, uint8 (28, 28), as a picture of a mode."""
    if mode in ("I", "I;16", "F"):
        kind = {"I": np.int32, "I;16": np.uint16, "F": np.float32}[mode]
        return Image.fromarray(image.astype(kind) * kind(200))
    grey = Image.fromarray(image).resize(_SIZES.get(mode, (28, 28)))
    if mode not in ("LA", "RGBA"):
        return grey.convert(mode)
    alpha = grey.point(lambda value: 255 if value else 0)
    return Image.merge(mode, [grey] * (len(mode) - 1) + [alpha])
