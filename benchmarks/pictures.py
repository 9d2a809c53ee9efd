"""Pictures of users through `predict`: cut-outs of test images, and pictures of nothing.

    python -m benchmarks.pictures

A thousand official test images, every tenth one, are written as PNG files: as they are, and as cut-outs
whose ground is transparent. A thousand more show noise, one tone, or next to no pixels. All are
classified by the committed file of at most 64,000 bytes. Which paper a cut-out is laid on, and what
counts as strange, was chosen on the validation images. Of the benchmarks, this one and `frontier
measure` open the test images.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from benchmarks.record import Claim, write_result
from litesmith.data.formats.idx import read_images, read_labels
from litesmith.data.sources import idx_pairs
from litesmith.errors import DataError
from litesmith.host import cpu_seconds
from litesmith.inference.predict import Prediction, predict_pictures
from litesmith.tflite.metadata import read_metadata
from tasks import catalog

RESULT = Path("benchmarks/results/pictures.json")
MODEL = Path("benchmarks/models/fashion-mnist-64000.tflite")
EVERY = 10
SEED = 7
NUM_NOISE, NUM_BLANK, NUM_TINY = 400, 300, 300
LEAST_RIGHT = 0.93
LEAST_STRANGE, MOST_STRANGE = 0.95, 0.01

Images = NDArray[np.uint8]


@dataclass(frozen=True)
class Outcome:
    """The outcome of pictures of a kind.

    Attributes:
        answers: Most probable class of each, None where it was not answered.
        is_strange: Whether each was answered with a warning, or not at all.
    """

    answers: list[str | None]
    is_strange: list[bool]

    def right(self, names: Sequence[str]) -> float:
        """Return the share of answers that are the given names."""
        return float(np.mean([answer == name for answer, name in zip(self.answers, names, strict=True)]))

    @property
    def strange(self) -> float:
        """The share that is strange."""
        return float(np.mean(self.is_strange))


# Grey levels and opacity of a cut-out, each uint8 (n, height, width). What has level 0 is the ground.
CUT_OUTS: dict[str, Callable[[Images], tuple[Images, Images]]] = {
    "bright on transparent": lambda images: (images, _opaque(images)),
    "dark on transparent": lambda images: (255 - images, _opaque(images)),
    "white, the shape in alpha alone": lambda images: (np.full_like(images, 255), images),
    "black, the shape in alpha alone": lambda images: (np.zeros_like(images), images),
    "grey, the shape in alpha alone": lambda images: (np.full_like(images, 128), images),
    # Without a bound: nothing is left of what is inside the outline.
    "white, the outline in alpha alone": lambda images: (np.full_like(images, 255), _opaque(images)),
}
_WITHOUT_BOUND = "white, the outline in alpha alone"


def main() -> None:
    """Measure and write the result."""
    spent = cpu_seconds()
    images_file, labels_file = idx_pairs(catalog.RAW)["test"]
    images, labels = read_images(images_file)[::EVERY], read_labels(labels_file)[::EVERY]
    names = [read_metadata(MODEL).class_names[label] for label in labels]
    plain = classified(Image.fromarray(image) for image in images)
    cut = {kind: classified(cut_outs(*CUT_OUTS[kind](images))).right(names) for kind in CUT_OUTS}
    strange = {kind: classified(pictures).strange for kind, pictures in strange_pictures(images).items()}
    measured = {
        "command": "python -m benchmarks.pictures",
        "model": MODEL.name,
        "num_images": len(images),
        "right": {"as it is": plain.right(names), **cut},
        "told_as_strange": {"as it is": plain.strange, **strange},
        "cpu_s": round(cpu_seconds() - spent, 1),
    }
    write_result(RESULT, measured, claims(len(images), plain.strange, cut, strange))


def claims(
    num_images: int, plain: float, cut: dict[str, float], strange: dict[str, float]
) -> list[Claim]:
    """Return the claims: enough cut-outs are right, strange pictures are flagged, others not."""
    counts = {"noise": NUM_NOISE, "blank": NUM_BLANK, "tiny": NUM_TINY}
    flagged = sum(strange[kind] * count for kind, count in counts.items()) / sum(counts.values())
    note = ", ".join(f"{kind} {strange[kind]:.1%} of {count}" for kind, count in counts.items())
    of = f"{num_images} test images, {MODEL.name}"
    return [
        *(
            Claim(f"right answers, cut-outs {kind}", "accuracy", cut[kind], LEAST_RIGHT, False, note=of)
            for kind in cut
            if kind != _WITHOUT_BOUND
        ),
        Claim(
            "pictures of nothing that are flagged as strange",
            "accuracy",
            flagged,
            LEAST_STRANGE,
            False,
            note=note,
        ),
        Claim("test images that are flagged as strange", "accuracy", plain, MOST_STRANGE, True, note=of),
    ]


def classified(pictures: Iterator[Image.Image]) -> Outcome:
    """Write pictures as PNG files and classify them as a user does."""
    with tempfile.TemporaryDirectory(prefix="litesmith-") as folder:
        paths = []
        for row, picture in enumerate(pictures):
            paths.append(Path(folder) / f"{row:04}.png")
            picture.save(paths[-1])
        outcomes = [outcome for _, outcome in predict_pictures(MODEL, paths)]
    return Outcome(
        [_answer(outcome) for outcome in outcomes], [_is_strange(outcome) for outcome in outcomes]
    )


def cut_outs(grey: Images, alpha: Images) -> Iterator[Image.Image]:
    """Yield pictures of grey levels with their opacity, each in all three colours."""
    for levels, opacity in zip(grey, alpha, strict=True):
        yield Image.fromarray(np.dstack([levels, levels, levels, opacity]))


def strange_pictures(images: Images) -> dict[str, Iterator[Image.Image]]:
    """Return seeded pictures of noise and of one tone, and images of very few pixels, by kind."""
    rng = np.random.default_rng(SEED)
    return {
        "noise": (NOISE[row % len(NOISE)](rng, int(rng.integers(28, 300))) for row in range(NUM_NOISE)),
        "blank": (_blank(rng) for _ in range(NUM_BLANK)),
        "tiny": (_tiny(Image.fromarray(images[row]), rng) for row in range(NUM_TINY)),
    }


def _uniform(rng: Generator, size: int) -> Image.Image:
    return Image.fromarray(rng.integers(0, 256, (size, size), np.uint8))


def _colour(rng: Generator, size: int) -> Image.Image:
    return Image.fromarray(rng.integers(0, 256, (size, size, 3), np.uint8))


def _gaussian(rng: Generator, size: int) -> Image.Image:
    return Image.fromarray(
        np.clip(rng.normal(rng.integers(40, 216), 25, (size, size)), 0, 255).astype(np.uint8)
    )


def _salt_and_pepper(rng: Generator, size: int) -> Image.Image:
    share = rng.uniform(0.03, 0.5)
    return Image.fromarray(rng.choice(np.array([0, 255], np.uint8), (size, size), p=[1 - share, share]))


def _blurred(rng: Generator, size: int) -> Image.Image:
    return _uniform(rng, size).filter(ImageFilter.GaussianBlur(size / 28))


def _blocks(rng: Generator, size: int) -> Image.Image:
    return _uniform(rng, int(rng.integers(5, 15))).resize((size, size), Image.Resampling.NEAREST)


def _inputs_size(rng: Generator, _: int) -> Image.Image:
    return _uniform(rng, 28)


NOISE = (_uniform, _colour, _gaussian, _salt_and_pepper, _blurred, _blocks, _inputs_size)


def _blank(rng: Generator) -> Image.Image:
    """Return one tone, in some pictures with the few levels that a camera adds."""
    size, tone, spread = int(rng.integers(14, 300)), rng.integers(0, 256, 3), int(rng.integers(0, 3))
    levels = tone + rng.integers(-spread, spread + 1, (size, size, 3))
    return Image.fromarray(np.clip(levels, 0, 255).astype(np.uint8))


def _tiny(image: Image.Image, rng: Generator) -> Image.Image:
    size = int(rng.integers(1, 14))
    return image.resize((size, size), Image.Resampling.LANCZOS)


def _opaque(images: Images) -> Images:
    return np.where(images > 0, 255, 0).astype(np.uint8)


def _answer(outcome: Prediction | DataError) -> str | None:
    return None if isinstance(outcome, DataError) else outcome.guesses[0].name


def _is_strange(outcome: Prediction | DataError) -> bool:
    return isinstance(outcome, DataError) or bool(outcome.warnings)


if __name__ == "__main__":
    main()
