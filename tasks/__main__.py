"""The command line of the steps: ``python -m tasks run STEP`` is what DVC calls."""

import argparse
import atexit
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from litesmith.params import read_params
from tasks import catalog
from tasks.dag import dvcfile, notes, readme, versions
from tasks.dag.running import run_step
from tasks.pipeline import PIPELINE, named
from tasks.reference import make_reference
from tasks.sample import check_sample, make_sample
from tasks.terminal import Parser, begin_in_utf8, run_chosen
from tasks.workspace import clean


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code; errors made on purpose are shown without a traceback."""
    return run_chosen(_parser(), arguments, _way_back())


def _way_back() -> str:
    """Say under DVC how to get back what it cleared before this command began; nothing elsewhere."""
    # DVC names the stage with its file where it was called from another folder.
    stage = os.environ.get("DVC_STAGE", "").rpartition(":")[2]
    if not stage:
        return ""
    return (
        f"\nDVC cleared the outputs of {stage} before it began. `dvc repro {stage}` makes them once the cause above is "
        "gone; if that is a change of yours, undo it, and they come back as they were, from DVC's cache if it has them."
    )


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="python -m tasks", description="The steps of the pipeline, one at a time.")
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
    reference = commands.add_parser("reference", help="make the present result the one that runs are compared with")
    reference.add_argument(
        "--profile",
        metavar="NAME",
        action="append",
        help="the result of the last run with profiles/NAME.yaml; several as they were given to that run",
    )
    reference.set_defaults(command=lambda chosen: print(make_reference(Path.cwd(), chosen.profile)))
    meaning = "remove the workspaces with all in them, and what a killed run would resume from"
    cleaning = commands.add_parser("clean", help=meaning)
    cleaning.set_defaults(command=lambda _: print("\n".join(clean(Path.cwd()))))
    for name, (written, write, check) in _GENERATED.items():
        generated = commands.add_parser(name, help=f"write {written}")
        generated.add_argument("--check", action="store_true", help="compare only")
        generated.set_defaults(command=partial(_generate, write, check))
    return parser


_GENERATED: dict[str, tuple[str, Callable[[Path], None], Callable[[Path], None]]] = {
    "dvc": ("dvc.yaml from the steps", partial(dvcfile.write, PIPELINE), partial(dvcfile.check, PIPELINE)),
    "readme": ("the README's results table from the last evaluation", readme.write, readme.check),
    "notes": ("docs/optimization-notes.md from the last results", notes.write, notes.check),
    "sample": ("the last report and a picture of it into docs/", make_sample, check_sample),
    "versions": ("versions.yaml from requirements.lock", versions.write, versions.check),
}


def _generate(write: Callable[[Path], None], check: Callable[[Path], None], chosen: argparse.Namespace) -> None:
    (check if chosen.check else write)(Path.cwd())


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


def _end_at_once(ended: list[int]) -> None:
    """Leave with the exit code once all else has been wound up, if the command came to an end.

    TensorFlow takes a second of every step to take itself down, when everything is written and nobody waits for it.
    """
    if ended:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(ended[0])


if __name__ == "__main__":
    begin_in_utf8()
    ended: list[int] = []
    # Registered first, so called last.
    atexit.register(_end_at_once, ended)
    ended.append(main())
