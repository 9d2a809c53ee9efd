"""The command line of the flow: ``python -m flows retrain`` runs it here and now, ``serve`` waits for orders."""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from flows.environment import (
    API_URL,
    check_settings,
    named_server,
    use_named_environment,
    use_own_environment,
    without_password,
)
from flows.server import require_answer, server
from tasks.terminal import run_chosen

_DELIVERY_S = 10.0
_MAX_PORT = 65535
_MIRROR = "LITESMITH_MIRROR"


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code; errors made on purpose are shown without a traceback."""
    _resolve_mirror()
    return run_chosen(_parser(), arguments)


def _resolve_mirror() -> None:
    """Make the mirror's name absolute: a step may run in a workspace, from where a relative one leads elsewhere."""
    if mirror := os.environ.get(_MIRROR):
        os.environ[_MIRROR] = str(Path(mirror).expanduser().resolve())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m flows", description="Run the whole pipeline under Prefect.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    retrain = commands.add_parser("retrain", help="bring every step up to date, now")
    retrain.add_argument("--profile", metavar="NAME", help="run with profiles/NAME.yaml in a workspace of its own")
    retrain.add_argument(
        "--offline-fallback", action="store_true", help="use drawn images if no source of the data set answers"
    )
    retrain.set_defaults(command=_retrain)
    serve = commands.add_parser("serve", help="start server and worker, register the deployments, wait")
    serve.add_argument("--port", type=_port, default=4200, help="port of the server on 127.0.0.1 (4200)")
    serve.set_defaults(command=_serve)
    return parser


def _port(word: str) -> int:
    """Return the port that a word of the command line names; one below 1024 may be refused by the system later."""
    try:
        port = int(word)
    except ValueError:
        port = -1
    if not 1 <= port <= _MAX_PORT:
        raise argparse.ArgumentTypeError(f"a port is a whole number from 1 to {_MAX_PORT}, got {word!r}")
    return port


def _retrain(chosen: argparse.Namespace) -> None:
    project = Path.cwd()
    profile = _before(project, chosen.profile, chosen.offline_fallback)
    with _api(project):
        check_settings()
        from flows.command import run

        run(project, profile)


def _before(project: Path, profile: str | None, offline_fallback: bool) -> str | None:
    """Check what can be checked before a server is started, and return the profile to run with."""
    from flows.precheck import check, drawn_if_unreachable

    check(project, profile)
    return drawn_if_unreachable(project, profile) if offline_fallback else profile


def _serve(chosen: argparse.Namespace) -> None:
    from flows.serve import serve

    use_own_environment(Path.cwd())
    serve(Path.cwd(), chosen.port)


@contextmanager
def _api(project: Path) -> Iterator[None]:
    """Use the Prefect server that the environment names, else run one of our own.

    Raises:
        MachineError: The server that is named cannot be used, or none can be started.
    """
    named = named_server(os.environ)
    if named:
        use_named_environment(project, named)
        require_answer(named)
    else:
        use_own_environment(project)
    with nullcontext(named) if named else server(project) as url:
        os.environ[API_URL] = url
        print(f"this run can be watched at {without_password(url).removesuffix('/api')}", file=sys.stderr)
        try:
            yield
        finally:
            _deliver()


def _deliver() -> None:
    """Send what Prefect still keeps of log lines and states, while there is a server to take it."""
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    APILogWorker.drain_all(timeout=_DELIVERY_S, at_exit=False)
    EventsWorker.drain_all(timeout=_DELIVERY_S, at_exit=False)


if __name__ == "__main__":
    sys.exit(main())
