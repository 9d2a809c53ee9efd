"""The nights: what happens in each, and what must come of it."""

from dataclasses import dataclass, field
from typing import Literal

Batch = Literal["good", "poisoned"]
Way = Literal["prefect", "dvc"]
Outcome = Literal["promote", "keep", "undecided", "in service", "not comparable", "invalid"]

# More gate images than there are: nothing can be judged.
TOO_FEW: dict[str, object] = {"min_images": 1_000_000}
# A floor that nothing reaches.
TOO_HIGH: dict[str, object] = {"floor": {"min_accuracy": 1.0, "min_class_recall": 0.0}}


@dataclass(frozen=True)
class Night:
    """One night.

    Attributes:
        what: Of it, in words.
        outcome: That the decision must have; ``invalid`` if there must be none.
        promotes: Whether the number of versions must grow by one.
        way: Under Prefect, which promotes by itself, or by DVC.
        order: Options with which a person promotes after it; None if nobody does.
        batch: What arrives before it.
        rolls_back: Whether a person goes back to the version before, before it.
        judge: Laid over the section of the parameters, for this night alone.
    """

    what: str
    outcome: Outcome
    promotes: bool
    way: Way = "prefect"
    order: tuple[str, ...] | None = None
    batch: Batch | None = None
    rolls_back: bool = False
    judge: dict[str, object] = field(default_factory=dict)


NIGHTS = (
    Night("the first model", "promote", promotes=True),
    Night("nothing new", "in service", promotes=False),
    Night("a batch", "promote", promotes=True, batch="good"),
    Night("a batch, by DVC", "promote", promotes=True, way="dvc", order=(), batch="good"),
    Night("a poisoned batch", "in service", promotes=False, batch="poisoned"),
    Night("a batch, and too few gate images", "invalid", False, batch="good", judge=TOO_FEW),
    Night("the same with enough of them", "promote", promotes=True),
    Night("after a rollback, by DVC", "promote", False, way="dvc", order=(), rolls_back=True),
    Night("a batch", "promote", promotes=True, batch="good"),
    Night("a batch, and a floor that is too high", "keep", False, batch="good", judge=TOO_HIGH),
    Night("the same with the usual floor, by DVC", "promote", True, way="dvc", order=()),
    Night("nothing new", "in service", promotes=False),
)
