"""What images look like, whatever is known of others: measures, and which are alike."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from litesmith.data.quality.cache import Cache, chain, code_digest
from litesmith.data.quality.copies import Axes, Pairs, describe, fit_axes, join, near_copies
from litesmith.data.quality.faults import HELD_BACK
from litesmith.data.quality.intake import Intake
from litesmith.data.quality.measures import Measures, measure


@dataclass(frozen=True)
class BatchLooks:
    """Measures and descriptors, float32 (n, 2, axes), of a batch's images."""

    measures: Measures
    described: NDArray[np.float32]


@dataclass(frozen=True)
class Looks:
    """What the images of all batches look like.

    Attributes:
        axes: That near-copies are found by; the first batch decides them.
        measures: Of all images.
        described: Of all images, float32 (n, 2, axes).
    """

    axes: Axes
    measures: Measures
    described: NDArray[np.float32]

    def of(self, rows: NDArray[np.int64] | slice) -> Measures:
        """Return the measures of some rows."""
        measures = self.measures
        return Measures(measures.names, measures.values[rows], measures.extent[rows])


def look(intake: Intake, pixels: list[str], cache: Cache) -> Looks:
    """Look at all images.

    Args:
        intake: The images.
        pixels: A digest of the pixels of each batch.
        cache: Has what was looked at before.
    """
    spans = intake.spans()
    first = pixels[list(spans).index(intake.first)]
    key = chain(code_digest(), intake.form.model_dump_json(), first)
    axes = cache.get(Axes, key, lambda: fit_axes(intake.images[spans[intake.first]]))

    def looks(span: slice) -> BatchLooks:
        images = intake.images[span]
        return BatchLooks(measure(images, intake.form), describe(images, axes))

    parts = [
        cache.get(BatchLooks, chain(key, digest), partial(looks, span))
        for span, digest in zip(spans.values(), pixels, strict=True)
    ]
    measures = Measures(
        parts[0].measures.names,
        np.concatenate([part.measures.values for part in parts]),
        np.concatenate([part.measures.extent for part in parts]),
    )
    return Looks(axes, measures, np.concatenate([part.described for part in parts]))


def pairs_across_splits(
    intake: Intake, looks: Looks, places: NDArray[np.str_], start: int, least: float
) -> Pairs:
    """Find near-copies in different splits, one of them held back.

    In the first batch held-back images are looked up among all of it; later ones among all before them
    and those of their own batch.

    Args:
        intake: The images.
        looks: Of them.
        places: Split of each image, (n,).
        start: First row whose near-copies are asked for.
        least: Correlation of near-copies.
    """
    rows, held = np.arange(len(intake)), np.isin(places, HELD_BACK)
    spans = intake.spans()
    stops = [span.stop for span in spans.values()]
    ends = np.repeat(stops, np.diff([0, *stops]))
    asked = (
        (rows[held & (rows >= start)], rows),
        (rows[~held & (rows >= max(start, spans[intake.first].stop))], rows[held]),
    )
    pairs = join(
        [
            near_copies(intake.images, looks.described, looks.axes, some, others, least)
            for some, others in asked
        ]
    )
    apart = places[pairs.rows] != places[pairs.others]
    return pairs.of(apart & (pairs.others < ends[pairs.rows]))
