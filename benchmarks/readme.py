"""Write the summary and table of ``benchmarks/README.md`` from the committed results, or check them.

python -m benchmarks.readme [--check]
"""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from benchmarks.record import Claim, host_words
from litesmith.documents.readme import BEGIN, END, with_block
from litesmith.errors import ContractError
from litesmith.files import read_json, write_text
from litesmith.wording import count, number, percent, points, signed
from tasks.command import run_chosen

README = Path("benchmarks/README.md")
RESULTS = Path("benchmarks/results")

# In the order of the README.
BENCHMARKS = (
    "frontier",
    "pipeline",
    "datasets",
    "time_to_accuracy",
    "sweep",
    "epoch",
    "ablation",
    "rounding",
    "instructions",
    "verdicts",
    "gates",
    "nights",
    "render",
    "pictures",
    "growth",
    "intake",
    "kills",
    "fuzz",
)
# The results of a benchmark that has more than the one of its name.
_FILES = {"ablation": ("ablation", "ablation_full", "ablation_teacher")}
_OF_WHAT = {"ablation_teacher": " of a network of the teachers' size"}
_HEAD = ("benchmark", "figure", "must be", "goal", "measured", "", "behind it")
_WRITTEN: dict[str, Callable[[float], str]] = {
    "accuracy": lambda value: f"{percent(value)} %",
    "points": lambda value: f"{number(100 * value, 2)} points",
    "share": lambda value: number(value, 3),
    "times": lambda value: f"{number(value, 2)} times",
    "s": lambda value: f"{number(value, 1)} s",
    "cpu_s": lambda value: f"{number(value, 1)} CPU-s",
    "bytes": lambda value: f"{count(value)} bytes",
    "inputs": count,
}


@dataclass(frozen=True)
class Bound:
    """A claim with one of its bounds."""

    benchmark: str
    claim: Claim
    value: float

    @property
    def verdict(self) -> str:
        """Whether what was measured keeps it."""
        return self.claim.verdict(self.value)

    @property
    def words(self) -> str:
        """The bound: ``at least 93.20 %``."""
        return f"{'at most' if self.claim.most else 'at least'} {_WRITTEN[self.claim.unit](self.value)}"

    def __str__(self) -> str:
        return f"{_link(self.benchmark)}: {self.claim.what}, {_measured(self.claim)} ({self.words})"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.readme", description="The summary and table of benchmarks/README.md."
    )
    parser.add_argument("--check", action="store_true", help="compare only")
    parser.set_defaults(command=lambda chosen: (check if chosen.check else write)(Path.cwd()))
    return run_chosen(parser, arguments)


def write(root: Path) -> None:
    """Write the table below ``root``.

    Raises:
        ContractError: The README does not hold the two markers.
    """
    path = root / README
    write_text(path, with_block(path.read_text(encoding="utf-8"), render(root)))


def check(root: Path) -> None:
    """Compare the table below ``root`` with the results.

    Raises:
        ContractError: It is not what `write` would write.
    """
    text = (root / README).read_text(encoding="utf-8")
    if with_block(text, render(root)) != text:
        raise ContractError(
            f"the table in {README} is not what {RESULTS} holds. Run `make readme` and commit it."
        )


def render(root: Path) -> str:
    """Return the summary and table that the results below ``root`` give, between the markers."""
    rule = ["---", "---", "---:", "---:", "---:", "---", "---"]
    files = [(name, file) for name in BENCHMARKS for file in _FILES.get(name, (name,))]
    rows = [row for name, file in files for row in _rows(name, root / RESULTS / f"{file}.json")]
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in (_HEAD, rule, *rows))
    summary = "\n".join(f"- {line}" for line in summarize(root))
    return f"{BEGIN}\n{summary}\n\n{table}\n{END}"


def summarize(root: Path) -> list[str]:
    """Return what was asked, reached and missed, each a line."""
    claims = [(name, claim) for name in BENCHMARKS for claim in _claims(root / RESULTS / f"{name}.json")]
    musts = [Bound(name, claim, claim.must) for name, claim in claims]
    goals = [Bound(name, claim, claim.goal) for name, claim in claims if claim.goal is not None]
    met, missed = _with_verdict(musts, "met"), _with_verdict(musts, "not met")
    unmeasured = Counter(bound.benchmark for bound in _with_verdict(musts, "not measured"))
    absent = [name for name in BENCHMARKS if not (root / RESULTS / f"{name}.json").is_file()]
    # Of the most that was reached, those that say how good the models are.
    best = [bound for bound in _with_verdict(goals, "met") if bound.claim.unit == "accuracy"]
    open_ones = [f"{_link(name)} ({number} figures)" for name, number in unmeasured.items()]
    return [
        f"**Asked**: bounds for {len(musts)} figures, and for {len(goals)} of them a goal beyond.",
        f"**Reached**: {len(met)} of the {len(met) + len(missed)} that were measured"
        f"{_listed(best, '; beyond a goal: ')}.",
        f"**Missed**: {_listed(missed) or 'none'}.",
        f"**Goals missed**: {_listed(_with_verdict(goals, 'not met')) or 'none'}.",
        f"**Not measured yet**: {', '.join([*open_ones, *map(_link, absent)]) or 'none'}.",
    ]


def _with_verdict(bounds: Sequence[Bound], verdict: str) -> list[Bound]:
    return [bound for bound in bounds if bound.verdict == verdict]


def _listed(bounds: Iterable[Bound], before: str = "") -> str:
    """Return bounds in one line, nothing for none."""
    words = "; ".join(map(str, bounds))
    return f"{before}{words}" if words else ""


def _claims(path: Path) -> list[Claim]:
    """Read the claims of a result; none of a benchmark that has no result."""
    if not path.is_file():
        return []
    names = [field.name for field in fields(Claim)]
    return [Claim(**{name: claim[name] for name in names}) for claim in read_json(path)["claims"]]


def _rows(name: str, path: Path) -> list[list[str]]:
    if not path.is_file():
        return [[_link(name), "", "", "", "not measured", "", ""]]
    result = read_json(path)
    # Entries of the frontier and runs may have been made in more than one place; their claims say where.
    host = host_words(result["host"]) if "host" in result else ""
    if name == "ablation":
        which = f"{result['recipe']['epochs']} epochs{_OF_WHAT.get(path.stem, '')}"
        return [_line(which, line, figures, host) for line, figures in result["lines"].items()]
    return [_row(name, claim, host) for claim in _claims(path)]


def _line(after: str, line: str, figures: Mapping[str, Any], host: str) -> list[str]:
    """Return the row of a line of an ablation, which must be nothing."""
    behind = f"{len(figures['accuracy'])} seeds; {_apart(line, figures)}"
    if "as_chosen" in figures:
        chosen = figures["as_chosen"]
        behind += f"; as files are chosen {percent(chosen['mean'])} %, {_apart(line, chosen)}"
    if "cross_entropy" in figures:
        behind += f"; cross-entropy {_nats(line, figures['cross_entropy'])}"
    accuracy = f"{percent(figures['mean'])} %"
    return [
        _link("ablation"),
        f"validation accuracy after {after}, {line}",
        "",
        "",
        accuracy,
        "",
        f"{behind}; {host}",
    ]


def _nats(line: str, figures: Mapping[str, Any]) -> str:
    if line == "whole":
        return number(figures["mean"])
    apart, error = signed(figures["minus_whole"], 4), number(figures["standard_error"])
    return f"{number(figures['mean'])}, {apart} from the whole, standard error {error}"


def _apart(line: str, figures: Mapping[str, Any]) -> str:
    if line == "whole":
        return "what others are compared with"
    error = percent(figures["standard_error"])
    return f"{points(figures['minus_whole'])} points from the whole, standard error {error}"


def _link(name: str) -> str:
    return f"[{name}](#{name})"


def _row(name: str, claim: Claim, host: str) -> list[str]:
    must = Bound(name, claim, claim.must)
    goal = None if claim.goal is None else Bound(name, claim, claim.goal)
    verdict = "met, goal too" if goal and goal.verdict == "met" else must.verdict
    return [
        _link(name),
        claim.what,
        must.words,
        goal.words if goal else "",
        _measured(claim),
        "" if verdict == "not measured" else verdict,
        "; ".join(part for part in (claim.note, host) if part),
    ]


def _measured(claim: Claim) -> str:
    if claim.measured is None:
        return "never" if claim.never else "not measured"
    return _WRITTEN[claim.unit](claim.measured)


if __name__ == "__main__":
    sys.exit(main())
