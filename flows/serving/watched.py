"""A module run as by ``python -m`` that ends with its starter.

Prefect's server and worker are started through this: else they would outlive a killed starter.
"""

import runpy
import sys

from litesmith.imports import without_grammars
from tasks.dag.watch import end_on_hang_up, watch_starters


def main() -> None:
    """Run the module that the first argument names with the arguments after it."""
    watch_starters()
    end_on_hang_up()
    sys.argv = sys.argv[1:]
    with without_grammars():
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
