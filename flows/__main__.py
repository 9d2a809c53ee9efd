"""The command line of the flow: ``python -m flows retrain`` runs it here and now, ``serve`` waits for orders."""

import argparse
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import FrameType
from typing import NoReturn

from flows.server import require_answer, server, use_prefect_environment
from tasks.terminal import Commands, Parser, add_command, begin_in_utf8, run_chosen

_DELIVERY_S = 10.0
_MIRROR = "LITESMITH_MIRROR"


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code; errors made on purpose are shown without a traceback."""
    signal.signal(signal.SIGTERM, _stop)
    _resolve_mirror()
    return run_chosen(_parser(), arguments)


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    """Treat a request to end like Ctrl-C, so that everything started here is stopped."""
    raise KeyboardInterrupt


def _resolve_mirror() -> None:
    """Make the mirror's name absolute: a step may run in a workspace, from where a relative one leads elsewhere."""
    if mirror := os.environ.get(_MIRROR):
        os.environ[_MIRROR] = str(Path(mirror).expanduser().resolve())


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="python -m flows", description="Run the whole pipeline under Prefect.")
    parser.epilog = "`python -m flows COMMAND --help` shows options and examples."
    commands: Commands = parser.add_subparsers(required=True, metavar="COMMAND")
    retrain = add_command(
        commands,
        "retrain",
        _retrain,
        summary="bring every step up to date, now",
        examples=[
            "python -m flows retrain",
            "python -m flows retrain --profile quick",
            "python -m flows retrain --offline-fallback",
        ],
    )
    retrain.add_argument(
        "--profile",
        metavar="NAME",
        action="append",
        help="run with profiles/NAME.yaml in a workspace of its own; several are laid over each other in their order",
    )
    retrain.add_argument(
        "--offline-fallback", action="store_true", help="use drawn images if no source of the data set answers"
    )
    serve = add_command(
        commands,
        "serve",
        _serve,
        summary="start server and worker, register the deployments, wait for orders",
        examples=["python -m flows serve", "python -m flows serve --port 4201"],
    )
    serve.add_argument("--port", type=int, default=4200, help="port of the server on 127.0.0.1 (4200)")
    return parser


def _retrain(chosen: argparse.Namespace) -> None:
    project = Path.cwd()
    # Said before anything large is imported: until the first step begins, half a minute may pass on a busy machine.
    _say("checking parameters, disk and memory ...")
    profile = _before(project, chosen.profile, chosen.offline_fallback)
    with _api(project):
        _say("asking DVC which steps are out of date ...")
        from flows.command import run

        run(project, profile)


def _before(project: Path, profile: list[str] | None, offline_fallback: bool) -> str | None:
    """Check what can be checked before a server is started, and return the profiles to run with, joined."""
    from flows.precheck import check, drawn_if_unreachable
    from tasks.profiles import profile_title

    check(project, profile)
    return drawn_if_unreachable(project, profile) if offline_fallback else profile_title(profile)


def _serve(chosen: argparse.Namespace) -> None:
    from flows.serve import serve

    use_prefect_environment(Path.cwd())
    serve(Path.cwd(), chosen.port)


@contextmanager
def _api(project: Path) -> Iterator[None]:
    """Use the Prefect server that the environment names, else run one of our own.

    Raises:
        MachineError: The server that is named does not answer, or none can be started.
    """
    use_prefect_environment(project)
    named = os.environ.get("PREFECT_API_URL")
    if named:
        require_answer(named)
    else:
        _say("starting Prefect's server ...")
    with nullcontext(named) if named else server(project, meanwhile=_import_flow) as url:
        os.environ["PREFECT_API_URL"] = url
        _say(f"this run can be watched at {url.removesuffix('/api')}")
        try:
            yield
        finally:
            _deliver()


def _import_flow(url: str) -> None:
    """Import the flow while the server at ``url`` starts; Prefect reads the address as it is imported."""
    os.environ["PREFECT_API_URL"] = url
    import flows.command  # noqa: F401


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _deliver() -> None:
    """Send what Prefect still keeps of log lines and states, while there is a server to take it."""
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    APILogWorker.drain_all(timeout=_DELIVERY_S, at_exit=False)
    EventsWorker.drain_all(timeout=_DELIVERY_S, at_exit=False)


if __name__ == "__main__":
    begin_in_utf8()
    sys.exit(main())
