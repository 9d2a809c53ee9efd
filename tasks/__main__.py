"""The command line of the steps: ``python -m tasks run STEP`` is what DVC calls."""

import argparse
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path

from litesmith.errors import LitesmithError
from litesmith.params import read_params
from tasks import catalog
from tasks.dag import dvcfile, readme, versions
from tasks.dag.running import run_step
from tasks.pipeline import PIPELINE, named


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code; errors made on purpose are shown without a traceback."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    chosen = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], None] = chosen.command
    try:
        command(chosen)
    except LitesmithError as error:
        print(f"error: {error}{_way_back()}", file=sys.stderr)
        return 1
    return 0


def _way_back() -> str:
    """Say under DVC how to get back what it cleared before this command began; nothing elsewhere."""
    if "DVC_STAGE" not in os.environ:
        return ""
    return (
        f"\nDVC cleared the outputs of {os.environ['DVC_STAGE']} before it began. To have them back, undo the change; "
        "then `dvc checkout` brings what its cache holds, `git checkout -- reports models` the committed rest."
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tasks", description="The steps of the pipeline, one at a time.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="run one step in the current folder")
    run.add_argument("step", choices=[one.name for one in PIPELINE], metavar="STEP")
    run.set_defaults(command=lambda chosen: run_step(named(chosen.step), Path.cwd()))
    listing = commands.add_parser("list", help="print each step with its files")
    listing.set_defaults(command=lambda _: print(_listing()))
    predict = commands.add_parser("predict", help="classify one picture")
    predict.add_argument("model", type=Path, metavar="MODEL", help="a .tflite or .h5 file")
    predict.add_argument("picture", type=Path, metavar="PICTURE", help="any common image file")
    predict.set_defaults(command=_predict)
    dvc = commands.add_parser("dvc", help="write dvc.yaml from the steps")
    dvc.add_argument("--check", action="store_true", help="compare only")
    dvc.set_defaults(command=_dvc)
    table = commands.add_parser("readme", help="write the README's results table from the last evaluation")
    table.add_argument("--check", action="store_true", help="compare only")
    table.set_defaults(command=_readme)
    lock = commands.add_parser("versions", help="write versions.yaml from requirements.lock")
    lock.add_argument("--check", action="store_true", help="compare only")
    lock.set_defaults(command=lambda chosen: (versions.check if chosen.check else versions.write)(Path.cwd()))
    return parser


def _dvc(chosen: argparse.Namespace) -> None:
    (dvcfile.check if chosen.check else dvcfile.write)(PIPELINE, Path.cwd())


def _listing() -> str:
    """Return each step with what it reads and makes, one file a line."""
    blocks = []
    for one in PIPELINE:
        ins = [f"  reads  {port.path}" for port in one.ins]
        outs = [f"  makes  {port.path}" for port in one.outs]
        blocks.append("\n".join([f"{one.name}: {one.summary}", *ins, *outs]))
    return "\n\n".join(blocks)


def _predict(chosen: argparse.Namespace) -> None:
    """Print how the picture was prepared, and its likeliest classes."""
    from litesmith.predict import predict_picture

    names = read_params(catalog.PARAMS).dataset.class_names
    prediction = predict_picture(chosen.model, chosen.picture, names)
    for change in prediction.changes:
        print(change)
    for guess in prediction.guesses:
        print(f"{guess.probability:7.1%}  {guess.name}")


def _readme(chosen: argparse.Namespace) -> None:
    (readme.check if chosen.check else readme.write)(Path.cwd())


if __name__ == "__main__":
    sys.exit(main())
