"""Raw images for people: typical ones and odd ones."""

import base64
import io
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from litesmith.data.statistics import RawSet
from litesmith.params.sections.validate import ValidateParams
from litesmith.records.validate import ClassPicture, OddPicture, Pictures

_CHUNK_IMAGES = 5000


def thumbnails(
    raw: RawSet, images: pd.DataFrame, class_names: Sequence[str], params: ValidateParams
) -> Pictures:
    """Return the pictures of the validation.

    Images of the first file stand for the classes. Odd images are named kinds in turn, none twice.
    ``images`` is the table of `litesmith.data.statistics.images_table`.
    """
    distances = class_distances(raw, len(class_names))
    first = next(iter(raw.values()))
    classes = tuple(
        ClassPicture(label=label, name=class_names[label], row=row, image=png_base64(first.images[row]))
        for label, row in typical_rows(first.labels, distances[: len(first.labels)]).items()
    )
    kinds = [
        _oddities(raw, rows.head(params.max_thumbnails), reason, class_names)
        for rows, reason in _odd_kinds(images, distances, params.min_ink_share)
    ]
    return Pictures(classes=classes, suspicious=_in_turn(kinds, params.max_thumbnails))


def class_distances(raw: RawSet, num_classes: int) -> NDArray[np.float64]:
    """Return distances from the mean images of the first file.

    Returns:
        float64 (n,) over all files in order: root mean square of the pixels' differences in [0, 1].
    """
    first = next(iter(raw.values()))
    flat = first.images.reshape(len(first.images), -1)
    sums = [flat[first.labels == label].sum(axis=0, dtype=np.int64) for label in range(num_classes)]
    counts = np.bincount(first.labels, minlength=num_classes)[:num_classes]
    means = np.stack(sums) / 255 / np.maximum(counts, 1)[:, None]
    return np.concatenate([_distances(pair.images, pair.labels, means) for pair in raw.values()])


def typical_rows(labels: NDArray[np.uint8], distances: NDArray[np.float64]) -> dict[int, int]:
    """Return each class's row of least distance, the first of equals.

    Labels are uint8 (n,), distances from the mean of the class float64 (n,).
    """
    rows = {int(label): np.flatnonzero(labels == label) for label in np.unique(labels)}
    return {label: int(members[np.argmin(distances[members])]) for label, members in rows.items()}


def _odd_kinds(
    images: pd.DataFrame, distances: NDArray[np.float64], min_ink_share: float
) -> list[tuple[pd.DataFrame, str]]:
    """Return images of each kind, oddest first, and a reason to format with ``row``."""
    medians = pd.Series(distances, index=images.index).groupby(images.label).transform("median")
    times = distances / medians.where(medians > 0, 1.0)
    table = images.assign(ink_percent=100 * images.ink_share, times_typical=times)
    brightest = table.sort_values("mean", ascending=False, kind="stable")
    unlike = table.sort_values("times_typical", ascending=False, kind="stable")
    near_empty = table[table.ink_share < min_ink_share].sort_values("ink_share", kind="stable")
    same, median = "the same pixels as", "times the median distance from its mean"
    return [
        (near_empty, "near-empty: {row.ink_percent:.2f} % of its pixels are not zero"),
        (table[table.copy_of != ""], f"{same} {{row.copy_of}}"),
        (table[table.overlap_with != ""], f"{same} {{row.overlap_with}}"),
        (table.sort_values("mean", kind="stable"), "darkest: mean pixel {row.mean:.3f}"),
        (brightest, "brightest: mean pixel {row.mean:.3f}"),
        (unlike, f"unlike its class: {{row.times_typical:.1f}} {median}"),
    ]


def png_base64(image: NDArray[np.uint8]) -> str:
    """Return an image, uint8 (height, width), as PNG in base64."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def _distances(
    images: NDArray[np.uint8], labels: NDArray[np.uint8], means: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return each image's root mean squared difference from a mean."""
    flat = images.reshape(len(images), -1)
    starts = range(0, len(flat), _CHUNK_IMAGES)
    chunks = [(flat[at : at + _CHUNK_IMAGES], labels[at : at + _CHUNK_IMAGES]) for at in starts]
    squares = [np.square(pixels / 255 - means[classes]).mean(axis=1) for pixels, classes in chunks]
    roots: NDArray[np.float64] = np.sqrt(np.concatenate([np.zeros(0), *squares]))
    return roots


def _oddities(
    raw: RawSet, rows: pd.DataFrame, reason: str, class_names: Sequence[str]
) -> Iterator[OddPicture]:
    """Yield rows as pictures, with a reason formatted from ``row``."""
    places = rows[["file", "index", "label"]].itertuples(index=False, name=None)
    for (file, index, label), row in zip(places, rows.itertuples(), strict=True):
        yield OddPicture(
            file=file,
            row=index,
            name=class_names[label],
            reason=reason.format(row=row),
            image=png_base64(raw[file].images[index]),
        )


def _in_turn(kinds: list[Iterator[OddPicture]], max_odd: int) -> tuple[OddPicture, ...]:
    """Take from each kind in turn the next new image."""
    chosen: dict[tuple[str, int], OddPicture] = {}
    while kinds and len(chosen) < max_odd:
        kind = kinds.pop(0)
        new = next((odd for odd in kind if (odd.file, odd.row) not in chosen), None)
        if new is not None:
            chosen[new.file, new.row] = new
            kinds.append(kind)
    return tuple(chosen.values())
