"""The command line of the frontier.

Every command goes on from where a killed one stopped, epoch by epoch. In the order in which they need
each other:

    python -m benchmarks.frontier teacher teacher1  train a candidate; others may be trained beside it
    python -m benchmarks.frontier answers           collect the teachers' answers to every view
    python -m benchmarks.frontier student 16000 1   train and convert the student of a budget and a seed
    python -m benchmarks.frontier measure 16000 1   measure it on the official test images, once
    python -m benchmarks.frontier collect           write the result, the files and their cards

Teachers and students learn from the rows of the official files that `frontier_rows.json` leaves to
them, and are judged on its `validation`; `dvc repro prepare` brings the files. The project's gate images
are among what they learn from, so no file of the frontier may be judged against the model in service.
What the commands make lies in `.litesmith/frontier`, but for what `collect` writes:
`benchmarks/results/frontier.json` and `benchmarks/models`.
"""

import argparse
import logging
import sys
from collections.abc import Sequence

from benchmarks.frontier.plan import read_config
from tasks.command import Parser, run_chosen


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    return run_chosen(_parser(), arguments)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="python -m benchmarks.frontier", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command_parser = commands.add_parser("teacher", help="train a candidate that may teach")
    command_parser.add_argument("name")
    command_parser.set_defaults(command=_teacher)
    commands.add_parser("answers", help="ask the teachers").set_defaults(command=_answers)
    for name, command, meaning in (
        ("student", _student, "train and convert a student"),
        ("measure", _measure, "measure a finished student on test"),
    ):
        command_parser = commands.add_parser(name, help=meaning)
        command_parser.add_argument("budget")
        command_parser.add_argument("seed", type=int)
        command_parser.set_defaults(command=command)
    commands.add_parser("collect", help="write result, files and cards").set_defaults(command=_collect)
    return parser


# TensorFlow takes seconds to come, and whoever times a file does so before it is there: each command
# imports its own.


def _teacher(chosen: argparse.Namespace) -> None:
    from benchmarks.frontier import learning

    learning.teacher(read_config(), chosen.name)


def _answers(_: argparse.Namespace) -> None:
    from benchmarks.frontier import learning

    learning.answers(read_config())


def _student(chosen: argparse.Namespace) -> None:
    from benchmarks.frontier import learning

    learning.student(read_config(), chosen.budget, chosen.seed)


def _measure(chosen: argparse.Namespace) -> None:
    from benchmarks.frontier import measuring

    measuring.measure(read_config(), chosen.budget, chosen.seed)


def _collect(_: argparse.Namespace) -> None:
    from benchmarks.frontier import collecting

    collecting.collect(read_config())


if __name__ == "__main__":
    sys.exit(main())
