import tempfile
from pathlib import Path

import pytest

from flows.machine import check_machine
from litesmith.errors import MachineError
from litesmith.params.sections.retrain import RetrainParams


def _params(**changed: float) -> RetrainParams:
    return RetrainParams(
        **{
            "min_disk_gb": 0.0,
            "min_memory_gb": 0.0,
            "reach_s": 1.0,
            "stage_limit_s": 1.0,
            "max_archived": 3,
            **changed,
        }
    )


def test_a_machine_without_a_place_for_temporary_files_is_told_what_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def _none() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr(tempfile, "gettempdir", _none)
    with pytest.raises(
        MachineError, match=r"No usable temporary directory found in \['/tmp'\]\. Set TMPDIR"
    ):
        check_machine(_params(), tmp_path)


def test_enough_is_enough(tmp_path: Path) -> None:
    check_machine(_params(), tmp_path)


def test_too_little_disk_is_said_with_both_numbers(tmp_path: Path) -> None:
    with pytest.raises(
        MachineError, match=r"[\d.]+ GB of disk are free and 1e\+09 GB are needed .*retrain.min_disk_gb"
    ):
        check_machine(_params(min_disk_gb=1e9), tmp_path)


def test_too_little_memory_is_said_with_both_numbers(tmp_path: Path) -> None:
    with pytest.raises(
        MachineError, match=r"GB of memory are free and 1e\+09 GB are needed .*retrain.min_memory_gb"
    ):
        check_machine(_params(min_memory_gb=1e9), tmp_path)
