"""The command line of the sweep's benchmark.

    python -m benchmarks.sweep seed 1     both searches with one seed; goes on from where it was killed
    python -m benchmarks.sweep workers    trials per minute of both ways to use two cores, in turns
    python -m benchmarks.sweep collect    write benchmarks/results/sweep.json

The random search draws its trials from the space at random and trains every one in full. The best of
them all, by accuracy on validation, is the mark. Ours is `litesmith.search.study` over the same space,
within the same limits and on the same images. Its last rung is the same full training, and only a trial
that came through it can be its incumbent: so both are judged alike, and no training goes uncounted. Ours
is counted until its incumbent is at least as good as the mark: the CPU-seconds of all trials at all
rungs, in the order in which they ran. The random search is counted whole, as it knows its best only when
it ends; when it had found it is written beside that. Proposing trials and converting untrained networks
to learn their bytes is counted on neither side. The figure is the median of the seeds' shares; one with
which ours ends before it equals the mark is beyond all others.

The workers train the same few trials, two at a time on one thread each, then one at a time on two
threads: trials of a network that these searches draw, and of one that the pipeline's sweep draws. That
is measured by the clock, so nothing else may run.
"""

import argparse
import logging
import sys
from collections.abc import Sequence

from benchmarks.sweep.plan import read_config
from litesmith.params.loading import read_params
from tasks import catalog
from tasks.command import Parser, run_chosen


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    parser = Parser(prog="python -m benchmarks.sweep", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    seed_parser = commands.add_parser("seed", help="run both searches with one seed")
    seed_parser.add_argument("seed", type=int)
    seed_parser.set_defaults(command=_seed)
    commands.add_parser("workers", help="time both ways to use two cores").set_defaults(command=_workers)
    commands.add_parser("collect", help="write the result").set_defaults(command=_collect)
    return run_chosen(parser, arguments)


# TensorFlow takes seconds to come, and collecting needs none: each command imports its own.


def _seed(chosen: argparse.Namespace) -> None:
    from benchmarks.sweep import searching

    searching.search_both(read_config(), read_params(catalog.PARAMS), chosen.seed)


def _workers(_: argparse.Namespace) -> None:
    from benchmarks.sweep import timing

    timing.compare_workers(read_config(), read_params(catalog.PARAMS))


def _collect(_: argparse.Namespace) -> None:
    from benchmarks.sweep import collecting

    collecting.collect(read_config(), read_params(catalog.PARAMS))


if __name__ == "__main__":
    sys.exit(main())
