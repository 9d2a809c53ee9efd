"""Rendering the report: the step `report` as its own process, five times, from the results on disk.

    python -m benchmarks.render

The workspace itself is not touched: the step runs, without DVC, on a copy of its inputs. Its outputs are
compared byte by byte with those of the first time. `make run` writes the inputs, or `dvc pull` where
there is a remote.
"""

import hashlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.record import Claim, write_result
from litesmith.host import cpu_seconds
from tasks import catalog
from tasks.steps.report import report
from tasks.workspace import make_workspace

RESULT = Path("benchmarks/results/render.json")
ROUNDS = 5
OUTPUTS = (catalog.REPORT, catalog.SUMMARY, catalog.MODEL_CARD)
MOST_S = 6.0
MOST_BYTES = 1_000_000


def main() -> None:
    """Measure and write the result."""
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="litesmith-") as name:
        folder = copied(Path(name), Path.cwd())
        rounds = [rendered(folder) for _ in range(ROUNDS)]
    measured = {
        "command": "python -m benchmarks.render",
        "load_before": round(load, 2),
        **{name: [each[name] for each in rounds] for name in ("wall_s", "cpu_s", "page_bytes")},
        "sha256": rounds[0]["sha256"],
    }
    write_result(RESULT, measured, claims(rounds, load))


def claims(rounds: Sequence[dict[str, Any]], load: float) -> list[Claim]:
    """Return the claims about the rounds; ``load`` is the system's load before the first."""
    wall_s, spent = (statistics.median(each[name] for each in rounds) for name in ("wall_s", "cpu_s"))
    same = statistics.mean(each["sha256"] == rounds[0]["sha256"] for each in rounds)
    note = f"median of {len(rounds)}; load {load:.1f} as it began, {spent:.1f} CPU-seconds"
    return [
        Claim("the step `report`, imports included", "s", wall_s, MOST_S, True, note=note),
        Claim("the page", "bytes", max(each["page_bytes"] for each in rounds), MOST_BYTES, True),
        Claim("renderings that are the same bytes as the first", "share", same, 1.0, False),
    ]


def copied(folder: Path, project: Path) -> Path:
    """Create a workspace in ``folder`` with the inputs of the step."""
    make_workspace(folder, project)
    for port in report.ins:
        if (folder / port.path).exists():  # what the workspace shares with the project
            continue
        (folder / port.path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(project / port.path, folder / port.path)
    return folder


def rendered(folder: Path) -> dict[str, Any]:
    """Run the step once; return its cost, with the start of Python, and the hashes of its outputs."""
    spent, began = cpu_seconds(), time.perf_counter()
    subprocess.run([sys.executable, "-m", "tasks", "run", report.name], cwd=folder, check=True)
    wall_s, cpu = time.perf_counter() - began, cpu_seconds() - spent
    contents = {path.as_posix(): (folder / path).read_bytes() for path in OUTPUTS}
    return {
        "wall_s": round(wall_s, 2),
        "cpu_s": round(cpu, 2),
        "page_bytes": len(contents[catalog.REPORT.as_posix()]),
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()},
    }


if __name__ == "__main__":
    main()
