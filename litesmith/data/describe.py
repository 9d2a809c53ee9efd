"""Description of labelled images that are new, and the file that it suggests."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median

import numpy as np
from numpy.typing import NDArray

from litesmith.data.formats.labelled import Sample, Unreadable, count_noun, sorted_names
from litesmith.data.formats.picture import Decoded
from litesmith.data.formats.pixels import Pixels
from litesmith.data.formats.registry import open_source
from litesmith.data.formats.tree import printable
from litesmith.errors import DataError
from litesmith.files import yaml_text
from litesmith.params.sections.dataset import Ground, ImageForm

Size = tuple[int, int]

# A size that all images have is kept up to so many pixels a side; others are brought down to fewer, as
# devices can take.
_LARGEST_COMMON = 128
_LONGEST_SIDE = 64
_LEAST_SIDE = 4
_SIDE_STEP = 4
# A picture is colour if its channels differ by more than so many levels in more than this share of its
# pixels, and a data set if more than this share of its pictures are.
_GREY_SPREAD = 16
_COLOUR_PIXELS = 0.01
_COLOUR_PICTURES = 0.05
_LOOKED_AT = 100_000
# A ground is dark (or light) if this share of the borders is within so many levels of 0 (or 255).
_GROUND_LEVELS = 32
_GROUND_SHARE = 0.75
_SHARES = {"test": 0.15, "validation": 0.0833, "gate": 0.0833}
_SHARES_LEAST = min(_SHARES.values())
_MIN_PER_CLASS = 10
_SPLIT_SEED = 1
_MOST_CLASSES = 256
# Names are kept on their line.
_WIDTH = 1000


@dataclass(frozen=True)
class ClassCount:
    """The readable images of a class, by the part that the source gives them."""

    name: str
    num_train: int
    num_test: int
    num_free: int

    @property
    def num_learnt(self) -> int:
        """Images outside a given test set."""
        return self.num_train + self.num_free


@dataclass(frozen=True)
class Sizes:
    """Heights and widths of pictures.

    ``common`` is the most frequent pair, which ``common_share`` of the pictures have.
    """

    common: Size
    common_share: float
    least: Size
    most: Size


@dataclass(frozen=True)
class SourceDescription:
    """What a source holds, and the form that its images may be brought to.

    Attributes:
        path: Of the source.
        kind: Name of its format.
        classes: In the order of their names.
        sizes: Of the readable pictures.
        colour_share: Share of the pictures whose pixels are coloured, whatever their mode.
        border_shares: Mean share of a picture's border that is near black, and near white.
        cut_out_share: Share of the pictures whose border is mostly transparent.
        unreadable: What cannot be read, and why.
        notes: What else to know of how it was read, a sentence each.
        form: The suggested form.
    """

    path: Path
    kind: str
    classes: tuple[ClassCount, ...]
    sizes: Sizes
    colour_share: float
    border_shares: tuple[float, float]
    cut_out_share: float
    unreadable: tuple[Unreadable, ...]
    notes: tuple[str, ...]
    form: ImageForm

    @property
    def num_images(self) -> int:
        """Readable images."""
        return sum(count.num_learnt + count.num_test for count in self.classes)


@dataclass(frozen=True)
class _Look:
    """What is looked at in a picture.

    ``dark`` and ``light`` are shares of its border; ``tone`` is the mean grey level of what is to be
    seen of a cut-out, None for other pictures.
    """

    size: Size
    is_coloured: bool
    dark: float
    light: float
    tone: float | None


def describe_source(path: Path, *, num_workers: int = 1) -> SourceDescription:
    """Look at every image of a source.

    Args:
        path: A folder, or a ``.zip`` or ``.npz`` file.
        num_workers: Processes that decode many pictures.

    Raises:
        DataError: As `litesmith.data.formats.registry.read_source` raises it, or no picture can be read,
            or there are fewer than 2 classes or more than 256.
        MachineError: The source may not be read, or does not fit into the memory that is free.
    """
    with open_source(path) as source:
        samples, looks = [], []
        unreadable = [*source.tree.refused, *source.listing.unreadable]
        results = source.listing.pixels.each(_look, num_workers)
        for sample, result in zip(source.listing.samples, results, strict=True):
            if isinstance(result, Unreadable):
                unreadable.append(Unreadable(sample.file, result.reason))
            else:
                samples.append(sample)
                looks.append(result)
        kind, notes = source.format.name, source.listing.notes
    if not looks:
        first = unreadable[0]
        raise DataError(f"{path} holds no image that can be read: {first.file} {first.reason}")
    classes, sizes = _classes(path, samples), _sizes([look.size for look in looks])
    borders = fmean(look.dark for look in looks), fmean(look.light for look in looks)
    colour_share = fmean(look.is_coloured for look in looks)
    height, width = _suggested_size(sizes, [look.size for look in looks])
    form = ImageForm(
        height=height,
        width=width,
        channels=3 if colour_share > _COLOUR_PICTURES else 1,
        fit="pad",
        ground=_ground(borders, looks),
    )
    cut_out_share = fmean(look.tone is not None for look in looks)
    left_out = tuple(sorted(set(unreadable), key=lambda item: item.file))
    return SourceDescription(
        path, kind, classes, sizes, colour_share, borders, cut_out_share, left_out, notes, form
    )


def dataset_yaml(description: SourceDescription, name: str, base: str) -> str:
    """Return the text of ``datasets/NAME.yaml`` for a source, with what was seen in comments.

    Args:
        description: Of the source.
        name: Of the data set, as pages show it.
        base: Path of the folder or file, as it stands in the file.
    """
    form = description.form
    smallest = min(description.classes, key=lambda count: count.num_learnt)
    least = _min_per_class(smallest.num_learnt)
    lines = [
        *_comments(description),
        _line("name", name),
        _line("license", None, "not to be seen in the files: fill it in for the model card"),
        _line("source", None, "a page about the data, if there is one"),
        *_class_lines(description),
        _size_comment(description.sizes),
        _line("height", form.height),
        _line("width", form.width),
        _line("channels", form.channels, _channels_comment(description)),
        _line("fit", form.fit, "pad keeps all of a picture; crop cuts its edges off; stretch bends it"),
        _line("ground", form.ground, _ground_comment(description)),
        "# No look at pictures tells whether a mirror image is of the same class (digits, arrows and",
        "# letters are not): false is safe. With true, training and files may flip images.",
        _line("mirror_safe", False),
        yaml_text({"base": {"kind": "folder", "path": base}}).rstrip(),
        _shares_line(description),
        _line(
            "min_per_class",
            least,
            f"the smallest class, {printable(smallest.name)}, has "
            f"{count_noun(smallest.num_learnt, 'image')} outside a given test set",
        ),
        _line("split_seed", _SPLIT_SEED),
        _line("thresholds", None),
        _line("sweep", None),
    ]
    return "\n".join(lines) + "\n"


def _look(decoded: Decoded) -> _Look:
    """Look at a picture; this runs in worker processes."""
    pixels, tone = decoded.pixels, None
    border = _border(pixels.colours).mean(axis=1)
    if pixels.alpha is not None and np.mean(_border(pixels.alpha[:, :, None]) < 128) > 0.5:
        alpha = _some(pixels.alpha[:, :, None])[:, 0]
        levels = _some(pixels.colours).mean(axis=1)
        tone = float(np.average(levels, weights=alpha)) if alpha.any() else 0.0
    dark, light = np.mean(border <= _GROUND_LEVELS), np.mean(border >= 255 - _GROUND_LEVELS)
    return _Look(pixels.size, _is_coloured(pixels), float(dark), float(light), tone)


def _border(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the outermost pixels of (height, width, channels), as rows."""
    return np.concatenate([values[0], values[-1], values[1:-1, 0], values[1:-1, -1]])


def _some(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return some pixels of (height, width, channels), evenly spread, as rows."""
    rows = values.reshape(-1, values.shape[2])
    return rows[:: max(1, len(rows) // _LOOKED_AT)]


def _is_coloured(pixels: Pixels) -> bool:
    if pixels.colours.shape[2] == 1:
        return False
    return bool(np.mean(np.ptp(_some(pixels.colours), axis=1) > _GREY_SPREAD) > _COLOUR_PIXELS)


def _classes(path: Path, samples: Sequence[Sample]) -> tuple[ClassCount, ...]:
    """Count the images of each class.

    Raises:
        DataError: There are too few classes, or too many.
    """
    counts = Counter((sample.label, sample.given) for sample in samples)
    names = sorted_names(sample.label for sample in samples)
    if not 2 <= len(names) <= _MOST_CLASSES:
        shown = ", ".join(names[:5])
        raise DataError(
            f"{path} holds images of {count_noun(len(names), 'class', 'classes')} ({shown}). Expected "
            f"2 to {_MOST_CLASSES}: name what holds one folder for each class, or their table."
        )
    return tuple(
        ClassCount(name, counts[name, "train"], counts[name, "test"], counts[name, ""]) for name in names
    )


def _sizes(sizes: Sequence[Size]) -> Sizes:
    (common, number), *_ = sorted(Counter(sizes).items(), key=lambda item: (-item[1], item[0]))
    ordered = sorted(sizes, key=lambda size: (size[0] * size[1], size))
    return Sizes(common, number / len(sizes), ordered[0], ordered[-1])


def _suggested_size(sizes: Sizes, every: Sequence[Size]) -> Size:
    """Return the common height and width, or smaller ones of the usual proportions."""
    if sizes.common_share == 1 and max(sizes.common) <= _LARGEST_COMMON:
        return max(sizes.common[0], _LEAST_SIDE), max(sizes.common[1], _LEAST_SIDE)
    usual = median(max(size) for size in every)
    longest = max(_LEAST_SIDE, min(_LONGEST_SIDE, int(usual // _SIDE_STEP * _SIDE_STEP)))
    slant = median(math.log(width / height) for height, width in every)
    upright = fmean(width < height for height, width in every)
    if min(upright, fmean(width > height for height, width in every)) > 0.25:
        slant = 0.0  # upright and lying pictures
    steps = round(longest * math.exp(-abs(slant)) / _SIDE_STEP)
    shortest = max(_LEAST_SIDE, steps * _SIDE_STEP)
    return (shortest, longest) if slant > 0 else (longest, shortest)


def _ground(borders: tuple[float, float], looks: Sequence[_Look]) -> Ground:
    tones = [look.tone for look in looks if look.tone is not None]
    if len(tones) > len(looks) / 2:
        return "dark" if fmean(tones) > 127 else "light"
    dark, light = borders
    if dark >= _GROUND_SHARE:
        return "dark"
    return "light" if light >= _GROUND_SHARE else "any"


def _min_per_class(smallest: int) -> int:
    """Return the usual minimum, or half of the smallest class in a split."""
    return max(1, min(_MIN_PER_CLASS, math.floor(smallest * _SHARES_LEAST / 2)))


def _comments(description: SourceDescription) -> list[str]:
    """Return what stands at the top."""
    counts = [
        "# Written from a look at every image of the source. Correct what is wrong before a run.",
        f"# {count_noun(description.num_images, 'image')} of "
        f"{count_noun(len(description.classes), 'class', 'classes')} can be read, in the form "
        f"{description.kind!r}.",
    ]
    if num_test := sum(count.num_test for count in description.classes):
        counts.append(f"# {num_test:,} of them are a given test set, which stays the test set.")
    if description.unreadable:
        first = description.unreadable[0]
        more = f"{count_noun(len(description.unreadable), 'file')} cannot be read"
        counts.append(f"# {more}, such as {printable(first.file)}: it {printable(first.reason)}")
    return [*counts, *(f"# Note: {printable(note)}." for note in description.notes)]


def _class_lines(description: SourceDescription) -> list[str]:
    """Return the class names, each with its number of images."""
    names = [count.name for count in description.classes]
    lines = ["classes:"]
    if names == [str(number) for number in range(len(names))]:
        lines = ["# The source has numbers. Names may stand in their places, in the same order.", *lines]
    for count in description.classes:
        parts = {"": count.num_free, "train ": count.num_train, "test ": count.num_test}
        shown = ", ".join(f"{part}{number:,}" for part, number in parts.items() if number)
        lines.append(f"{yaml_text([count.name]).rstrip()}  # {shown}")
    return lines


def _size_comment(sizes: Sizes) -> str:
    if sizes.common_share == 1:
        return f"# All pictures are of {_shown(sizes.common)} pixels (height x width)."
    return (
        f"# Pictures are of {_shown(sizes.least)} to {_shown(sizes.most)} pixels (height x width), "
        f"{_percent(sizes.common_share)} of them of {_shown(sizes.common)}."
    )


def _channels_comment(description: SourceDescription) -> str:
    share = description.colour_share
    return f"{_percent(share)} of the pictures have colours" if share else "no picture has colours"


def _ground_comment(description: SourceDescription) -> str:
    dark, light = description.border_shares
    seen = f"near black: {_percent(dark)} of the pictures' borders, near white: {_percent(light)}"
    if description.cut_out_share > 0.5:
        return f"{_percent(description.cut_out_share)} are cut-outs: laid where they contrast"
    return seen


def _shares_line(description: SourceDescription) -> str:
    shares = ", ".join(f"{split}: {share}" for split, share in _SHARES.items())
    has_test = any(count.num_test for count in description.classes)
    return f"shares: {{{shares}}}{'  # the given test set stands for that of test' * has_test}"


def _line(key: str, value: object, comment: str = "") -> str:
    text = "null" if value is None else yaml_text({key: value}, _WIDTH).rstrip().partition(": ")[2]
    return f"{key}: {text}{f'  # {comment}' if comment else ''}"


def _shown(size: Size) -> str:
    return f"{size[0]} x {size[1]}"


def _percent(share: float) -> str:
    """Return a share in words that never round some to none or all."""
    if 0 < share < 0.01:
        return "under 1 %"
    if 0.99 < share < 1:
        return "over 99 %"
    return f"{share:.0%}".replace("%", " %")
