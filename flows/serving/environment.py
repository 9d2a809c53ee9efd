"""The settings of Prefect's processes."""

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from litesmith.errors import MachineError
from litesmith.imports import without_grammars

HOME = Path(".litesmith/prefect")
HOST = "127.0.0.1"

API_URL = "PREFECT_API_URL"

_LEASE_STORAGE = "prefect.server.concurrency.lease_storage"

# Settings of the user that our own server leaves as they are: for logging, polling by a worker, and
# timeouts. All others (credentials, addresses, a database, paths, services that are off) are meant for
# another server, and some of them alone make ours refuse its own run.
_ALLOWED = ("PREFECT_LOGGING_", "PREFECT_WORKER_", "PREFECT_API_REQUEST_TIMEOUT")


def prefect_environment(project: Path) -> dict[str, str]:
    """Return the settings of every Prefect process of the project."""
    return {
        "PREFECT_HOME": str(project / HOME),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
        "DO_NOT_TRACK": "1",
        # No proxy for this machine. Python reads the lower-case name first where both are set.
        **{name: _with_host(os.environ.get(name, "")) for name in ("NO_PROXY", "no_proxy")},
        "PREFECT_LOGGING_CONFIG_PATH": str(Path(__file__).with_name("logging.yml")),
    }


def own_environment(project: Path, url: str | None = None) -> dict[str, str]:
    """Return the whole environment of the processes of our own server.

    Args:
        project: The project's folder.
        url: The address of the server's API, once known.
    """
    allowed = {name: value for name, value in os.environ.items() if not _is_foreign(name)}
    own = {
        # A profile of the user, or a file .env or prefect.toml in the project, may name another server.
        "PREFECT_PROFILES_PATH": str(project / HOME / "profiles.toml"),
        # The server has no tokens: it answers a request for one with an error.
        "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED": "false",
        "PREFECT_API_ENABLE_HTTP2": "false",
        # In files: a server that was killed and started again still knows a deployment's active run.
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": f"{_LEASE_STORAGE}.filesystem",
    }
    return {**allowed, **prefect_environment(project), **own, **({API_URL: url} if url else {})}


def use_own_environment(project: Path) -> None:
    """Apply the settings of our own server to this process."""
    own = own_environment(project)
    for name in os.environ.keys() - own.keys():
        del os.environ[name]
    os.environ.update(own)


def use_named_environment(project: Path, url: str) -> None:
    """Apply the project's settings, but for those that the user set."""
    chosen = {name.upper() for name in os.environ if name.upper().startswith("PREFECT_")}
    settings = prefect_environment(project)
    os.environ.update({name: settings[name] for name in settings.keys() - chosen} | {API_URL: url})


def named_server(environment: Mapping[str, str]) -> str | None:
    """Return the address of the API that an environment names.

    Spaces around it, a slash at its end, a scheme in capitals and a missing ``/api`` are corrected.

    Raises:
        MachineError: It is not the address of an API.
    """
    given = environment.get(API_URL, "").strip()
    if not given:
        return None
    try:
        parts = urlsplit(given)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # the port is no number, or out of range
        usable = False
    if not usable or any(letter.isspace() for letter in given):
        raise MachineError(
            f"{API_URL} is {without_password(given)!r}, which is not the address of a Prefect server's "
            f"API. Write it as http://HOST:PORT/api, for example http://{HOST}:4200/api, or unset it: "
            "the run then starts a server of its own."
        )
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/") or "/api", "", ""))


def check_settings() -> None:
    """Import Prefect, which reads its settings as it is imported.

    Raises:
        MachineError: A setting cannot be read.
    """
    try:
        with without_grammars():
            import prefect.main  # noqa: F401
    except ValueError as error:
        names = _refused_settings(error)
        here = f" (here {', '.join(names)})" if names else ""
        raise MachineError(
            f"Prefect's settings cannot be read: {error}\nThey stand in variables PREFECT_* of the "
            f"environment{here} and in .env, prefect.toml and pyproject.toml of the current folder: "
            "correct the one that is named, or remove it."
        ) from error


def _refused_settings(error: ValueError) -> list[str]:
    """Return the settings of the environment that Prefect refused."""
    from pydantic import ValidationError

    details = error.errors() if isinstance(error, ValidationError) else []
    values = {str(detail["input"]) for detail in details}
    named = (name for name in os.environ if name.upper().startswith("PREFECT_"))
    return sorted(name for name in named if os.environ[name] in values)


def without_password(url: str) -> str:
    """Return an address without user name and password."""
    scheme, separator, rest = url.rpartition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{path}"


def _is_foreign(name: str) -> bool:
    """Tell whether a variable is a setting for another server."""
    name = name.upper()
    # Platforms set WEB_CONCURRENCY for their own programs. With it Prefect's server does not start.
    is_set_for_prefect = name.startswith("PREFECT_") and not name.startswith(_ALLOWED)
    return name == "WEB_CONCURRENCY" or is_set_for_prefect


def _with_host(hosts: str) -> str:
    """Return the hosts without a proxy, with this machine."""
    return ",".join(dict.fromkeys([*filter(None, hosts.split(",")), HOST]))
