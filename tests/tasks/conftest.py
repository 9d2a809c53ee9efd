from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from litesmith.data.splits import Split, write_split
from litesmith.files import read_yaml
from litesmith.params.everything import Params
from litesmith.params.loading import overlaid, parse_params
from litesmith.records.record import write_record
from tasks import catalog
from tests.litesmith.make_tiny import images, network, tiny_form, trained


def tiny_split(num_images: int, seed: int) -> Split:
    """Return tiny labelled images whose ids are not their rows."""
    drawn, labels = images(num_images, seed)
    return Split(drawn, labels, np.arange(1000, 1000 + num_images))


def tiny_models(folder: Path) -> None:
    """Write an untrained baseline, a trained network, and the same without the smaller half of a layer's weights."""
    from litesmith.training.backend import save_h5

    save_h5(network(width=4), folder / catalog.BASELINE_MODEL)
    model = trained()
    save_h5(model, folder / catalog.TUNED_MODEL)
    save_h5(model, folder / catalog.QUANTIZED / "clustered.h5")
    kernel, bias = model.get_layer("dense_1").get_weights()
    kernel[np.abs(kernel) < np.median(np.abs(kernel))] = 0
    model.get_layer("dense_1").set_weights([kernel, bias])
    save_h5(model, folder / catalog.PRUNED_MODEL)


def tiny_params(overlay: dict[str, Any]) -> Params:
    """Return the project's parameters for tiny images, changed by ``overlay``."""
    content = read_yaml(Path(__file__).parents[2] / catalog.PARAMS)
    tiny = {
        "convert": {"num_calibration": 60, "num_golden": 12},
        "evaluate": {"measure": [], "latency_warmup": 1, "latency_rounds": 2, "latency_runs": 3},
    }
    return parse_params(overlaid(overlaid(content, tiny), overlay), Path(__file__).parents[2])


@pytest.fixture(scope="session")
def tiny_workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Make a workspace with tiny splits and models, converted; the current folder while a test runs is another."""
    import litesmith.training.backend
    from tasks.steps.convert import Ins, Outs, convert

    root = tmp_path_factory.mktemp("tiny")
    for path, num_images, seed in (
        (catalog.TRAIN, 90, 1),
        (catalog.VALIDATION, 300, 2),
        (catalog.TEST, 60, 3),
        (catalog.GATE, 45, 4),
    ):
        write_split(root / path, tiny_split(num_images, seed))
    write_record(root / catalog.FORM, tiny_form(8))
    tiny_models(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        # the number of threads is one for a process, and other tests have computed in this one
        patch.setattr(litesmith.training.backend, "set_threads", lambda _: None)
        convert.function(ins=Ins(), outs=Outs(), **convert.arguments(tiny_params({})))
    yield root
