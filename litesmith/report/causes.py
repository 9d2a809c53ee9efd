"""What may have caused a difference from the reference run, the weightiest first."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import isclose

from litesmith.judging.limits import MovedLimits, limits_of, moved_limits
from litesmith.records.provenance import Provenance
from litesmith.records.summary import Cause, Changed, Reference, SinceReference
from litesmith.report.inputs import ReportInputs
from litesmith.report.provenance import PACKAGES, SECTIONS, Steps, flat_parameters, rank, revisions
from litesmith.wording import count, listed

# What a baseline's first and last layer follow from.
_FORM = ("dataset.height", "dataset.width", "dataset.channels", "dataset.classes")
_SUMMARY = "models/baseline-summary.txt"
_NOT_RECORDED = "not recorded"
# No gate looks at it on the device, so that it is no limit that a decision records.
_TIME_LIMIT = "device.max_latency_ms"


def causes(inputs: ReportInputs, now: Reference, since: SinceReference) -> tuple[Cause, ...]:
    """Return what differs from the reference run and may explain another result.

    Limits and data decide what is asked for, code and networks what answers; parameters follow by the
    weight of their section, then packages and hosts.
    """
    before = inputs.reference
    if before is None or since.same_run:
        return ()
    moved = limits_since(inputs)
    told = (
        _cause("Limits", moved.words if moved else ""),
        _cause("Data", _data(since.data, since.paired)),
        _cause("Code", _code(now.provenance, before.provenance)),
        _cause("Baseline", _baseline(now, before, since)),
        *(_cause("Parameters", text) for text in _parameters(since.parameters)),
        _cause("Packages", _packages(since.versions)),
        _cause("Host", _hosts(since.hosts)),
    )
    return tuple(cause for cause in told if cause.text)


def _cause(topic: str, text: str) -> Cause:
    return Cause.model_validate({"topic": topic, "text": text})


def limits_since(inputs: ReportInputs) -> MovedLimits | None:
    """Return which limits of the device changed since the reference run."""
    limits = inputs.decision.evidence.limits if inputs.decision.prior else inputs.limits
    return moved_limits(limits, former_limits(inputs))


def former_limits(inputs: ReportInputs) -> dict[str, float]:
    """Return the limits of the reference run by name, if known."""
    if inputs.decision.prior is not None:
        return limits_of(inputs.decision.prior.limits)
    if inputs.reference is None:
        return {}
    parameters = flat_parameters(inputs.reference.provenance)
    places = {check.name: parameters.get(f"device.{check.name}", "null") for check in inputs.limits}
    return {name: float(text) for name, text in places.items() if _is_number(text)}


def really_differs(change: Changed) -> bool:
    """Return whether texts differ by more than the digits of a number."""
    pair = change.now, change.before
    if not all(text is not None and _is_number(text) for text in pair):
        return True
    now, before = (float(text or "nan") for text in pair)
    return not isclose(now, before, rel_tol=1e-5)


def _data(changes: Sequence[Changed], paired: bool) -> str:
    hashes = [change for change in changes if change.name.endswith("SHA-256")]
    facts = [change for change in changes if change not in hashes and really_differs(change)]
    told = [
        f"{change.name} {change.now or 'none'}, was {change.before or 'none'}"
        for change in facts
        if len(change.now or "") < 40
    ]
    if not hashes and not facts:
        return ""
    which = listed(change.name.removesuffix(" split: SHA-256") for change in hashes) if hashes else ""
    text = f"Other images in {which}" if hashes else "The images differ"
    if hashes and not facts:
        text += ", or the same in another order: as many, and alike"
    if told:
        text += f"; {'; '.join(told[:3])}"
    compared = "" if paired else " Accuracies on test are not compared image by image."
    return f"{text}.{compared}"


def _code(now: Steps, before: Steps) -> str:
    names = revisions(now) or _NOT_RECORDED, revisions(before) or _NOT_RECORDED
    steps = [
        name
        for name, step in now.items()
        if step.made and (old := _made_code(before, name)) and old != step.made.code
    ]
    if names == (_NOT_RECORDED, _NOT_RECORDED):
        return "No revision was recorded of either run: which code changed is not known."
    if names[0] == names[1] and not steps:
        return ""
    was = "none was recorded before" if names[1] == _NOT_RECORDED else f"was {names[1]}"
    text = f"Revision {names[0]}, {was}."
    if steps:
        return f"{text} The code of {listed(steps)} changed."
    if _NOT_RECORDED in names:
        return f"{text} Which code changed is not known."
    return f"{text} The code of no step that both ran changed."


def _made_code(steps: Steps, name: str) -> str:
    step: Provenance | None = steps.get(name)
    return step.made.code if step and step.made else ""


def _baseline(now: Reference, before: Reference, since: SinceReference) -> str:
    """Tell a baseline whose network is another, which moves every comparison with it."""
    same = "with the same parameters, so its code changed"
    if any(change.name.startswith("baseline.") for change in since.parameters):
        same = "by other parameters"
    elif any(change.name in _FORM and _has_both(change) for change in since.parameters):
        same = "for images of another form or other classes"
    if now.baseline and before.baseline:
        if now.baseline == before.baseline:
            return ""
        return (
            f"Another network: {count(now.baseline.num_parameters)} weights, were "
            f"{count(before.baseline.num_parameters)}, {same}. Differences from it do not compare."
        )
    hashes = now.inputs.get(_SUMMARY), before.inputs.get(_SUMMARY)
    if None in hashes or hashes[0] == hashes[1]:
        return ""
    return f"Another network ({_SUMMARY} differs), {same}. Differences from it do not compare."


def _parameters(changes: Sequence[Changed]) -> Iterator[str]:
    """Yield what changed by section: values first, then how many are new or gone."""
    by_section: dict[str, list[Changed]] = {}
    for change in changes:
        section = change.name.partition(".")[0]
        if section != "device" or change.name == _TIME_LIMIT:  # the others are told as limits
            by_section.setdefault(section, []).append(change)
    ranked = sorted(by_section, key=lambda section: rank(section, SECTIONS))
    for section in ranked:
        if valued := [change for change in by_section[section] if _has_both(change)]:
            yield "; ".join(map(_shown, valued)) + "."
    moved = [
        f"{section} {' and '.join(parts)}"
        for section in ranked
        if (parts := _new_or_gone([change for change in by_section[section] if not _has_both(change)]))
    ]
    if moved:
        yield f"New or gone: {', '.join(moved)}."


def _new_or_gone(changes: Sequence[Changed]) -> list[str]:
    new = sum(change.before is None for change in changes)
    counts = ((new, "new"), (len(changes) - new, "gone"))
    return [f"{number} {word}" for number, word in counts if number]


def _has_both(change: Changed) -> bool:
    return change.now is not None and change.before is not None


def _shown(change: Changed) -> str:
    now, before = (
        text if len(text or "") <= 32 else "another list" for text in (change.now, change.before)
    )
    if now == before:
        return f"{change.name} changed"
    return f"{change.name} {now}, was {before}"


def _packages(changes: Sequence[Changed]) -> str:
    ranked = sorted(changes, key=lambda change: rank(change.name, PACKAGES))
    words = [
        f"{change.name} {change.now or 'gone'}, was {change.before or 'not there'}" for change in ranked
    ]
    return f"{'; '.join(words)}." if words else ""


def _hosts(changes: Iterable[Changed]) -> str:
    for change in changes:
        return f"{change.now}, was {change.before}. Times do not compare."
    return ""


def _is_number(text: str) -> bool:
    try:
        return isinstance(json.loads(text), int | float)
    except ValueError:
        return False


def of_topic(causes: Sequence[Cause]) -> Mapping[str, list[str]]:
    """Return the texts by topic, in the order of the first of each."""
    by_topic: dict[str, list[str]] = {}
    for cause in causes:
        by_topic.setdefault(cause.topic, []).append(cause.text)
    return by_topic
