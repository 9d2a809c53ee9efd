"""The content of a run's record, for tests that need some."""

from typing import Any


def run_content(started: str, **changed: Any) -> dict[str, Any]:
    """Return the record of a run without a stage, with some fields changed."""
    return {
        "version": 7, "flow_run": "an-id", "name": "cat", "profile": None,
        "command": "python -m flows retrain",
        "git": {"revision": "0123456789abcdef", "dirty": False, "unknown": None}, "started": started,
        "startup_s": 5.0, "wall_s": 2.0, "steps_wall_s": 1.0, "overhead_s": 1.0, "steps_cpu_s": 1.0,
        "cpu_s": 3.0, "server_cpu_s": None, "stages": {}, "error": None, "refused": False,
        "synthetic": False, "result": None, **changed,
    }  # fmt: skip


def stage_content(outcome: str, step_wall_s: float | None = None) -> dict[str, Any]:
    """Return the record of a stage."""
    return {"outcome": outcome, "wall_s": 1.0, "step_wall_s": step_wall_s, "step_cpu_s": step_wall_s}
