"""The verdict: whether to ship the optimized model, and why."""

from collections.abc import Sequence

from litesmith.analysis.intervals import Estimate
from litesmith.analysis.outcome import images_needed, no_worse, smallest_visible
from litesmith.documents.formats import count, number, percent, points
from litesmith.records.summary import Reason, SinceReference, Verdict
from litesmith.report.budget import BudgetLine
from litesmith.report.inputs import BASELINE, ReportInputs
from litesmith.report.reference import Change


def judge(inputs: ReportInputs, lines: Sequence[BudgetLine], since: SinceReference | None) -> Verdict:
    """Judge whether the optimized model is better, fits and can be trusted.

    Where the images cannot tell whether a loss that matters is there, they do not speak for the model.
    """
    reasons = (
        _accuracy_reason(inputs),
        _classes_reason(inputs),
        *_reference_reasons(since, inputs),
        _budget_reason(lines),
        _files_reason(inputs),
        _data_reason(inputs),
    )
    if inputs.results.validate.dataset.synthetic:
        outcome = "unclear"
        sentence = "Synthetic images: this run shows that the pipeline works, and nothing about a model."
        advice = (
            "Run it on the real data: `make run` takes the first source in params.yaml that it reaches."
        )
    else:
        facts = [reason.good for reason in reasons]
        outcome = "bad" if False in facts else "unclear" if None in facts else "good"
        all_met = all(line.check.met for line in lines)
        fits = f"within every limit {'of the device' if all_met else 'measured'}"
        sentence, advice = _conclusion(inputs, since, reasons, fits)
    return Verdict.model_validate(
        {"outcome": outcome, "sentence": sentence, "advice": advice, "reasons": reasons}
    )


def promote_command(inputs: ReportInputs) -> str:
    """Return the command that puts the final file in service."""
    return f"python -m tasks promote{inputs.options}"


def _conclusion(
    inputs: ReportInputs, since: SinceReference | None, reasons: Sequence[Reason], fits: str
) -> tuple[str, str]:
    name, gain = inputs.final, inputs.results.evaluate.gain
    bad = {reason.topic for reason in reasons if reason.good is False}
    words = {
        "Files": "it failed its checks",
        "Data": "the data failed validation",
        "Budget": "it breaks the device's budget",
        "Classes": f"it is no better than {_guess(inputs)}",
        "Accuracy": f"it is {_apart(gain, 'the baseline')}",
    }
    if broken := [text for topic, text in words.items() if topic in bad]:
        return f"Do not ship {name}: {_listed(broken)}.", "The reasons say what has to change first."
    merits = [_apart(gain, "the baseline"), fits]
    if doubts := _doubts(reasons, inputs, since):
        known = [] if reasons[0].good is None else merits[:1]
        sentence = f"Look before you ship {name}: {_listed([*known, *doubts])}."
        return sentence, "The reasons say what to look at."
    command, other = promote_command(inputs), inputs.reference_name
    adopt = f"`{command}` puts it in service, if the decision on the gate images allows that."
    if since is None or not (since.paired or since.same_run):
        return f"Ship {name}: {_listed(merits)}.", adopt
    if since.same_run:
        advice = "Nothing has to be done: later runs are compared with this one."
        return f"{name} is the file of {other}: {_listed(merits)}.", advice
    if since.accuracy.outcome == "worse":
        return f"Keep {other}: {name} is {_apart(since.accuracy, 'it')}.", _CHANGED
    if since.accuracy.outcome == "even":
        return _as_good_as_before(name, since, other, _listed(merits))
    merits.insert(1, _apart(since.accuracy, other))
    return f"Ship {name}: {_listed(merits)}.", adopt


def _as_good_as_before(name: str, since: SinceReference, other: str, merits: str) -> tuple[str, str]:
    size = _resized(since)
    advice = "It may be shipped for its size." if "smaller" in size else "Nothing has to be done."
    return f"{name} does as well as {other}{size}: {merits}.", f"{advice} {_CHANGED}"


def _resized(since: SinceReference) -> str:
    """Compare the file's bytes with the reference's in words; empty if within 1 %."""
    for share, when in ((since.raw_share, ""), (since.gzip_share, " after gzip")):
        if abs(share - 1) >= 0.01:
            word = "smaller" if share < 1 else "larger"
            return f" with a file {percent(abs(share - 1), 0)}\u00a0% {word}{when}"
    return ""


def _doubts(reasons: Sequence[Reason], inputs: ReportInputs, since: SinceReference | None) -> list[str]:
    """Return in words what is not known and could speak against the model."""
    unknown = {reason.topic for reason in reasons if reason.good is None}
    loses = f"whether it loses {_relevant(inputs)} or more against"
    worse = since is not None and since.accuracy.outcome == "worse"
    questions = {
        "Accuracy": f"{loses} the baseline",
        "Classes": f"whether it is better than {_guess(inputs)}",
        **({} if worse else {"Reference": f"{loses} {inputs.reference_name}"}),
    }
    asked = [question for topic, question in questions.items() if topic in unknown]
    doubts = list[str]()
    if asked:
        doubts.append(f"{_these_images(inputs)} cannot tell {_listed(asked)}")
    if worse and since is not None and "Reference" in unknown:
        doubts.append(f"it is {_apart(since.accuracy, inputs.reference_name)}, on other test images")
    if "Budget" in unknown:
        doubts.append("whether it fits the device is not known")
    return doubts


def _these_images(inputs: ReportInputs) -> str:
    return f"these {count(inputs.results.evaluate.num_images)} test images"


def _relevant(inputs: ReportInputs) -> str:
    """Return the smallest loss that matters in words, such as ``1 point``."""
    loss = f"{100 * inputs.relevant_loss:g}"
    return f"{loss} point" if loss == "1" else f"{loss} points"


def _guess(inputs: ReportInputs) -> str:
    label = inputs.results.evaluate.majority.label
    return f"always answering {inputs.class_names[label]}"


_CHANGED = "What changed since stands below."


def _apart(difference: Change, other: str) -> str:
    """Compare two accuracies in words: ``2.10 points more accurate than the baseline``."""
    if difference.outcome == "even":
        return f"as accurate as {other} within noise"
    more = "more" if difference.outcome == "better" else "less"
    return f"{number(100 * abs(difference.mean), 2)} points {more} accurate than {other}"


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _reason(topic: str, good: bool | None, text: str) -> Reason:
    return Reason.model_validate({"topic": topic, "good": good, "text": text})


def _accuracy_reason(inputs: ReportInputs) -> Reason:
    evaluated = inputs.results.evaluate
    after, before = (percent(v.accuracy) for v in (inputs.final_variant, evaluated.variants[BASELINE]))
    right = f"{after}\u00a0% of {count(evaluated.num_images)} test images right"
    good = no_worse(evaluated.gain.low, evaluated.gain.high, inputs.relevant_loss)
    text = f"{right}, the baseline {before}\u00a0%: {_spread(evaluated.gain)}."
    return _reason("Accuracy", good, f"{text}{_too_few(evaluated.gain, good, inputs)}")


def _classes_reason(inputs: ReportInputs) -> Reason:
    """Judge against answers without a look at the image."""
    balance, majority = inputs.final_variant.balance, inputs.results.evaluate.majority
    worst, name = balance.worst, inputs.final_variant.worst_name
    chance = f"by chance {percent(balance.chance, 1)}\u00a0%"
    text = (
        f"balanced accuracy {_with_ends(balance.accuracy)}, {chance}. "
        f"It finds {name} least often: {_with_ends(worst.recall)} of {count(worst.num_images)} images. "
        f"{_spread(majority.gain)} against {_guess(inputs)}."
    )
    facts = (balance.above_chance, majority.surpassed)
    return _reason("Classes", False if False in facts else None if None in facts else True, text)


def _with_ends(share: Estimate) -> str:
    return f"{percent(share.value, 1)}\u00a0% ({percent(share.low, 1)} to {percent(share.high, 1)})"


def _spread(difference: Change) -> str:
    interval = f"{points(difference.low)} to {points(difference.high)}"
    return f"{points(difference.mean)} points, 95\u00a0% interval {interval}"


def _too_few(difference: Change, good: bool | None, inputs: ReportInputs) -> str:
    """Return what the images cannot show; empty where they show what matters."""
    ends, num_images = (difference.low, difference.high), inputs.results.evaluate.num_images
    visible = smallest_visible(*ends)
    seen = f" {_these_images(inputs).capitalize()} show a difference from {percent(visible)} points on"
    if good is not None:
        return f"{seen}."
    needed = images_needed(*ends, num_images, inputs.relevant_loss)
    return (
        f"{seen}, and do not exclude a loss of {_relevant(inputs)}, which matters: "
        f"that would take about {count(needed)}."
    )


def _reference_reasons(since: SinceReference | None, inputs: ReportInputs) -> list[Reason]:
    if since is None:
        return []
    if since.same_run:
        text = f"the final file is that of {inputs.reference_name}, byte for byte."
        return [_reason("Reference", True, text)]
    how = (
        "on the same test images"
        if since.paired
        else "not on the same test images, so it is less certain"
    )
    good = no_worse(since.accuracy.low, since.accuracy.high, inputs.relevant_loss)
    text = f"{_spread(since.accuracy)} against {since.final} of {inputs.reference_name}, {how}."
    text += _too_few(since.accuracy, good, inputs)
    # Other test images may be harder: worse on them is a reason to look, not to refuse.
    return [_reason("Reference", good if since.paired else good or None, text)]


def _budget_reason(lines: Sequence[BudgetLine]) -> Reason:
    known = [line for line in lines if line.check.met is not None]
    unknown = ", ".join(line.check.label for line in lines if line.check.met is None)
    hosts = " Latency is this host's, not the device's." if any(line.note for line in known) else ""
    if broken := [line.excess for line in known if not line.check.met]:
        return _reason("Budget", False, f"over the device's limit: {'; '.join(broken)}.{hosts}")
    if not known:
        return _reason("Budget", None, f"not known: {unknown}.")
    shares = ", ".join(f"{line.check.label} at {line.share}\u00a0%" for line in known)
    if unknown:
        text = f"every limit that was measured is met: {shares}. Not measured: {unknown}.{hosts}"
        return _reason("Budget", True, text)
    return _reason("Budget", True, f"every limit of the device is met: {shares}.{hosts}")


def _files_reason(inputs: ReportInputs) -> Reason:
    """Judge by the checks of the final file; those of others decide nothing."""
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
        return _reason(
            "Files", False, f"{len(own)} of its {num_own} checks failed: {', '.join(own)}.{note}"
        )
    which = f"{num_own} checks of {final}" if note else f"{num_all} checks of the converted files"
    return _reason("Files", True, f"all {which} passed, run without TensorFlow.{note}")


def _data_reason(inputs: ReportInputs) -> Reason:
    validation = inputs.results.validate
    broken = [rule for rule in validation.rules if not rule.success]
    if not validation.passed:
        failed = ", ".join(rule.name for rule in broken if rule.severity == "critical")
        return _reason("Data", False, f"validation failed: {failed}.")
    warned = [rule.name for rule in broken if rule.severity == "warning"]
    text = f"validation passed on {len(validation.rules)} rules"
    if warned:
        text += f", {len(warned)} of them with a warning: {', '.join(warned)}"
    images = sum(left.num_images for left in validation.left_out)
    batches = sum(batch.state == "quarantined" for batch in validation.batches)
    if images or batches:
        text += (
            f"; left out are {count(images)} images and {batches} of {len(validation.batches)} batches"
        )
    return _reason("Data", True, f"{text}.")
