"""The page that compares two runs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from litesmith.analysis.paired import Difference, paired, unpaired
from litesmith.documents.templates import page_style, templates
from litesmith.documents.times import moment
from litesmith.history.changes import CodeChange, differences
from litesmith.history.sides import Side
from litesmith.report.reference import unpacked
from litesmith.wording import NONE, count, milliseconds, percent, points

_TEST = "test split: SHA-256"
_EVALUATE = "evaluate"
Mark = Literal["good", "bad", "unclear"]


@dataclass(frozen=True)
class Row:
    """A quantity of two runs.

    The difference is the first minus the second, or why there is none.
    """

    name: str
    first: str
    second: str
    difference: str


@dataclass(frozen=True)
class Accuracies:
    """How the accuracies of two runs compare on the test images.

    Attributes:
        gain: Accuracy of the first minus the second's; None if one of them is not known.
        difference: The same with its interval; None if it is not known what each got right.
        counts: Images that the first alone, the second alone, both and neither got right; None unless
            both answered the same images and it is known which they got right.
        unpaired: Why they are not compared image by image; empty if they are.
    """

    gain: float | None
    difference: Difference | None
    counts: tuple[int, int, int, int] | None
    unpaired: str


def render_comparison(first: Side, second: Side, code: CodeChange, final_file: str) -> str:
    """Return the page; equal inputs give equal bytes.

    Args:
        first: The run that is looked at.
        second: The run that it is compared with.
        code: What git tells of the code of both.
        final_file: The path by which runs name the file that goes to the device.
    """
    accuracies = compare_accuracies(first, second)
    same = _same_file(first, second, final_file)
    mark, headline = _headline(first, second, accuracies, same)
    topics = differences(first, second, code)
    page = templates().get_template("history/compare.html.j2")
    text = page.render(
        style=Markup(page_style()),
        sides=(first, second),
        mark=mark,
        headline=headline,
        accuracies=accuracies,
        rows=_rows(first, second, accuracies),
        topics=topics,
        synthetic=any(side.run and side.run.record.synthetic for side in (first, second)),
    )
    return text.strip() + "\n"


def compare_accuracies(first: Side, second: Side) -> Accuracies:
    """Compare the accuracies of two runs, image by image where both answered the same."""
    sides = first, second
    told = [side.made.optimized if side.made else side.result for side in sides]
    if told[0] is None or told[1] is None:
        names = [side.label for side, one in zip(sides, told, strict=True) if one is None]
        return Accuracies(None, None, None, f"{' and '.join(names)} left no accuracy")
    gain = told[0].accuracy - told[1].accuracy
    now, before = first.made, second.made
    if now is None or before is None:
        lost = "; ".join(f"{side.label}: {side.missing}" for side in sides if side.made is None)
        return Accuracies(gain, None, None, f"which images were got right is not known ({lost})")
    if now.data["name"] != before.data["name"]:
        return Accuracies(None, None, None, "they are of different data sets")
    right, wrong = unpacked(now.right), unpacked(before.right)
    if now.data.get(_TEST) is None or now.data.get(_TEST) != before.data.get(_TEST):
        pair = unpaired(told[0].accuracy, len(right), told[1].accuracy, len(wrong))
        return Accuracies(gain, pair, None, "they answered different test images")
    return Accuracies(gain, paired(right, wrong), _counts(right, wrong), "")


def _counts(now: NDArray[np.bool_], before: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    return (
        int((now & ~before).sum()),
        int((before & ~now).sum()),
        int((now & before).sum()),
        int((~now & ~before).sum()),
    )


def _same_file(first: Side, second: Side, final_file: str) -> bool | None:
    """Tell whether both have the same file, None if that is not known."""
    if first.made and second.made:
        digests = {run.inputs.get(final_file) for run in (first.made, second.made)}
        return None if None in digests else len(digests) == 1
    gates = [side.result.gate for side in (first, second) if side.result and side.result.gate]
    return len({gate.file_sha256 for gate in gates}) == 1 if len(gates) == 2 else None


def _headline(first: Side, second: Side, accuracies: Accuracies, same: bool | None) -> tuple[Mark, str]:
    alike = first.label == second.label
    names = " against ".join(side.name if alike else side.label for side in (first, second))
    if same:
        return "unclear", f"{names}: the same file, byte for byte."
    difference = accuracies.difference
    if accuracies.gain is None:
        return "unclear", f"{names}: not compared, as {accuracies.unpaired}."
    if difference is None:
        return "unclear", f"{names}: {points(accuracies.gain)} points on test, maybe by chance alone."
    gain = f"{points(difference.mean)} points ({points(difference.low)} to {points(difference.high)})"
    words = {"better": "more accurate", "worse": "less accurate", "even": "no difference shown"}
    marks: dict[str, Mark] = {"better": "good", "worse": "bad", "even": "unclear"}
    return marks[difference.outcome], f"{names}: {words[difference.outcome]} on test, {gain}."


def _rows(first: Side, second: Side, accuracies: Accuracies) -> list[Row]:
    sides = first, second
    return [
        _row(sides, "Began", lambda side: moment(side.started) if side.started else NONE),
        _row(sides, "Outcome", _outcome),
        _row(sides, "Test accuracy, %", _test, _test_difference(accuracies)),
        _row(sides, "Gate accuracy, %", _gate, _gate_difference(first, second)),
        _row(sides, "Final file", _final),
        _row(sides, "Bytes", _raw, _share([_sizes(side)[0] for side in sides])),
        _row(sides, "Bytes after gzip", _gzip, _share([_sizes(side)[1] for side in sides])),
        _row(sides, "MACs", _macs, _share([side.cost.macs if side.cost else None for side in sides])),
        _row(sides, "Latency, ms", _time, _times(sides)),
        _row(sides, "Git revision", _revision),
    ]


def _row(sides: Sequence[Side], name: str, told: Callable[[Side], str], difference: str = "") -> Row:
    return Row(name, told(sides[0]), told(sides[1]), difference)


def _outcome(side: Side) -> str:
    if side.decision:
        return f"{side.decision.outcome}, in service. {side.decision.headline}"
    if side.run is None or side.run.state != "done":
        return side.run.state if side.run else NONE
    result = side.run.record.result
    if result and result.verdict:
        return result.verdict.sentence
    return result.gate.outcome if result and result.gate else NONE


def _test(side: Side) -> str:
    told = side.made.optimized if side.made else side.result
    if told is None:
        return NONE
    low, high = told.accuracy_interval
    return f"{percent(told.accuracy)} ({percent(low)} to {percent(high)})"


def _test_difference(accuracies: Accuracies) -> str:
    if accuracies.gain is None:
        return f"none: {accuracies.unpaired}"
    gain, pair = f"{points(accuracies.gain)} points", accuracies.difference
    if pair is None:
        return f"{gain}, without an interval"
    kind = "image by image" if accuracies.counts else "not image by image"
    return f"{gain}, {points(pair.low)} to {points(pair.high)}, {kind}"


def _gate(side: Side) -> str:
    gate = side.result.gate if side.result else None
    return f"{percent(gate.accuracy)} of {count(gate.num_images)} images" if gate else NONE


def _gate_difference(first: Side, second: Side) -> str:
    gates = [side.result.gate for side in (first, second) if side.result and side.result.gate]
    if len(gates) < 2:
        return "not recorded of both"
    if gates[0].images_sha256 != gates[1].images_sha256:
        return "none: other gate images"
    return f"{points(gates[0].accuracy - gates[1].accuracy)} points on the same images"


def _final(side: Side) -> str:
    return side.made.final if side.made else side.result.final if side.result else NONE


def _sizes(side: Side) -> tuple[int | None, int | None]:
    """Return the bytes of the final file, raw and after gzip."""
    if side.made:
        return side.made.optimized.tflite_bytes, side.made.optimized.gzip_bytes
    return (side.result.bytes, side.result.gzip_bytes) if side.result else (None, None)


def _raw(side: Side) -> str:
    return _counted(_sizes(side)[0])


def _gzip(side: Side) -> str:
    return _counted(_sizes(side)[1])


def _macs(side: Side) -> str:
    return _counted(side.cost.macs if side.cost else None)


def _counted(number: int | None) -> str:
    return NONE if number is None else count(number)


def _share(pair: Sequence[int | None]) -> str:
    """Write how much larger the first of two numbers is."""
    now, before = pair
    return "" if now is None or not before else f"{points(now / before - 1, 1)} %"


def _timed(side: Side) -> tuple[float, str] | None:
    """Return median time and host of a side, None if not known."""
    if side.cost:
        return side.cost.latency_ms, side.cost.host
    if side.made and _EVALUATE in side.made.provenance:
        return side.made.latency.median_ms, side.made.provenance[_EVALUATE].host.words
    return None


def _time(side: Side) -> str:
    timed = _timed(side)
    return milliseconds(timed[0]) if timed else NONE


def _times(sides: Sequence[Side]) -> str:
    now, before = map(_timed, sides)
    if now is None or before is None:
        return "not recorded of both"
    if now[1] != before[1]:
        return f"none: timed on different hosts, {now[1]}, and {before[1]}"
    return f"{points(now[0] / before[0] - 1, 1)} % on the same host, {now[1]}"


def _revision(side: Side) -> str:
    if side.run is None or side.revision is None:
        return NONE
    return f"{side.revision[:7]}{' with changes' if side.run.record.git.dirty else ''}"
