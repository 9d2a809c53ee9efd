from pathlib import Path

import numpy as np
import pytest

from litesmith.files import read_json, read_yaml, write_text, yaml_text
from litesmith.params.loading import overlaid
from tests.tasks.steps.training_workspace import in_small_workspace

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parents[2]


def test_each_file_is_compared_with_the_network_that_it_was_made_from() -> None:
    from benchmarks.rounding import _lost

    labels = np.zeros(4, np.uint8)
    answers = [
        {"qat": np.array([0, 0, 0, 1]), "qat-int8": np.array([0, 0, 1, 1])},
        {"qat": labels, "qat-int8": labels},
    ]
    lost = _lost(labels, "qat", answers)
    assert (lost["accuracy"], lost["int8_accuracy"]) == ([0.75, 1.0], [0.5, 1.0])
    assert (lost["loss"], lost["mean_loss"]) == ([0.25, 0.0], 0.125)


def test_a_small_run_trains_once_and_bounds_both_networks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from benchmarks import rounding

    in_small_workspace(tmp_path, monkeypatch)
    small = {"epochs": 2, "batch_size": 32, "refresh_rows": 60}
    content = read_yaml(PROJECT / "benchmarks/rounding.yaml")
    network = {"stem_width": 4, "stage_widths": [8], "stage_blocks": [1]}
    overlay = {"seeds": [1], "network": network, "recipe": small, "tuning": small, "num_calibration": 30}
    write_text(tmp_path / "rounding.yaml", yaml_text(overlaid(content, overlay)))
    monkeypatch.setattr(rounding, "CONFIG", tmp_path / "rounding.yaml")
    rounding.main()
    first = read_json(rounding.RESULT)
    assert [claim["must"] for claim in first["claims"]] == [0.002, 0.001]
    assert [claim["measured"] for claim in first["claims"]] == [
        first["networks"][name]["mean_loss"] for name in ("tuned", "qat")
    ]
    monkeypatch.setattr(rounding, "_trained", lambda *_: pytest.fail("trained again"))
    rounding.main()
    assert read_json(rounding.RESULT)["networks"] == first["networks"]
