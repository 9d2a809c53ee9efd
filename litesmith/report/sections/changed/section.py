"""Images that the final file gains and loses against the file in service."""

from dataclasses import dataclass

from litesmith.records.service.changed import ChangedImage
from litesmith.records.service.judge import ClassChange
from litesmith.report.inputs import ReportInputs
from litesmith.report.section import Section


@dataclass(frozen=True)
class ChangedPicture:
    """A gate image with both answers."""

    row: int
    source: str
    actual: str
    released: str
    released_confidence: float
    candidate: str
    candidate_confidence: float


@dataclass(frozen=True)
class ChangedKind:
    """Images that changed one way, and pictures of some, by class."""

    title: str
    meaning: str
    num_images: int
    measure: str
    pictures: tuple[ChangedPicture, ...]


@dataclass(frozen=True)
class ChangedSection:
    """What the section shows.

    Attributes:
        released: The version in service; None if there is none.
        missing: Why nothing is shown; None where something is.
        classes: Counts of all images, by class.
    """

    final: str
    released: str | None
    missing: str | None
    num_images: int
    classes: tuple[ClassChange, ...]
    kinds: tuple[ChangedKind, ...]


def build(inputs: ReportInputs) -> ChangedSection:
    """Return what the section shows."""
    decision = inputs.decision
    changes, released = decision.changes, decision.released
    return ChangedSection(
        final=inputs.final,
        released=released.version if released else None,
        missing=why_missing(inputs),
        num_images=decision.gate.num_images,
        classes=changes.classes if changes else (),
        kinds=_kinds(inputs),
    )


def why_missing(inputs: ReportInputs) -> str | None:
    """Return why there is nothing to show; None where there is."""
    decision = inputs.decision
    if decision.released is None:
        return "no model was in service when this run was judged"
    if decision.changes is None:
        why = decision.evidence.other_form
        return f"the file in service cannot answer the same images: {why}"
    if decision.outcome == "in service":
        return "the final file is the one in service, byte for byte"
    return None


def _kinds(inputs: ReportInputs) -> tuple[ChangedKind, ...]:
    changes, changed = inputs.decision.changes, inputs.changed
    if changes is None:
        return ()
    seen = changes.comparison
    return (
        ChangedKind(
            title="Regressed",
            meaning="right in service, wrong now",
            num_images=seen.num_lost,
            measure="lost",
            pictures=pictures(changed.regressed, inputs.class_names),
        ),
        ChangedKind(
            title="Repaired",
            meaning="wrong in service, right now",
            num_images=seen.num_gained,
            measure="gained",
            pictures=pictures(changed.repaired, inputs.class_names),
        ),
    )


def pictures(
    images: tuple[ChangedImage, ...], class_names: tuple[str, ...]
) -> tuple[ChangedPicture, ...]:
    """Return images for the page, by true class, each class in the order recorded."""
    return tuple(
        ChangedPicture(
            row=image.row,
            source=f"data:image/png;base64,{image.image}",
            actual=class_names[image.label],
            released=class_names[image.released],
            released_confidence=image.released_confidence,
            candidate=class_names[image.candidate],
            candidate_confidence=image.candidate_confidence,
        )
        for image in sorted(images, key=lambda image: image.label)
    )


SECTION = Section("changed", "Regressed and repaired", build)
