"""Synthetic images in place of published ones."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from litesmith.params.section import Count, Fraction, Items, Section, Share, about

# What a shape needs to be told from others, and what keeps a set of thousands within seconds.
SMALLEST, LARGEST = 8, 128
NUM_GARMENTS = 10
_ROUNDING = 1e-6


def _adding_up(shares: tuple[float, ...]) -> tuple[float, ...]:
    """Return shares, or raise `ValueError` if they do not add up to 1."""
    if abs(sum(shares) - 1) > _ROUNDING:
        raise ValueError(f"must add up to 1, and these add up to {sum(shares):g}")
    return shares


class SyntheticBase(Section):
    """Synthetic images in any form that a data set declares."""

    kind: Literal["synthetic"]
    subject: Annotated[
        Literal["garments", "shapes"],
        about("What is drawn: the ten garments of Fashion-MNIST, or 2 to 256 classes of shapes."),
    ]
    num_train: Annotated[Count, about("Images to learn from; the other splits are taken out of them.")]
    num_test: Annotated[int, about("Images of the given test set, 0 for none.", ge=0)]
    imbalance: Annotated[
        float | None,
        about("Images of the first class for one of the last; null where class_shares has it.", ge=1),
    ]
    class_shares: Annotated[
        Annotated[
            Items[Annotated[float, Field(gt=0, lt=1)]],
            Field(min_length=2, max_length=256),
            AfterValidator(_adding_up),
        ]
        | None,
        about("Share of each class among the images; null where imbalance decides."),
    ]
    difficulty: Annotated[
        Share,
        about("0 is clean; more has noise, clutter, hidden parts and odd placement. Shapes alone."),
    ]
    mirrored_pair: Annotated[
        bool, about("Whether the first two classes are mirror images: arrows to the right and left.")
    ]
    label_noise: Annotated[Fraction, about("Share of the training images whose label is wrong.")]
    seed: Annotated[
        int, about("Decides every image, which so stays when `seed` changes.", ge=0, le=2**31 - 2)
    ]

    def misfits(self, num_classes: int, height: int, width: int) -> tuple[str, ...]:
        """Return a sentence for each thing that does not fit a form."""
        sizes = {"height": height, "width": width}
        found = [
            f"{name} must be {SMALLEST} to {LARGEST} for synthetic images, got {size}."
            for name, size in sizes.items()
            if not SMALLEST <= size <= LARGEST
        ]
        if self.subject == "garments" and num_classes != NUM_GARMENTS:
            found.append(
                f"classes must name {NUM_GARMENTS} classes for synthetic garments, got {num_classes}. "
                "Write subject: shapes for another number."
            )
        if self.subject == "garments" and self.mirrored_pair:
            found.append("mirrored_pair must be false for garments. Write subject: shapes for arrows.")
        if (self.imbalance is None) == (self.class_shares is None):
            found.append("imbalance or class_shares must be given and the other null, got both or none.")
        if self.class_shares is not None and len(self.class_shares) != num_classes:
            found.append(
                f"class_shares must have one share for each of {num_classes} classes, "
                f"got {len(self.class_shares)}."
            )
        if self.num_train < num_classes:
            found.append(
                f"num_train must be at least the number of classes, {num_classes}, got {self.num_train}."
            )
        return tuple(found)
