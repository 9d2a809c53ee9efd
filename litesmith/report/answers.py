"""Better, trusted, changed, what to do: the answers on top of the page."""

from collections.abc import Iterator
from dataclasses import dataclass

from litesmith.analysis.intervals import CONFIDENCE, quantile
from litesmith.analysis.outcome import outcome
from litesmith.records.convert import Candidate
from litesmith.records.summary import SinceReference
from litesmith.report.action import Action, action
from litesmith.report.budget import budget
from litesmith.report.causes import limits_since, of_topic
from litesmith.report.inputs import BASELINE, BASELINE_LITE, ReportInputs
from litesmith.report.reference import Change, baseline_side, not_compared, this_run
from litesmith.wording import amount, count, listed, percent, points, times

# Of what a gate found, on the first screen.
_MOST_CHARACTERS = 120
# Causes on the first screen; the others stand in their section.
_MOST_CAUSES = 4


@dataclass(frozen=True)
class Line:
    """A sentence of an answer.

    Attributes:
        good: False marks what speaks against the file, None what is open; anything else needs no mark.
        below: Whether the headline or the gates right below say it too: a narrow page leaves it to them.
    """

    text: str
    good: bool | None = True
    below: bool = False


@dataclass(frozen=True)
class Answer:
    """An answer in a few words, and the sentences behind it."""

    words: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Answers:
    """The four answers.

    Attributes:
        price: What the choice of this file costs against the next one; empty without another.
        changed: What differs from the reference run, the weightiest first.
    """

    price: str
    better: Answer
    trusted: Answer
    changed: Answer
    action: Action


def answers(inputs: ReportInputs, since: SinceReference | None) -> Answers:
    """Return the four answers of a page."""
    return Answers(
        price=price(inputs),
        better=Answer(_better(inputs), tuple(_better_lines(inputs, since))),
        trusted=_trusted(inputs),
        changed=_changed(inputs, since),
        action=action(inputs),
    )


def price(inputs: ReportInputs) -> str:
    """Return what the chosen file costs or saves against the next most accurate one."""
    choice = inputs.results.convert.final
    others = {
        name: candidate
        for name, candidate in choice.candidates.items()
        if name != choice.name and candidate.within_limits
    }
    if not others or choice.name not in choice.candidates:
        return ""
    name = min(others, key=lambda other: others[other].behind_best)
    chosen = choice.candidates[choice.name]
    apart = others[name].accuracy - chosen.accuracy
    less = f"{percent(abs(apart))} points {'more' if apart > 0 else 'less'} accurate"
    # Each error is of the difference from the best, which one of the two is, or nearly.
    error = max(others[name].standard_error, chosen.standard_error)
    told = outcome(*(apart + sign * quantile(CONFIDENCE) * error for sign in (-1, 1)))
    chance = ", which chance alone may explain" if told == "even" else ""
    pixels = f"{choice.moved_px} pixel{'' if choice.moved_px == 1 else 's'}"
    moved = f" moved by up to {pixels}" if choice.moved_px else ""
    where = f"validation images{moved}, standard error {percent(error)}{chance}"
    sizes = listed(_sizes(inputs, choice.name, name, others[name]))
    return f"The price: the second-best file, {name}, has {sizes}. It is {less} ({where})."


def _sizes(inputs: ReportInputs, chosen: str, other: str, candidate: Candidate) -> Iterator[str]:
    """Yield what the other file takes beside the chosen one."""
    results = inputs.results
    mine, its = (inputs.passes_of(name) for name in (chosen, other))
    work = "as much work" if mine == its else f"{its / mine:.2g} times the work"
    yield f"{work} (this one: {count(inputs.network.macs)} multiply-accumulates)"
    if abs(candidate.bytes / results.convert.final.bytes - 1) > _SAME_SIZE:
        yield f"{count(candidate.bytes)} bytes, not {count(results.convert.final.bytes)}"
    for tool in results.evaluate.device.values():
        files = tool.files.get(chosen), tool.files.get(other)
        if files[0] is None or files[1] is None or files[0].refused or files[1].refused:
            continue
        for column in tool.columns:
            ours, theirs = (file.values[column.name] for file in files if file)
            if column.name == _LEFT_OVER and ours != theirs:
                words = column.label[:1].lower() + column.label[1:]
                yield f"{amount(theirs)}, not {amount(ours)}, {words}"


# Files whose bytes differ by no more than this share are as large.
_SAME_SIZE = 0.02
# Of the tool `npu`: what an accelerator cannot run.
_LEFT_OVER = "cpu_operators"


def _better(inputs: ReportInputs) -> str:
    decision, level = inputs.decision, inputs.decision.thresholds.level
    if decision.outcome == "in service":
        return "It is the model in service."
    if decision.changes is None:
        if decision.outcome == "not comparable" or decision.released is not None:
            return "It cannot be compared."
        return "It is the first: nothing is in service."
    seen = decision.changes.comparison
    if seen.p_better <= level:
        return "Yes."
    if seen.p_worse <= level:
        return "No, it is worse."
    return {"smaller": "No worse, and smaller.", "asked for": "No worse."}.get(
        decision.merit or "", "Not shown."
    )


def _better_lines(inputs: ReportInputs, since: SinceReference | None) -> Iterator[Line]:
    decision, evaluated = inputs.decision, inputs.results.evaluate
    num_test = f"{count(evaluated.num_images)} test images"
    if decision.changes is not None and decision.released is not None:
        seen = decision.changes.comparison
        yield Line(
            f"Against {decision.released.version} in service: {_spread(seen.difference)} on the same "
            f"{count(decision.gate.num_images)} gate images; {_told(seen.difference)}."
        )
    if decision.changes is None and since is not None and not since.same_run:
        where = f"on {num_test}" if since.paired else "on test images not known to be the same"
        yield Line(
            f"Against {since.final} of {inputs.reference_name}: {_spread(since.accuracy)} {where}; "
            f"{_told(since.accuracy)}."
        )
    final, before = inputs.final_variant, evaluated.variants[BASELINE]
    yield Line(
        f"Against the baseline: {_spread(evaluated.gain)} on {num_test}, "
        f"{percent(final.accuracy)}\u00a0% right instead of {percent(before.accuracy)}\u00a0%."
    )
    smaller = times(evaluated.variants[BASELINE_LITE].bytes / final.bytes, "smaller")
    latency_ms = this_run(inputs).latency.median_ms
    slower = times(baseline_side(inputs.results).median_latency_ms / latency_ms, "faster")
    yield Line(
        f"Its file has {count(final.bytes)} bytes, {smaller} than the baseline's in float32; it is "
        f"{slower} on this host."
    )


def _spread(difference: Change) -> str:
    ends = f"{points(difference.low)} to {points(difference.high)}"
    return f"{points(difference.mean)} points ({ends})"


def _told(difference: Change) -> str:
    """Return what an interval says, as everywhere: `litesmith.analysis.outcome`."""
    words = {"better": "more accurate", "worse": "less accurate", "even": "chance alone may explain it"}
    return words[outcome(difference.low, difference.high)]


def _trusted(inputs: ReportInputs) -> Answer:
    reasons = inputs.decision.reasons
    held = [
        Line(f"{gate.name.capitalize()}: {_short(gate.text)}", False)
        for gate in reasons
        if gate.passed is False
    ]
    unsure = [
        Line(f"{gate.name.capitalize()} cannot tell: {_short(gate.text)}", None)
        for gate in reasons
        if gate.passed is None
    ]
    passed = [gate.name for gate in reasons if gate.passed]
    lines = [*held, *unsure]
    if passed:
        lines.append(
            Line(f"Passed {len(passed)} of {len(reasons)} gates: {listed(passed)}.", below=True)
        )
    return Answer(_trust(inputs, held, unsure), (*lines, *_doubts(inputs)))


def _short(text: str) -> str:
    """Return the first clause of what a gate found; its section has the whole."""
    clause = text.partition(". ")[0].partition("; ")[0].rstrip(".")
    if len(clause) <= _MOST_CHARACTERS:
        return f"{clause}."
    whole, mark, _ = clause[:_MOST_CHARACTERS].rpartition("), ")
    return f"{whole}{mark.rstrip(', ')} and more." if mark else f"{clause}."


def _trust(inputs: ReportInputs, held: list[Line], unsure: list[Line]) -> str:
    if inputs.results.validate.dataset.synthetic:
        return "No: the images are synthetic."
    if held:
        return f"No: held by {len(held)} of {len(inputs.decision.reasons)} gates."
    return "Not yet: the images cannot tell." if unsure else "Yes, as far as the gates see."


def _doubts(inputs: ReportInputs) -> Iterator[Line]:
    """Yield what to know before trusting the numbers, each once."""
    worst = inputs.final_variant.balance.worst
    ends = f"{percent(worst.recall.low, 1)} to {percent(worst.recall.high, 1)}"
    yield Line(
        f"Worst class: of {count(worst.num_images)} test images of {inputs.final_variant.worst_name} "
        f"{percent(worst.recall.value, 1)}\u00a0% are found ({ends}).",
        below=True,
    )
    moved = limits_since(inputs)
    if moved and inputs.decision.prior is None:  # else the headline says it
        text = f"Limits of the device were {moved.how} since {inputs.reference_name}."
        yield Line(f"{text} {_sentence(moved.then)}.", None)
    if any(line.is_of_host and line.check.measured is not None for line in budget(inputs)):
        yield Line("Its latency was timed on this host. The device's is not known.", None)
    if not inputs.decision.evidence.regression:
        yield Line("No picture from the field was tried: the regression set is empty.")
    yield Line(
        "One seed: the intervals hold what other images would change, not what another training of the "
        "same recipe would."
    )


def _changed(inputs: ReportInputs, since: SinceReference | None) -> Answer:
    if since is None:
        return Answer("Nothing to compare with.", (Line(f"{_sentence(not_compared(inputs))}."),))
    if since.same_run:
        file = f"The file is that of {inputs.reference_name}, byte for byte."
        return Answer("Nothing.", (Line(file),))
    if not since.causes:
        return Answer("Nothing that is recorded.", (Line(f"Since {inputs.reference_name}."),))
    topics = [topic.lower() for topic in of_topic(since.causes)]
    named = topics if len(topics) <= _MOST_CAUSES else [*topics[: _MOST_CAUSES - 1], "more"]
    lines = [
        Line(f"{cause.topic}: {cause.text.partition('. ')[0].rstrip('.')}.")
        for cause in since.causes[:_MOST_CAUSES]
    ]
    return Answer(f"{_sentence(listed(named))}.", tuple(lines))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
