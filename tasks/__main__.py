"""Command line of the steps, which DVC calls."""

import argparse
import atexit
import os
import sys
from collections.abc import Callable
from pathlib import Path

from litesmith.errors import DataError
from tasks.command import Commands, HelpFormatter, Parser, add_choice, add_command, add_data, run_chosen
from tasks.commands.batches import accept_batch, add_batch
from tasks.commands.dataset import describe_dataset
from tasks.commands.generated import FILES
from tasks.commands.judging import add_picture, replay_decision
from tasks.commands.listing import STEPS, list_steps
from tasks.commands.packages import export_package, make_key_pair, verify_package
from tasks.commands.releases import get_release, list_releases, promote, rollback
from tasks.commands.sample import check_sample, make_sample, model_or_sample
from tasks.dag.project import is_workspace
from tasks.dag.running import run_step
from tasks.pipeline import PIPELINE, named
from tasks.terminal import begin_in_utf8, printable
from tasks.workspace import clean, project_here, repro_command, workspace_folder

_GROUPS = {
    "run steps": ("run", "list", "clean"),
    "use a model": ("predict",),
    "bring in data": ("dataset", "add", "accept", "regress"),
    "put models in service": ("promote", "rollback", "releases", "judge"),
    "hand a model over": ("verify", "export", "keygen"),
    "write committed files (with --check: compare only)": (
        "dvc", "versions", "schema", "readme", "notes", "sample",
    ),
}  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    return run_chosen(_parser(), arguments, _hints())


def _hints() -> str:
    """Return hints on an error's workspace and on cleared outputs."""
    root, hints = Path.cwd(), ""
    if is_workspace(root):
        hints += (
            f"\nIt happened in the workspace {root}; the paths above are relative to it. Its "
            "params.yaml is written from the project's and the profile's whenever a run begins: change "
            "those, and run again as before."
        )
    if stage := os.environ.get("DVC_STAGE", "").rpartition(":")[2]:
        hints += (
            f"\nDVC cleared the outputs of {stage} before it began. `{repro_command(root, stage)}` "
            "writes them once the cause above is removed. If that is a change of yours, undo it: they "
            "return as they were, from DVC's cache if it has them."
        )
    return hints


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="python -m tasks", description="The steps of the pipeline, one at a time.")
    parser.epilog = "`python -m tasks COMMAND --help` shows options and more examples."
    parser.groups = _GROUPS
    commands: Commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_run(commands)
    _add_list(commands)
    _add_predict(commands)
    _add_releases(commands)
    add_command(
        commands,
        "clean",
        lambda _: print("\n".join(clean(project_here()))),
        summary="remove the workspaces and the state from which a killed run resumes",
        examples=["python -m tasks clean"],
    )
    _add_dataset(commands)
    _add_batches(commands)
    _add_judging(commands)
    _add_packages(commands)
    for name, file in FILES.items():
        _add_generated(commands, name, file.summary, file.write, file.check)
    sample = "the last report, a picture of it and the final file into docs/"
    _add_generated(commands, "sample", sample, make_sample, check_sample)
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
    for step in PIPELINE:
        steps.add_parser(
            step.name, help=step.summary, description=step.summary, formatter_class=HelpFormatter
        )


def _add_list(commands: Commands) -> None:
    listing = add_command(
        commands,
        "list",
        lambda chosen: print(list_steps(_folder(chosen), chosen.step, chosen.files)),
        summary="show each step with its state and how long it took",
        examples=[
            "python -m tasks list",
            "python -m tasks list prune",
            "python -m tasks list --files",
            "python -m tasks list --data digits --profile quick",
        ],
    )
    listing.add_argument(
        "step", nargs="?", choices=STEPS, metavar="STEP", help="show the files of this step too"
    )
    listing.add_argument("--files", action="store_true", help="show the files of every step too")
    add_choice(listing, "of the last run with profiles/NAME.yaml")


def _folder(chosen: argparse.Namespace) -> Path:
    """Return the folder of the runs of a data set and profiles."""
    return workspace_folder(project_here(), chosen.profile, chosen.data)


def _add_predict(commands: Commands) -> None:
    predict = add_command(
        commands,
        "predict",
        _predict,
        summary="classify pictures",
        examples=[
            "python -m tasks predict models/final.tflite shoe.jpg",
            "python -m tasks predict docs/sample-model.tflite docs/sample-picture.png",
            "python -m tasks predict models/tuned.h5 photos/ --metadata models/final.json",
        ],
    )
    predict.add_argument("model", type=Path, metavar="MODEL", help="a .tflite or .h5 file")
    predict.add_argument(
        "pictures", type=Path, nargs="+", metavar="PICTURE", help="an image file, or a folder of them"
    )
    metadata_help = "class names and input format; by default NAME.json beside the model"
    predict.add_argument("--metadata", type=Path, metavar="FILE", help=metadata_help)


def _add_releases(commands: Commands) -> None:
    promoting = add_command(
        commands,
        "promote",
        lambda chosen: print(
            promote(project_here(), chosen.profile, chosen.data, chosen.by, chosen.why)
        ),
        summary="put the model of the last run in service, if the decision says so",
        examples=[
            "python -m tasks promote",
            "python -m tasks promote --profile nightly",
            'python -m tasks promote --by "A. Person" --why "the class is rare"',
        ],
    )
    add_choice(promoting, "the last run with profiles/NAME.yaml; several in the order given to that run")
    _add_person(promoting, "who promotes it although the decision does not", "their reason")
    back = add_command(
        commands,
        "rollback",
        lambda chosen: print(
            rollback(project_here(), chosen.version, chosen.data, chosen.by, chosen.why)
        ),
        summary="put a former version in service again, after checking it",
        examples=["python -m tasks rollback", "python -m tasks rollback fashion-mnist-wearable-0003"],
    )
    back.add_argument("version", nargs="?", metavar="VERSION", help="by default the one before")
    add_data(back)
    _add_person(back, "who orders it; by default who works here", "the reason, for the log")
    listing = add_command(
        commands,
        "releases",
        _releases,
        summary="show which models were judged, put in service, refused and taken back",
        examples=["python -m tasks releases", "python -m tasks releases --get model/"],
    )
    add_data(listing)
    get_help = "copy the package in service to this new folder instead"
    listing.add_argument("--get", type=Path, metavar="FOLDER", help=get_help)


def _releases(chosen: argparse.Namespace) -> None:
    if chosen.get:
        print(get_release(project_here(), chosen.get, chosen.data))
    else:
        print(printable(list_releases(project_here(), chosen.data)))


def _add_person(parser: argparse.ArgumentParser, by_help: str, why_help: str) -> None:
    parser.add_argument("--by", metavar="NAME", help=by_help)
    parser.add_argument("--why", metavar="TEXT", help=why_help)


def _add_dataset(commands: Commands) -> None:
    describe = add_command(
        commands,
        "dataset",
        lambda chosen: print(describe_dataset(project_here(), chosen.folder, chosen.name)),
        summary="describe a folder of labelled pictures in datasets/NAME.yaml",
        examples=["python -m tasks dataset photos/", "python -m tasks dataset signs.zip --name signs"],
    )
    folder_help = "a folder, or a .zip or .npz file, of labelled pictures"
    describe.add_argument("folder", type=Path, metavar="FOLDER", help=folder_help)
    describe.add_argument("--name", metavar="NAME", help="of the data set; by default the folder's")


def _add_batches(commands: Commands) -> None:
    add = add_command(
        commands,
        "add",
        lambda chosen: print(add_batch(project_here(), chosen.folder, chosen.data, chosen.name)),
        summary="add a batch of labelled pictures to a data set",
        examples=[
            "python -m tasks add photos/week-48",
            "python -m tasks add week-48.zip --data signs --name 2026-48",
        ],
    )
    folder_help = "a folder, or a .zip or .npz file, of labelled pictures"
    add.add_argument("folder", type=Path, metavar="FOLDER", help=folder_help)
    add_data(add)
    add.add_argument("--name", metavar="BATCH", help="sorts last; by default today's date")
    accept = add_command(
        commands,
        "accept",
        lambda chosen: print(accept_batch(project_here(), chosen.batch, chosen.why, chosen.data)),
        summary="accept a batch that validation left out",
        examples=['python -m tasks accept 2026-11-30 --why "a new camera, looked at"'],
    )
    accept.add_argument("batch", metavar="BATCH", help="its name in data/incoming/")
    accept.add_argument("--why", metavar="TEXT", required=True, help="why it is right, for colleagues")
    add_data(accept)


def _add_judging(commands: Commands) -> None:
    judge = add_command(
        commands,
        "judge",
        lambda chosen: print(replay_decision(chosen.replay)),
        summary="decide again from a decision's file alone",
        examples=["python -m tasks judge --replay reports/decision.json"],
    )
    replay_help = "a decision, as the step judge or a package has it"
    judge.add_argument("--replay", type=Path, metavar="FILE", required=True, help=replay_help)
    regress = add_command(
        commands,
        "regress",
        lambda chosen: print(add_picture(project_here(), chosen.picture, chosen.label, chosen.data)),
        summary="keep a picture that once went wrong, which must stay right",
        examples=[
            "python -m tasks regress add photos/boot-17.png 'Ankle boot'",
            "python -m tasks regress add six.png 6 --data digits",
        ],
    )
    regress.add_argument("action", choices=("add",), metavar="add", help="the only action there is")
    regress.add_argument("picture", type=Path, metavar="PICTURE", help="an image file")
    regress.add_argument("label", metavar="LABEL", help="the name of its class")
    add_data(regress)


def _add_packages(commands: Commands) -> None:
    verify = add_command(
        commands,
        "verify",
        lambda chosen: print(
            verify_package(Path(), chosen.package, chosen.key, unsigned=chosen.unsigned)
        ),
        summary="check files, signature, form and answers of a package",
        examples=[
            "python -m tasks verify models/package",
            "python -m tasks verify releases/packages/digits-wearable-0001 --key team.pem",
        ],
    )
    verify.add_argument("package", type=Path, metavar="PACKAGE", help="its folder")
    key_help = "the public key that it must be signed with; by default the one configured, if any"
    signed = verify.add_mutually_exclusive_group()
    signed.add_argument("--key", type=Path, metavar="FILE", help=key_help)
    signed.add_argument(
        "--unsigned", action="store_true", help="check the files alone, as of a package not yet promoted"
    )
    export = add_command(
        commands,
        "export",
        lambda chosen: print(export_package(chosen.package, chosen.file)),
        summary="write the model of a package as a C array",
        examples=("python -m tasks export models/package model.h",),
    )
    export.add_argument("package", type=Path, metavar="PACKAGE", help="its folder")
    export.add_argument("file", type=Path, metavar="FILE", help="the C header to write")
    add_command(
        commands,
        "keygen",
        lambda _: print(make_key_pair(project_here())),
        summary="make the keys that releases are signed with",
        examples=("python -m tasks keygen",),
    )


def _add_generated(
    commands: Commands,
    name: str,
    what: str,
    write: Callable[[Path], None],
    check: Callable[[Path], None],
) -> None:
    generated = add_command(
        commands,
        name,
        lambda chosen: (check if chosen.check else write)(project_here()),
        summary=f"write {what}",
        examples=[f"python -m tasks {name}", f"python -m tasks {name} --check"],
    )
    generated.add_argument("--check", action="store_true", help="compare only")


def _predict(chosen: argparse.Namespace) -> None:
    """Print the likeliest classes of each picture; raise `DataError` for unreadable ones."""
    from litesmith.inference.predict import find_pictures, predict_pictures

    search = find_pictures(chosen.pictures)
    failures = list(search.failures)
    for ignored in search.left_out:
        print(printable(ignored, in_line=True), file=sys.stderr)
    model = model_or_sample(Path(), chosen.model)
    if model != chosen.model:
        print(f"{chosen.model} is not here, as no run has ended here: {model} answers", file=sys.stderr)
    for path, outcome in predict_pictures(model, search.pictures, chosen.metadata):
        if isinstance(outcome, DataError):
            failures.append(str(outcome))
            continue
        heading = [f"{printable(str(path), in_line=True)}:"] if len(search.pictures) > 1 else []
        print("\n".join([*heading, *outcome.lines()]), flush=True)
    if failures:
        raise DataError("\n".join(failures))


def _end_at_once(exit_codes: list[int]) -> None:
    """Leave with the exit code, without TensorFlow's own teardown.

    That takes a second of CPU time after everything is written: about 2 % of a run on synthetic images.
    """
    if exit_codes:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(exit_codes[0])


if __name__ == "__main__":
    begin_in_utf8()
    exit_codes: list[int] = []  # empty where main() raises
    # Registered first, so called last.
    atexit.register(_end_at_once, exit_codes)
    exit_codes.append(main())
