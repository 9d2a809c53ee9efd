"""Fuzzing: mutated pictures, IDX files, parameters and models, given to what of the project reads them.

    python -m benchmarks.fuzz                     try them all and write the result
    python -m benchmarks.fuzz only KIND [NUMBER]  try a kind, or a single input with its traceback

Each must end in an answer or in an error of `litesmith.errors`; another exception, a signal or a hang is
a failure whose files are kept. Inputs follow from a seed and their number, and run in worker processes
that may die. A model runs in a worker first. Where that ends badly, and for every so many-th model
otherwise, `predict` itself decides.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.fuzz.kinds import KINDS
from benchmarks.fuzz.trying import measure, read_config, try_inputs
from tasks.command import run_chosen


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    return run_chosen(_parser(), arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.set_defaults(command=lambda _: measure(read_config()))
    only = parser.add_subparsers(metavar="COMMAND").add_parser("only", help="try the inputs of a kind")
    only.add_argument("kind", choices=[kind.name for kind in KINDS])
    only.add_argument("number", type=int, nargs="?")
    only.set_defaults(command=_only)
    return parser


def _only(chosen: argparse.Namespace) -> None:
    """Try the inputs of a kind and print each failure, or the outcome of a single input."""
    config, kind = read_config(), next(kind for kind in KINDS if kind.name == chosen.kind)
    folder = Path(tempfile.mkdtemp(prefix="litesmith-fuzz-"))
    if chosen.number is None:
        tried = try_inputs(config, kind, config.numbers(kind), folder)
        print(json.dumps(tried.to_plain(), indent=2))
        return
    outcome = try_inputs(config, kind, [chosen.number], folder).outcomes[chosen.number]
    kind.write(config.seed, chosen.number, folder / "input")
    print(f"{outcome.end} {outcome.what}\n{outcome.detail}\nIts files are in {folder / 'input'}.")


if __name__ == "__main__":
    sys.exit(main())
