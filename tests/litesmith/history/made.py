"""Records of runs, for tests of what is told from them."""

import json
from typing import Any

from litesmith.history.runs import Run
from litesmith.records.record import parse_record
from litesmith.records.run import RunRecord
from tests.flows.run_content import run_content, stage_content

HOST = "AMD EPYC, 2 cores, Linux, Python 3.11"


def result_content(
    accuracy: float,
    *,
    num_bytes: int = 70_000,
    latency_ms: float = 0.04,
    host: str = HOST,
    file: str = "f" * 64,
    data: str = "data",
    parameters: str = "parameters",
    deciding: str | None = "deciding",
) -> dict[str, Any]:
    """Return the result of a run as version 7 records it."""
    return {
        "final": "tuned-int8", "accuracy": accuracy, "accuracy_interval": [accuracy - 0.005, accuracy + 0.005],
        "balance": None, "worst_class": None, "bytes": num_bytes, "gzip_bytes": 50_000,
        "verdict": {"outcome": "good", "sentence": "Promote tuned-int8: it is better."}, "since_reference": None,
        "gate": {"dataset": "digits", "device": "wearable", "outcome": "promote", "file_sha256": file,
                 "accuracy": accuracy - 0.01, "num_images": 5000, "images_sha256": "a" * 64},
        "cost": {"macs": 700_000, "latency_ms": latency_ms, "host": host},
        "conditions": {"test": "test", "data": data, "parameters": parameters, "deciding": deciding},
    }  # fmt: skip


def night(day: int, accuracy: float | None, page: str | None = None, **more: Any) -> Run:
    """Return the run of a night in November; each has another file unless ``file`` names one."""
    changed = {
        name: more.pop(name) for name in ("started", "stages", "error", "refused") if name in more
    }
    ran = {"evaluate": stage_content("Completed", 3.0)}
    made = {"file": f"{day:064d}", **more}
    content = run_content(
        f"2026-11-{day:02d}T02:30:00+00:00",
        stages=ran,
        result=None if accuracy is None else result_content(accuracy, **made),
    )
    record = parse_record(json.dumps({**content, **changed}), RunRecord, "the record")
    return Run(f"202611{day:02d}T023000Z-cat", record, page)
