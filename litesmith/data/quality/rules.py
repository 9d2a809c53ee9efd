"""Rules for images, batches and the parts of the first one."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from litesmith.params.sections.validate import ValidateParams
from litesmith.records.validate import RuleResult

# Share of held-back images with a near-copy in another split, by nature.
MOST_ALIKE = 0.01

LABEL_RULE = "label_range"
"""Asks whether the label of an image is a class."""

Severity = Literal["critical", "quarantine", "warning"]


@dataclass(frozen=True)
class Rule:
    """What a column of a table must hold.

    A critical rule that is broken stops the night, one of severity ``quarantine`` leaves out the image
    or the batch that breaks it, a warning is shown.

    Attributes:
        name: Of the rule.
        column: Of the table.
        expected: In words.
        severity: What happens if it is broken.
        low: Least value.
        high: Greatest value, None for none. Both are None where the column must be empty text.
    """

    name: str
    column: str
    expected: str
    severity: Severity
    low: float | None = None
    high: float | None = None

    @property
    def of_text(self) -> bool:
        """Whether the column must be empty text."""
        return self.low is None and self.high is None

    def keeps(self, value: float | str) -> bool:
        """Return whether a value of the column keeps the rule."""
        if isinstance(value, str):
            return not value
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


@dataclass(frozen=True)
class Offender:
    """A row of a table that breaks a rule.

    Attributes:
        where: Such as ``week-12/cat/3.png``, the name of a batch, or ``test``.
        row: The image's row in the intake, or None where the rule is about more than an image.
        value: What breaks the rule, in words.
        measured: The same as a number; None where it is a text.
    """

    where: str
    row: int | None
    value: str
    measured: float | None = None

    def __str__(self) -> str:
        """Return place and value as text."""
        return f"{self.where} ({self.value})"


class Finding(RuleResult):
    """The result of a rule, with all rows that break it."""

    rows: Annotated[tuple[Offender, ...], Field(exclude=True)]
    rule: Annotated[Rule | None, Field(exclude=True)] = None

    @property
    def blocks(self) -> bool:
        """Whether it stops the pipeline."""
        return self.severity == "critical" and not self.success

    def __str__(self) -> str:
        """Return the finding as a line of a log."""
        mark = "passed" if self.success else f"failed ({self.severity})"
        return f"{self.name} {mark}: expected {self.expected}; observed {self.observed}"


def image_rules(num_classes: int, min_ink_share: float) -> tuple[Rule, ...]:
    """Return the rules for the table of images."""
    most = num_classes - 1
    ink = f"at least {min_ink_share:.3g} of the pixels are unlike the ground"
    apart = "no near-copy of an image in another split"
    group = "no image of a group, or with pixels, that are in another split"
    known = "no image with the pixels of one that is there already"
    conflict = "no image with the pixels of one that has another label"
    return (
        Rule(LABEL_RULE, "label", f"labels from 0 to {most}", "quarantine", 0, most),
        Rule("constant_images", "extent", "two different pixels at least", "quarantine", 1),
        Rule("near_empty_images", "ink_share", ink, "quarantine", min_ink_share),
        Rule("known_images", "known", known, "quarantine"),
        Rule("conflicting_labels", "conflict", conflict, "quarantine"),
        Rule("split_groups", "group", group, "quarantine"),
        Rule("near_copies", "copy", apart, "quarantine"),
    )


def batch_rules(params: ValidateParams) -> tuple[Rule, ...]:
    """Return the rules for the table of batches after the first."""
    chance = f"probability by chance, over all comparisons, of at least {params.false_alarm:g}"
    shift, excess = params.max_mix_shift, params.min_label_excess
    texts = {
        "drift": f"measures are distributed as those of the accepted images: {chance}",
        "class_mix": f"at most {shift:g} of the images are of other classes than accepted: {chance}",
        "missing_class": f"each class comes at least half as often as accepted: {chance}",
        "label_loss": f"labels surprise the judge as accepted ones do, or by {excess:g} standard "
        f"deviations more: {chance}",
        "label_doubts": f"the judge names another class as often as of accepted images: {chance}",
    }
    compared = [
        Rule(name, f"{name}_p", text, "quarantine", params.false_alarm, 1)
        for name, text in texts.items()
    ]
    usable = Rule(
        "usable_images", "num_images", "an image at least that is not left out", "quarantine", 1
    )
    return (usable, *compared, *_pinned(params, "quarantine"))


def part_rules(params: ValidateParams) -> tuple[Rule, ...]:
    """Return the rules for the parts of the first batch, train and test."""
    most, noise, doubts = params.max_left_out, params.max_label_noise, params.max_test_doubts
    alike = "the test images are as the train images: probability by chance of at least "
    alike += f"{params.false_alarm:g}"
    told = (
        f"at most {MOST_ALIKE:g} of the images drawn to be held back have a near-copy in another split; "
    )
    told += "of more, copies cannot be told, and none is left out: give groups of what belongs together"
    fitting = f"at most {doubts:g} more of the test labels than of the train labels do not fit"
    return (
        Rule("foreign_labels", "foreign", "no label that is no class", "critical", 0, 0),
        Rule("empty_classes", "fewest", "an image at least of each class", "critical", 1),
        Rule(
            "images_left_out", "left_out_share", f"at most {most:g} of the images", "critical", 0, most
        ),
        Rule("test_labels", "doubt_excess", fitting, "critical", None, doubts),
        *_pinned(params, "critical"),
        Rule("test_drift", "drift_p", alike, "warning", params.false_alarm, 1),
        Rule("test_label_loss", "label_loss_p", alike, "warning", params.false_alarm, 1),
        Rule("alike_images", "alike_share", told, "warning", 0, MOST_ALIKE),
        Rule("label_noise", "label_noise", f"at most {noise:g} do not fit", "warning", 0, noise),
    )


def _pinned(params: ValidateParams, severity: Severity) -> list[Rule]:
    """Return the rules whose thresholds are written down."""
    rules = [
        Rule(f"intensity_{column}", column, f"from {pinned[0]:g} to {pinned[1]:g}", severity, *pinned)
        for column, pinned in (("mean", params.mean_range), ("std", params.std_range))
        if pinned
    ]
    if params.class_shares:
        low, high = params.class_shares
        words = f"each class has a share from {low:g} to {high:g}"
        rules.append(Rule("rare_classes", "least_share", words, severity, low))
        rules.append(Rule("frequent_classes", "most_share", words, severity, None, high))
    return rules
