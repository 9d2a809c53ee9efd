"""The command line of the frontier.

Every command goes on from where a killed one stopped, epoch by epoch. In the order in which they need each other:

    python -m benchmarks.frontier teacher 1         train a teacher; the next one may run beside it
    python -m benchmarks.frontier answers           ask the teachers about every view of the training images
    python -m benchmarks.frontier student 16000 1   train the student of a budget and a seed and convert it to int8

Teachers and students learn from the pipeline's train and gate splits and are judged on its validation split; `dvc repro
prepare` makes these. What is not finished lies in `.litesmith/frontier`.
"""

import argparse
import logging
import sys
from collections.abc import Sequence

from benchmarks.frontier.plan import read_config
from tasks.terminal import run_chosen


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    return run_chosen(_parser(), arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.frontier", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    one = commands.add_parser("teacher", help="train a teacher")
    one.add_argument("number", type=int)
    one.set_defaults(command=_teacher)
    commands.add_parser("answers", help="ask the teachers").set_defaults(command=_answers)
    one = commands.add_parser("student", help="train and convert a student")
    one.add_argument("budget")
    one.add_argument("seed", type=int)
    one.set_defaults(command=_student)
    return parser


# TensorFlow takes seconds to come, and whoever times a file does so before it is there: each command imports its own.


def _teacher(chosen: argparse.Namespace) -> None:
    from benchmarks.frontier import learning

    learning.teacher(read_config(), chosen.number)


def _answers(_: argparse.Namespace) -> None:
    from benchmarks.frontier import learning

    learning.answers(read_config())


def _student(chosen: argparse.Namespace) -> None:
    from benchmarks.frontier import learning

    learning.student(read_config(), chosen.budget, chosen.seed)


if __name__ == "__main__":
    sys.exit(main())
