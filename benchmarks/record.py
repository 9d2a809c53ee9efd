"""Write what a benchmark measured, with the host and the versions it was measured with."""

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from litesmith.files import write_json
from litesmith.host import describe_host

_PACKAGES = ("tensorflow", "tf-keras", "tensorflow-model-optimization", "ai-edge-litert", "optuna", "numpy")


def installed() -> dict[str, str]:
    """Return the versions of the packages that decide numbers."""
    return {name: version(name) for name in _PACKAGES}


def write_result(path: Path, measured: Mapping[str, Any]) -> None:
    """Write ``measured`` as JSON, host and versions beside it."""
    write_json(path, {**measured, "host": describe_host(), "versions": installed()})
