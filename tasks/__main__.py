"""The command line of the steps: ``python -m tasks run STEP`` is what DVC calls."""

import argparse
import atexit
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from litesmith.errors import DataError
from tasks.dag import dvcfile, notes, readme, versions
from tasks.dag.running import run_step
from tasks.pipeline import PIPELINE, named
from tasks.reference import make_reference
from tasks.sample import check_sample, make_sample
from tasks.terminal import run_chosen
from tasks.workspace import clean, is_workspace, repro_command


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code; errors made on purpose are shown without a traceback."""
    return run_chosen(_parser(), arguments, _way_back())


def _way_back() -> str:
    """Say below an error in which workspace it happened, and under DVC how to get back what DVC cleared."""
    root, hints = Path.cwd(), []
    if is_workspace(root):
        hints.append(
            f"It happened in the workspace {root}, where the paths above lead. Its params.yaml is written from the "
            "project's and the profile's whenever a run begins: change those, and run again as before."
        )
    if stage := os.environ.get("DVC_STAGE", "").rpartition(":")[2]:
        hints.append(
            f"DVC cleared the outputs of {stage} before it began. `{repro_command(root, stage)}` makes them once the "
            "cause above is gone; if that is a change of yours, undo it, and they come back as they were, from DVC's "
            "cache if it has them."
        )
    return "".join(f"\n{hint}" for hint in hints)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tasks", description="The steps of the pipeline, one at a time.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="run one step in the current folder")
    run.add_argument("step", choices=[one.name for one in PIPELINE], metavar="STEP")
    run.set_defaults(command=lambda chosen: run_step(named(chosen.step), Path.cwd()))
    listing = commands.add_parser("list", help="print each step with its files")
    listing.set_defaults(command=lambda _: print(_listing()))
    predict = commands.add_parser("predict", help="classify pictures")
    predict.add_argument("model", type=Path, metavar="MODEL", help="a .tflite or .h5 file")
    predict.add_argument("pictures", type=Path, nargs="+", metavar="PICTURE", help="an image file, or a folder of them")
    meaning = "class names and form of the input; by default NAME.json beside the model"
    predict.add_argument("--metadata", type=Path, metavar="FILE", help=meaning)
    predict.set_defaults(command=_predict)
    reference = commands.add_parser("reference", help="make the present result the one that runs are compared with")
    reference.add_argument("--profile", metavar="NAME", help="the result of the last run with profiles/NAME.yaml")
    reference.set_defaults(command=lambda chosen: print(make_reference(Path.cwd(), chosen.profile)))
    meaning = "remove the workspaces with all in them, and what a killed run would resume from"
    cleaning = commands.add_parser("clean", help=meaning)
    cleaning.set_defaults(command=lambda _: clean(Path.cwd()))
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
    """Print of each picture how it was prepared, what speaks against it, and its likeliest classes.

    Raises:
        DataError: Some pictures cannot be read; the others are answered.
    """
    from litesmith.predict import find_pictures, predict_pictures

    pictures, failures = find_pictures(chosen.pictures), []
    for path, outcome in predict_pictures(chosen.model, pictures, chosen.metadata):
        if isinstance(outcome, DataError):
            failures.append(str(outcome))
            continue
        print("\n".join([*([f"{path}:"] if len(pictures) > 1 else []), *outcome.lines()]), flush=True)
    if failures:
        raise DataError("\n".join(failures))


def _end_at_once(ended: list[int]) -> None:
    """Leave with the exit code once all else has been wound up, if the command came to an end.

    TensorFlow takes a second of every step to take itself down, when everything is written and nobody waits for it.
    """
    if ended:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(ended[0])


if __name__ == "__main__":
    ended: list[int] = []
    # Registered first, so called last.
    atexit.register(_end_at_once, ended)
    ended.append(main())
