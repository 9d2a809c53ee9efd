"""The verdict on each batch and image."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from litesmith.data.quality.faults import Faults
from litesmith.data.quality.intake import Intake
from litesmith.data.quality.labels import Suggestions
from litesmith.data.quality.measures import Measures
from litesmith.data.quality.reference import Comparison, Content
from litesmith.data.quality.rules import Rule

State = Literal["accepted", "accepted by hand", "quarantined"]
Values = dict[str, float | str]


@dataclass(frozen=True)
class RowVerdict:
    """Whether an image is accepted, 0 or 1, and why not."""

    accepted: int
    reason: str


@dataclass(frozen=True)
class Part:
    """A part of the first batch, or a later batch.

    Attributes:
        name: ``train``, ``test``, ``images`` where the two are one, or that of the batch.
        num_rows: Images with those that are left out.
        num_foreign: Of them those whose label is no class.
        content: Of the images that have no fault of their own.
        comparison: Of these with what was accepted before.
    """

    name: str
    num_rows: int
    num_foreign: int
    content: Content
    comparison: Comparison

    def values(self, label_noise: float = 0.0, alike_share: float = 0.0) -> Values:
        """Return the row of a table that the rules look at."""
        content, compared = self.content, self.comparison
        counts, num = content.counts, max(content.num_images, 1)
        return {
            **asdict(compared),
            "where": self.name,
            "num_images": content.num_images,
            "mean": content.mean,
            "std": content.std,
            "fewest": int(counts.min()),
            "least_share": float(counts.min() / num),
            "most_share": float(counts.max() / num),
            "foreign": self.num_foreign,
            "left_out_share": 1 - content.num_images / max(self.num_rows, 1),
            "label_noise": label_noise,
            "alike_share": alike_share,
        }


@dataclass(frozen=True)
class BatchVerdict:
    """The verdict on a batch.

    Attributes:
        name: Of the batch.
        state: What became of it.
        broken: Rules of batches that it breaks.
        parts: Of the first batch one or two, else one.
        faults: Of its images.
    """

    name: str
    state: State
    broken: tuple[Rule, ...]
    parts: tuple[Part, ...]
    faults: Faults


@dataclass(frozen=True)
class Verdicts:
    """The verdict on all images.

    Attributes:
        intake: The images.
        places: Split of each image, (n,).
        batches: The verdict on each batch, in their order.
        accepted: Whether an image may be used, bool (n,).
        measures: Of all images.
        suggestions: What the judge would have called each image.
        min_ink_share: Share of ink below which an image is near-empty.
        alike_share: Share of the first batch's images that were drawn to be held back and have a
            near-copy in another split, if they are too many to be copies; else 0.
        label_noise: Share of the first batch's labels that do not fit, each judged unseen.
    """

    intake: Intake
    places: NDArray[np.str_]
    batches: tuple[BatchVerdict, ...]
    accepted: NDArray[np.bool_]
    measures: Measures
    suggestions: Suggestions
    min_ink_share: float
    alike_share: float
    label_noise: float

    @property
    def first(self) -> BatchVerdict:
        """The verdict on the first batch that has images."""
        return next(verdict for verdict in self.batches if verdict.name == self.intake.first)

    @property
    def later(self) -> list[BatchVerdict]:
        """The verdicts on all other batches."""
        return [verdict for verdict in self.batches if verdict.name != self.intake.first]

    def of_rows(self) -> list[RowVerdict]:
        """Return the verdict on each image."""
        reasons = np.full(len(self.intake), "", object)
        for verdict, span in zip(self.batches, self.intake.spans().values(), strict=True):
            if verdict.state == "quarantined":
                names = ", ".join(rule.name.replace("_", " ") for rule in verdict.broken)
                reasons[span] = f"its batch is quarantined: {names}"
        for row, _, reason in self.faults():
            reasons[row] = reason
        return [RowVerdict(int(yes), why) for yes, why in zip(self.accepted, reasons, strict=True)]

    def faults(self) -> Iterator[tuple[int, str, str]]:
        """Yield row, kind and reason of each image with a fault."""
        for verdict in self.batches:
            yield from verdict.faults

    def copied(self, row: int) -> int | None:
        """Return the row that an image is a copy of, or None."""
        for verdict in self.batches:
            at = np.flatnonzero(verdict.faults.rows == row)
            if len(at) and verdict.faults.others[at[0]] >= 0:
                return int(verdict.faults.others[at[0]])
        return None

    def left_out(self) -> Mapping[str, int]:
        """Return how many images of accepted batches are left out, by kind of fault."""
        batches = [verdict for verdict in self.batches if verdict.state != "quarantined"]
        return Counter(kind for verdict in batches for kind in verdict.faults.kinds)

    def mislabelled(self) -> NDArray[np.int64]:
        """Return the accepted images whose label is likely wrong, int64, the likeliest first."""
        doubted = self.accepted & (self.suggestions.labels != self.intake.labels)
        rows = np.flatnonzero(doubted)
        order = np.argsort(-self.suggestions.margins[rows], kind="stable")
        return rows[order].astype(np.int64)


def explain(batch: BatchVerdict, class_names: Sequence[str]) -> tuple[str, ...]:
    """Return a reason in words for each rule that a batch breaks."""
    part = batch.parts[0]
    content, compared = part.content, part.comparison
    texts = {
        "usable_images": "no image of it is left",
        "drift": f"its {compared.drift_of} is distributed otherwise than that of the accepted images of "
        f"the same classes: the distribution functions differ by {compared.drift:.2f}",
        "class_mix": f"{compared.class_mix:.0%} of its images are of other classes than accepted ones",
        "missing_class": f"{class_names[compared.rarest]} is missing or rare: "
        f"{content.counts[compared.rarest]} of {content.num_images} images",
        "label_loss": "its labels fit their images worse than accepted ones do: "
        f"{compared.loss_excess:.2f} nats more of mean cross-entropy",
        "label_doubts": f"the judge names another class for {compared.doubt_excess:.1%} more of its "
        "images than of accepted ones",
        "intensity_mean": f"the mean of its pixels is {content.mean:.3f}",
        "intensity_std": f"the standard deviation of its pixels is {content.std:.3f}",
    }
    return tuple(
        texts.get(rule.name, f"{rule.name.replace('_', ' ')}: {rule.expected} was expected")
        for rule in batch.broken
    )
