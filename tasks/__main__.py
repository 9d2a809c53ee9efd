"""The command line of the steps, which DVC calls."""

import argparse
import atexit
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from litesmith.errors import DataError
from tasks.command import Commands, HelpFormatter, Parser, add_command, run_chosen
from tasks.commands import notes, readme
from tasks.commands.listing import STEPS, list_steps
from tasks.commands.reference import make_reference
from tasks.commands.sample import check_sample, make_sample
from tasks.dag import dvcfile, versions
from tasks.dag.running import run_step
from tasks.pipeline import PIPELINE, named
from tasks.terminal import begin_in_utf8, printable
from tasks.workspace import clean, is_workspace, project_here, repro_command


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    return run_chosen(_parser(), arguments, _way_back())


def _way_back() -> str:
    """Return hints on an error's workspace and on cleared outputs."""
    root, hints = Path.cwd(), []
    if is_workspace(root):
        hints.append(
            f"It happened in the workspace {root}, where the paths above lead. Its params.yaml is "
            "written from the project's and the profile's whenever a run begins: change those, and run "
            "again as before."
        )
    if stage := os.environ.get("DVC_STAGE", "").rpartition(":")[2]:
        hints.append(
            f"DVC cleared the outputs of {stage} before it began. `{repro_command(root, stage)}` makes "
            "them once the cause above is gone; if that is a change of yours, undo it, and they come "
            "back as they were, from DVC's cache if it has them."
        )
    return "".join(f"\n{hint}" for hint in hints)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="python -m tasks", description="The steps of the pipeline, one at a time.")
    parser.epilog = "`python -m tasks COMMAND --help` shows options and examples."
    commands: Commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_run(commands)
    _add_list(commands)
    _add_predict(commands)
    _add_reference(commands)
    add_command(
        commands,
        "clean",
        lambda _: print("\n".join(clean(project_here()))),
        summary="remove the workspaces with all in them, and what a killed run would resume from",
        examples=["python -m tasks clean"],
    )
    for name, (written, write, check) in _GENERATED.items():
        command = f"python -m tasks {name}"
        run = partial(_generate, write, check)
        summary, examples = f"write {written}", [command, f"{command} --check"]
        generated = add_command(commands, name, run, summary=summary, examples=examples)
        generated.add_argument("--check", action="store_true", help="compare only")
    return parser


def _add_run(commands: Commands) -> None:
    run = add_command(
        commands,
        "run",
        lambda chosen: run_step(named(chosen.step), Path.cwd()),
        summary="run one step in the current folder, whether or not it is up to date",
        examples=[
            "python -m tasks run prune",
            "dvc repro prune    # with what it needs, and only what is out of date",
        ],
    )
    steps = run.add_subparsers(dest="step", required=True, metavar="STEP")
    for one in PIPELINE:
        steps.add_parser(
            one.name, help=one.summary, description=one.summary, formatter_class=HelpFormatter
        )


def _add_list(commands: Commands) -> None:
    listing = add_command(
        commands,
        "list",
        lambda chosen: print(list_steps(project_here(), chosen.step, chosen.files)),
        summary="show each step with its state and how long it took",
        examples=["python -m tasks list", "python -m tasks list prune", "python -m tasks list --files"],
    )
    listing.add_argument(
        "step", nargs="?", choices=STEPS, metavar="STEP", help="show the files of this step too"
    )
    listing.add_argument("--files", action="store_true", help="show the files of every step too")


def _add_predict(commands: Commands) -> None:
    predict = add_command(
        commands,
        "predict",
        _predict,
        summary="classify pictures",
        examples=[
            "python -m tasks predict models/final.tflite shoe.jpg",
            "python -m tasks predict models/tuned.h5 photos/ --metadata models/final.json",
        ],
    )
    predict.add_argument("model", type=Path, metavar="MODEL", help="a .tflite or .h5 file")
    predict.add_argument(
        "pictures", type=Path, nargs="+", metavar="PICTURE", help="an image file, or a folder of them"
    )
    meaning = "class names and form of the input; by default NAME.json beside the model"
    predict.add_argument("--metadata", type=Path, metavar="FILE", help=meaning)


def _add_reference(commands: Commands) -> None:
    reference = add_command(
        commands,
        "reference",
        lambda chosen: print(make_reference(project_here(), chosen.profile)),
        summary="make the present result the one that runs are compared with",
        examples=["python -m tasks reference", "python -m tasks reference --profile nightly"],
    )
    meaning = (
        "the result of the last run with profiles/NAME.yaml; several as they were given to that run"
    )
    reference.add_argument("--profile", metavar="NAME", action="append", help=meaning)


def _write_schema(root: Path) -> None:
    from litesmith.report.summary import write_schema

    write_schema(root)


def _check_schema(root: Path) -> None:
    from litesmith.report.summary import check_schema

    check_schema(root)


_GENERATED: dict[str, tuple[str, Callable[[Path], None], Callable[[Path], None]]] = {
    "dvc": (
        "dvc.yaml from the steps",
        partial(dvcfile.write, PIPELINE),
        partial(dvcfile.check, PIPELINE),
    ),
    "readme": ("the README's results table from the last evaluation", readme.write, readme.check),
    "notes": ("docs/optimization-notes.md from the last results", notes.write, notes.check),
    "schema": ("the JSON schema of reports/summary.json from its type", _write_schema, _check_schema),
    "sample": ("the last report and a picture of it into docs/", make_sample, check_sample),
    "versions": ("versions.yaml from requirements.lock", versions.write, versions.check),
}


def _generate(
    write: Callable[[Path], None], check: Callable[[Path], None], chosen: argparse.Namespace
) -> None:
    (check if chosen.check else write)(project_here())


def _predict(chosen: argparse.Namespace) -> None:
    """Print the likeliest classes of each picture, with warnings.

    Raises:
        DataError: Some pictures cannot be read; the others are answered.
    """
    from litesmith.inference.predict import find_pictures, predict_pictures

    search = find_pictures(chosen.pictures)
    failures = list(search.failures)
    for phrase in search.left_out:
        print(printable(phrase, in_line=True), file=sys.stderr)
    for path, outcome in predict_pictures(chosen.model, search.pictures, chosen.metadata):
        if isinstance(outcome, DataError):
            failures.append(str(outcome))
            continue
        heading = [f"{printable(str(path), in_line=True)}:"] if len(search.pictures) > 1 else []
        print("\n".join([*heading, *outcome.lines()]), flush=True)
    if failures:
        raise DataError("\n".join(failures))


def _end_at_once(ended: list[int]) -> None:
    """Leave with the exit code, without TensorFlow's own teardown.

    TensorFlow takes a second of CPU time to take itself down when everything is written: about 2 % of
    the shortest run, that on synthetic images.
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
