"""The command line of the flow: ``retrain`` runs it now, ``serve`` waits for orders."""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from flows.serving.environment import (
    API_URL,
    check_settings,
    named_server,
    use_named_environment,
    use_own_environment,
    without_password,
)
from flows.serving.server import require_answer, server
from tasks.command import Commands, Parser, add_choice, add_command, run_chosen
from tasks.terminal import begin_in_utf8

_DELIVERY_S = 10.0
_MIRROR = "env:LITESMITH_MIRROR"


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    if os.environ.get(_MIRROR.removeprefix("env:")):
        from litesmith.data.download import resolve_named

        resolve_named([_MIRROR])  # makes its path absolute, as workspaces lie elsewhere
    return run_chosen(_parser(), arguments)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m flows", description="Run the whole pipeline under Prefect, and compare its runs."
    )
    parser.epilog = "`python -m flows COMMAND --help` shows options and more examples."
    parser.groups = {
        "run the pipeline": ("retrain",),
        "let schedules run it": ("serve",),
        "look back": ("compare",),
    }
    commands: Commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = "python -m flows retrain"
    retrain = add_command(
        commands,
        "retrain",
        _retrain,
        summary="bring every step up to date, now",
        examples=[
            command,
            f"{command} --profile quick",
            f"{command} --data digits",
            f"{command} --offline-fallback",
        ],
    )
    add_choice(
        retrain,
        "run with profiles/NAME.yaml in a workspace of its own; several are laid over each other in "
        "their order",
    )
    retrain.add_argument(
        "--offline-fallback",
        action="store_true",
        help="use synthetic images if the data set is published and no source of it answers",
    )
    serve = add_command(
        commands,
        "serve",
        _serve,
        summary="start server and worker, register the deployments, wait for orders",
        examples=["python -m flows serve", "python -m flows serve --port 4201"],
    )
    _add_compare(commands)
    serve.add_argument("--port", type=_port, default=4200, help="port of the server on 127.0.0.1 (4200)")
    return parser


def _add_compare(commands: Commands) -> None:
    command = "python -m flows compare"
    comparing = add_command(
        commands,
        "compare",
        _compare,
        summary="write a page that compares two recorded runs",
        examples=[
            f"{command} last service",
            f"{command} last before",
            f"{command} 20261130T1835 20261123T0017",
            f"{command} daring-lyrebird before --profile nightly",
        ],
    )
    words = "id or name of a run in reports/runs/, or its beginning; or last, before or service"
    comparing.add_argument("first", metavar="A", help=f"the run to look at: {words}")
    comparing.add_argument("second", metavar="B", help="the run to compare it with, named likewise")
    add_choice(comparing, "of the runs with profiles/NAME.yaml")


def _compare(chosen: argparse.Namespace) -> None:
    from flows.comparing import compare
    from tasks.workspace import project_here

    print(compare(project_here(), chosen.profile, chosen.data, chosen.first, chosen.second).resolve())


def _port(word: str) -> int:
    if not word.isdecimal() or not 1 <= int(word) <= 65535:
        raise argparse.ArgumentTypeError(f"a port is a whole number from 1 to 65535, got {word!r}")
    return int(word)


def _retrain(chosen: argparse.Namespace) -> None:
    project = Path.cwd()
    # Before anything large is imported: on a busy machine half a minute may pass until the first step.
    _say("checking parameters, disk and memory ...")
    from flows.precheck import checked_choice

    choice = checked_choice(
        project, chosen.profile, chosen.data, offline_fallback=chosen.offline_fallback
    )
    with _api(project):
        _say("asking DVC which steps are out of date ...")
        check_settings()
        from flows.command import run

        run(project, *choice)


def _serve(chosen: argparse.Namespace) -> None:
    from flows.serving.serve import serve
    from tasks.workspace import project_here

    project = project_here("prefect.yaml")
    use_own_environment(project)
    serve(project, chosen.port)


@contextmanager
def _api(project: Path) -> Iterator[None]:
    """Use the Prefect server that the environment names, else run our own.

    Raises:
        MachineError: The server that is named cannot be used, or none can be started.
    """
    if named := named_server(os.environ):
        use_named_environment(project, named)
        require_answer(named)
    else:
        use_own_environment(project)
        _say("starting Prefect's server ...")
    with nullcontext(named) if named else server(project, meanwhile=_prepare_flow) as url:
        os.environ[API_URL] = url
        _say(f"this run can be watched at {without_password(url).removesuffix('/api')}")
        try:
            yield
        finally:
            # Prefect's remaining log lines and states have to reach the server before it ends.
            from prefect.events.worker import EventsWorker
            from prefect.logging.handlers import APILogWorker

            APILogWorker.drain_all(timeout=_DELIVERY_S, at_exit=False)
            EventsWorker.drain_all(timeout=_DELIVERY_S, at_exit=False)


def _prepare_flow(url: str) -> None:
    """Check DVC and import the flow while the server starts."""
    from flows.precheck import check_dvc

    check_dvc(Path.cwd())
    # Prefect reads the address as it is imported.
    os.environ[API_URL] = url
    check_settings()
    import flows.command  # noqa: F401


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    begin_in_utf8()
    sys.exit(main())
