import shutil
from pathlib import Path

from flows.command import _summary
from litesmith.files import write_json

ROOT = Path(__file__).parents[2]


def test_the_last_line_says_what_the_run_took_and_what_starting_prefect_did(tmp_path: Path) -> None:
    shutil.copy(ROOT / "params.yaml", tmp_path)
    record = tmp_path / "run.json"
    write_json(record, {"wall_s": 754.2, "overhead_s": 12.3, "startup_s": 26.4})
    assert _summary(tmp_path, record)[-2:] == [
        f"run:    {record.resolve()}",
        "took:   12 min 34 s, 12 s of it around the steps; 26 s before, to start Prefect",
    ]
