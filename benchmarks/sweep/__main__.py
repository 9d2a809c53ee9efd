"""The cost of our sweep until it equals a random search, and the speedup by two workers.

    python -m benchmarks.sweep search digits 1   both searches on a data set with one seed
    python -m benchmarks.sweep search            all that are not finished; goes on where it was killed
    python -m benchmarks.sweep workers           trials per minute of three ways to use two cores
    python -m benchmarks.sweep collect           write benchmarks/results/sweep.json

Ours is the sweep of `params.yaml` as a data set gets it that pins nothing, within the limits of
`sweep.yaml`. The random search draws its trials from the same space within the same limits, and trains
each as long as the last rung of ours: that is a training in full here. The best of them all, by accuracy
on validation, is the mark. Only a trial of ours that came through the last rung can be its incumbent:
so both are judged alike, and no training goes uncounted. Ours ends when its incumbent is at least as
good as the mark, or with its budget: then it never was. It is counted until then: the CPU-seconds of all
trials at all rungs, in the order in which they ran. The random search is counted whole, as it knows its
best only when it ends; when it had found it is written beside that. Proposing trials and converting
untrained networks to learn their bytes is counted on neither side. The figure is the median of the
searches' shares.

The workers train the first trials of the default's own sweep in turns: two at a time on one thread each,
one at a time on two threads, and one at a time on one thread, which tells what a second worker and a
second thread are worth. That is measured by the clock, so nothing else may run.
"""

import argparse
import logging
import sys
from collections.abc import Sequence

from benchmarks.sweep.plan import default_search, read_config, search_folder
from litesmith.params.loading import read_params
from tasks import catalog
from tasks.command import Parser, run_chosen


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    parser = Parser(prog="python -m benchmarks.sweep", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    search_parser = commands.add_parser("search", help="run both searches")
    search_parser.add_argument("set", nargs="?", help="of this data set only")
    search_parser.add_argument("seed", nargs="?", type=int, help="with this seed only")
    search_parser.set_defaults(command=_search)
    commands.add_parser("workers", help="time the ways to use two cores").set_defaults(command=_workers)
    commands.add_parser("collect", help="write the result").set_defaults(command=_collect)
    return run_chosen(parser, arguments)


# TensorFlow takes seconds to come, and collecting needs none: each command imports its own.


def _search(chosen: argparse.Namespace) -> None:
    from benchmarks.sweep import searching

    config = read_config()
    for seed in config.seeds if chosen.seed is None else [chosen.seed]:
        for name in config.searches.sets if chosen.set is None else [chosen.set]:
            folder = search_folder(config, default_search(), name, seed)
            if not (folder / "outcome.json").exists():
                searching.search_both(config, name, seed)


def _workers(_: argparse.Namespace) -> None:
    from benchmarks.sweep import timing

    timing.compare_workers(read_config(), read_params(catalog.PARAMS))


def _collect(_: argparse.Namespace) -> None:
    from benchmarks.sweep import collecting

    collecting.collect(read_config())


if __name__ == "__main__":
    sys.exit(main())
