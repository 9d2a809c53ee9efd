import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from litesmith.data.splits import Split, write_split
from litesmith.params.sections.recipe import Distillation
from litesmith.search.trial import TrialJob, TrialResult, append_result, read_results, run_trial
from litesmith.training.distillation import write_targets
from tests.litesmith import make_tiny, small

SPEC = small.NETWORK.replace(stage_blocks=(0,), dropout_rate=0.1)
RECIPE = small.RECIPE.replace(skip_share=0.5, skip_until=0.8, averaging_share=0.01, refresh_rows=60)


def test_results_survive_the_log_and_an_unfinished_line(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    first, second = TrialResult(0, 0, 0.8, 0.5, 1.5), TrialResult(1, 0, 0.9, 0.4, 1.6)
    append_result(log, first)
    with log.open("a") as file:
        file.write('{"number": 1, "rung": 0, "accu')
    append_result(log, second)
    assert read_results(log) == {(0, 0): first, (1, 0): second}


def test_no_log_holds_no_results(tmp_path: Path) -> None:
    assert read_results(tmp_path / "none.jsonl") == {}


@pytest.mark.slow
def test_a_trial_gives_the_same_in_any_process_and_after_any_other(tmp_path: Path) -> None:
    for name, seed in (("train", 1), ("validation", 2)):
        images, labels = make_tiny.images(120, seed)
        write_split(tmp_path / name, Split(images, labels, np.arange(120)))
    log = tmp_path / "log.jsonl"
    answers = np.zeros((1, 120, 3), np.float16)
    for name, seeds in (("none", []), ("targets", [8])):
        write_targets(tmp_path / name, answers[: len(seeds)], RECIPE.augmentation, seeds)
    train, validation, targets = (tmp_path / name for name in ("train", "validation", "none"))
    distillation = Distillation(weight=0.9, temperature=2.0)
    job = TrialJob(
        0, 0, SPEC, RECIPE, 90, 5, 6, 1, train, validation, small.FORM, targets, distillation, log
    )
    distilled = replace(job, number=3, targets=tmp_path / "targets")
    jobs = [job, replace(job, number=1, seed=7), replace(job, number=2), distilled]
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        results = list(pool.map(run_trial, jobs))
    assert (results[0].accuracy, results[0].loss) == (results[2].accuracy, results[2].loss)
    assert results[0].loss != results[1].loss
    assert results[0].loss != results[3].loss
    assert results[0].accuracy > 0.5
    assert results[0].cpu_s > 0
    assert list(read_results(log).values()) == results
