"""Name the machine that a measurement was made on."""

import os
import platform
from pathlib import Path


def describe_host() -> dict[str, str | int | None]:
    """Return system, processor, number of cores and Python version of this machine."""
    return {
        "system": platform.platform(terse=True),
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }


def _cpu_name() -> str:
    """Return the processor's model as the system names it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
