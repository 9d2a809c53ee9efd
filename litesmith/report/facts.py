"""What is known of the final file besides the decision; none of it decides."""

from collections.abc import Sequence

from litesmith.analysis.intervals import Estimate
from litesmith.analysis.outcome import images_needed, no_worse, smallest_visible
from litesmith.judging.limits import MovedLimits
from litesmith.records.summary import Fact, SinceReference
from litesmith.report.budget import BudgetLine
from litesmith.report.causes import limits_since
from litesmith.report.inputs import BASELINE, ReportInputs
from litesmith.report.reference import Change
from litesmith.wording import count, milliseconds, percent, points


def known_facts(
    inputs: ReportInputs, lines: Sequence[BudgetLine], since: SinceReference | None
) -> tuple[Fact, ...]:
    """Return what test images, files and data say of the final file.

    Where the images cannot tell whether a loss that matters is there, they do not speak for the model.
    """
    return (
        _accuracy_fact(inputs),
        _classes_fact(inputs),
        *_reference_facts(since, inputs),
        _budget_fact(lines, limits_since(inputs)),
        _files_fact(inputs),
        _data_fact(inputs),
    )


def _these_images(inputs: ReportInputs) -> str:
    return f"these {count(inputs.results.evaluate.num_images)} test images"


def _relevant(inputs: ReportInputs) -> str:
    """Return the smallest loss that matters in words, such as ``1 point``."""
    loss = f"{100 * inputs.relevant_loss:g}"
    return f"{loss} point" if loss == "1" else f"{loss} points"


def _guess(inputs: ReportInputs) -> str:
    label = inputs.results.evaluate.majority.label
    return f"always answering {inputs.class_names[label]}"


def _fact(topic: str, good: bool | None, text: str) -> Fact:
    return Fact.model_validate({"topic": topic, "good": good, "text": text})


def _accuracy_fact(inputs: ReportInputs) -> Fact:
    evaluated = inputs.results.evaluate
    after, before = (percent(v.accuracy) for v in (inputs.final_variant, evaluated.variants[BASELINE]))
    right = f"{after}\u00a0% of {count(evaluated.num_images)} test images right"
    good = no_worse(evaluated.gain.low, evaluated.gain.high, inputs.relevant_loss)
    text = f"{right}, the baseline {before}\u00a0%: {_spread(evaluated.gain)}."
    return _fact("Accuracy", good, f"{text}{_too_few(evaluated.gain, good, inputs)}")


def _classes_fact(inputs: ReportInputs) -> Fact:
    """Compare with answers without a look at the image."""
    balance, majority = inputs.final_variant.balance, inputs.results.evaluate.majority
    worst, name = balance.worst, inputs.final_variant.worst_name
    chance = f"by chance {percent(balance.chance, 1)}\u00a0%"
    text = (
        f"balanced accuracy {_with_ends(balance.accuracy)}, {chance}. "
        f"It finds {name} least often: {_with_ends(worst.recall)} of {count(worst.num_images)} images. "
        f"{_spread(majority.gain)} against {_guess(inputs)}."
    )
    facts = (balance.above_chance, majority.surpassed)
    return _fact("Classes", False if False in facts else None if None in facts else True, text)


def _with_ends(share: Estimate) -> str:
    return f"{percent(share.value, 1)}\u00a0% ({percent(share.low, 1)} to {percent(share.high, 1)})"


def _spread(difference: Change) -> str:
    interval = f"{points(difference.low)} to {points(difference.high)}"
    return f"{points(difference.mean)} points, 95\u00a0% interval {interval}"


def _too_few(difference: Change, good: bool | None, inputs: ReportInputs) -> str:
    """Return what the images cannot show; empty where they show what matters."""
    ends, num_images = (difference.low, difference.high), inputs.results.evaluate.num_images
    visible = smallest_visible(*ends)
    seen = (
        f" With {_these_images(inputs)} a difference below {percent(visible)} points cannot be told "
        "from chance"
    )
    if good is not None:
        return f"{seen}."
    needed = images_needed(*ends, num_images, inputs.relevant_loss)
    return (
        f"{seen}; a loss of {_relevant(inputs)}, which matters, is not excluded: "
        f"that would take about {count(needed)} images."
    )


def _reference_facts(since: SinceReference | None, inputs: ReportInputs) -> list[Fact]:
    if since is None:
        return []
    if since.same_run:
        text = f"the final file is that of {inputs.reference_name}, byte for byte."
        return [_fact("Reference", True, text)]
    how = (
        "on the same test images"
        if since.paired
        else "not known to be on the same test images, so it is less certain"
    )
    good = no_worse(since.accuracy.low, since.accuracy.high, inputs.relevant_loss)
    text = f"{_spread(since.accuracy)} against {since.final} of {inputs.reference_name}, {how}."
    text += _too_few(since.accuracy, good, inputs)
    # Other test images may be harder: worse on them says nothing yet.
    return [_fact("Reference", good if since.paired else good or None, text)]


def _budget_fact(lines: Sequence[BudgetLine], moved: MovedLimits | None) -> Fact:
    """Tell which limits are kept; a host's time is none of them."""
    known = [line for line in lines if line.check.met is not None]
    own = [line for line in known if not line.is_of_host]
    unknown = ", ".join(line.check.label for line in lines if line.check.met is None)
    host = "".join(
        f" {line.check.label.capitalize()}: {milliseconds(line.check.measured or 0)} of "
        f"{line.check.limit:g} ms, which says nothing of the device."
        for line in known
        if line.is_of_host
    )
    after = f"{host} Limits since the reference: {moved.words}" if moved else host
    if broken := [line.excess for line in known if not line.check.met]:
        return _fact("Budget", False, f"over the limit: {'; '.join(broken)}.{after}")
    if not own:
        return _fact("Budget", None, f"not known: {unknown or 'no limit of the device'}.{after}")
    shares = ", ".join(f"{line.check.label} at {line.share}\u00a0%" for line in own)
    text = f"{len(own)} limits of the device are met: {shares}."
    if unknown:
        text += f" Not measured: {unknown}."
    return _fact("Budget", None if moved else True, f"{text}{after}")


def _files_fact(inputs: ReportInputs) -> Fact:
    """Tell the checks of the final file; those of others are a note."""
    converted, final = inputs.results.convert, inputs.final
    num_checks = {name: len(file.checks) for name, file in converted.files.items()}
    failed = [
        (name, check.name)
        for name, file in converted.files.items()
        for check in file.checks
        if not check.passed
    ]
    own = [f"{name}: {check}" for name, check in failed if name == final]
    others = [f"{name}: {check}" for name, check in failed if name != final]
    num_all, num_own, note = sum(num_checks.values()), num_checks[final], ""
    if others:
        note = (
            f" Of other files {len(others)} of {num_all - num_own} checks failed: {', '.join(others)}."
        )
    if converted.refused:
        note += f" Refused, as they failed a check: {', '.join(converted.refused)}."
    if own:
        return _fact(
            "Files", False, f"{len(own)} of its {num_own} checks failed: {', '.join(own)}.{note}"
        )
    which = f"{num_own} checks of {final}" if note else f"{num_all} checks of the converted files"
    return _fact("Files", True, f"all {which} passed, run without TensorFlow.{note}")


def _data_fact(inputs: ReportInputs) -> Fact:
    validation = inputs.results.validate
    broken = [rule for rule in validation.rules if not rule.success]
    if not validation.passed:
        failed = ", ".join(rule.name for rule in broken if rule.severity == "critical")
        return _fact("Data", False, f"validation failed: {failed}.")
    warned = [rule.name for rule in broken if rule.severity == "warning"]
    num_kept = len(validation.rules) - len(broken)
    text = f"validation passed: {num_kept} of {len(validation.rules)} rules are kept"
    if warned:
        text += f", broken with a warning: {', '.join(warned)}"
    images = sum(left.num_images for left in validation.left_out)
    batches = sum(batch.state == "quarantined" for batch in validation.batches)
    if images or batches:
        text += (
            f"; left out are {count(images)} images and {batches} of {len(validation.batches)} batches"
        )
    return _fact("Data", True, f"{text}.")
